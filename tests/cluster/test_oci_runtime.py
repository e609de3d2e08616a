"""The OCI runtime that removes what a machine without CAP_SYS_RESOURCE refuses."""

import json
import subprocess
import sys

import pytest

from cluster import oci_runtime

GLOBAL_OPTIONS = ["--root", "/run/exec", "--log", "/run/create.json", "--log-format", "json"]


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["create", "--bundle", "/b", "--pid-file", "/p", "c1"], "/b/config.json"),
        (["create", "--bundle=/b", "c1"], "/b/config.json"),
        (["run", "-b", "/b", "c1"], "/b/config.json"),
        (["create", "c1"], "./config.json"),
        (["exec", "--process", "/p.json", "--detach", "c1"], "/p.json"),
        (["exec", "c1", "true"], None),
        (["delete", "--force", "c1"], None),
        (["state", "c1"], None),
    ],
)
def test_edits_only_files_with_capabilities(arguments, file):
    assert oci_runtime.file_to_edit([*GLOBAL_OPTIONS, *arguments]) == file


def test_removes_the_capability_from_every_set_and_keeps_the_others():
    process = {
        "capabilities": {
            "bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"],
            "effective": ["CAP_SYS_RESOURCE", "CAP_SYS_ADMIN"],
            "ambient": [],
        }
    }
    assert oci_runtime.without_refused(process, 20000)["capabilities"] == {
        "bounding": ["CAP_CHOWN"],
        "effective": ["CAP_SYS_ADMIN"],
        "ambient": [],
    }


def test_lowers_the_number_of_open_files_to_the_hard_limit_and_changes_no_other_limit():
    process = {
        "rlimits": [
            {"type": "RLIMIT_NOFILE", "hard": 1048576, "soft": 1024},
            {"type": "RLIMIT_CORE", "hard": 1048576, "soft": 1048576},
        ]
    }
    assert oci_runtime.without_refused(process, 20000)["rlimits"] == [
        {"type": "RLIMIT_NOFILE", "hard": 20000, "soft": 1024},
        {"type": "RLIMIT_CORE", "hard": 1048576, "soft": 1048576},
    ]


@pytest.mark.parametrize("process", [{}, {"capabilities": None, "rlimits": None}])
def test_a_process_without_capabilities_and_limits_stays_the_same(process):
    assert oci_runtime.without_refused(dict(process), 20000) == process


def test_edits_the_bundle_and_runs_runc(tmp_path, command):
    command("runc", 'echo "$@"')
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {"process": {"capabilities": {"bounding": ["CAP_SYS_RESOURCE"]}}, "hostname": "é"}
        )
    )
    called = subprocess.run(
        [sys.executable, "-I", "-S", oci_runtime.__file__, "create", "--bundle", tmp_path, "c1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert called.stdout == f"create --bundle {tmp_path} c1\n"
    assert json.loads(config.read_text()) == {
        "process": {"capabilities": {"bounding": []}},
        "hostname": "é",
    }
