"""The results of `make doctor`, and when `make cluster` would fail."""

from pathlib import Path

import pytest

from cluster import debian, doctor, registry
from cluster.doctor import Check
from cluster.engine import Engine


def test_the_exit_code_is_1_for_missing_things_and_0_for_warnings(capsys):
    ok, warning = Check("a", "ok", ""), Check("b", "warning", "", "fix")
    assert doctor.report([ok, warning]) == 0
    assert "Warnings: 1." in capsys.readouterr().out
    assert doctor.report([ok, warning, Check("c", "missing", "", "fix")]) == 1
    assert "`make cluster` would fail" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 10), "missing"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "missing")],
)
def test_python_3_11_to_3_13(version, state):
    assert doctor.python(version).state == state


def test_building_from_source_without_root_is_missing(monkeypatch):
    monkeypatch.delenv("IMAGES", raising=False)
    monkeypatch.setattr(registry, "reachable", lambda: {"docker.io": True, "quay.io": False})
    monkeypatch.setattr(debian, "can_install", lambda: False)
    check = doctor.registries("built")
    assert check.state == "missing"
    assert check.found == (
        "built from source, because quay.io can't be reached; that needs root on Debian or Ubuntu"
    )


def test_a_source_build_needs_more_disk_space_than_pulled_images():
    assert doctor.disk("built", free=12.0).state == "warning"
    assert doctor.disk("pulled", free=12.0).state == "ok"


def test_the_fix_raises_only_the_inotify_limits_that_are_low():
    check = doctor.inotify({"max_user_instances": 128, "max_user_watches": 1048576})
    assert check.found == "max_user_instances is 128, not 512"
    assert check.fix == "sudo sysctl -w fs.inotify.max_user_instances=512"


def test_ports_may_be_used_by_the_cluster_but_not_by_other_programs():
    assert doctor.ports([30080], by_cluster=True).state == "ok"
    check = doctor.ports([30080, 30082], by_cluster=False)
    assert check.state == "missing"
    assert check.found == "30080, 30082 on 127.0.0.1 used by another program"
    assert "sport = :30080" in check.fix


def test_a_stopped_node_is_reported():
    assert doctor.cluster(["running", "exited", "running"]).found == (
        "kubernetes-observed, 2 of 3 nodes running"
    )


def test_a_missing_capability_is_a_warning_only_in_a_users_engine():
    assert doctor.capabilities(True, Engine({}, owned=True)).state == "ok"
    assert doctor.capabilities(True, Engine({}, owned=False)).state == "warning"
    assert doctor.capabilities(True, None).state == "ok"


def test_every_problem_has_a_fix(monkeypatch):
    monkeypatch.setattr(debian, "can_install", lambda: False)
    for check in (
        doctor.python((3, 10)),
        doctor.disk("built", 1.0),
        doctor.memory("built", 1.0),
        doctor.inotify({"max_user_instances": 1, "max_user_watches": 1}),
        doctor.capabilities(True, Engine({}, owned=False)),
        doctor.ports([30080], by_cluster=False),
        doctor.browser(None),
        doctor.cluster(["exited"]),
    ):
        assert check.state != "ok", check
        assert check.fix, check


def test_a_free_port_is_not_taken():
    assert not doctor.is_taken(0)


def test_versions_of_python_are_those_in_pyproject():
    pyproject = Path(doctor.__file__).parents[1] / "pyproject.toml"
    assert 'requires-python = ">=3.11,<3.14"' in pyproject.read_text()
