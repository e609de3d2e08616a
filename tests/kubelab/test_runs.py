import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubelab import runs


class FakeApi:
    """Namespaces by name: the run that they belong to."""

    def __init__(self, namespaces: dict[str, str]) -> None:
        self.namespaces = namespaces
        self.without_jobs: list[str] = []

    def request(self, method: str, path: str, labelSelector: str = "", **options: str) -> dict:
        if method == "delete" and path.endswith("/jobs"):
            self.without_jobs.append(path.split("/")[-2])
            return {}
        if method == "delete":
            name = path.rsplit("/", 1)[1]
            assert name in self.without_jobs, "its Jobs go before it"
            del self.namespaces[name]
            return {}
        run = labelSelector.split("=")[1]
        names = [name for name, owner in self.namespaces.items() if owner == run]
        return {"items": [{"metadata": {"name": name}} for name in names]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(runs, "RUNS", tmp_path)
    monkeypatch.setattr(runs, "_lock", None)
    monkeypatch.setenv("KUBELAB_RUN", "this-run")
    yield tmp_path
    if runs._lock:
        runs._lock.close()


HOLD_LOCK = """
import fcntl, sys
with open(sys.argv[1], "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_SH)
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_process_joins_the_run_that_the_tests_named():
    assert runs.join() == "this-run"


def test_what_a_dead_run_left_is_removed_and_its_file_in_the_end_too(folder: Path):
    (folder / "dead").touch()
    api = FakeApi({"lab-1": "dead", "lab-2": "somewhere-else"})
    assert runs.remove_leftovers(api) == ["lab-1"]
    assert api.namespaces == {"lab-2": "somewhere-else"}
    assert runs.remove_leftovers(api) == []
    assert list(folder.iterdir()) == []


def test_a_live_session_keeps_its_namespace_until_it_is_killed(folder: Path):
    command = [sys.executable, "-c", HOLD_LOCK, str(folder / "live")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert runs.remove_leftovers(FakeApi({"lab-1": "live"})) == []
        other.kill()
    assert runs.remove_leftovers(FakeApi({"lab-1": "live"})) == ["lab-1"]


def test_a_run_does_not_take_its_own_namespaces_for_leftovers():
    runs.join()
    assert runs.remove_leftovers(FakeApi({"lab-1": "this-run"})) == []


def test_a_namespace_that_is_going_is_not_deleted_twice():
    going = {"metadata": {"name": "lab-1", "deletionTimestamp": "…"}}
    assert runs.delete(FakeApi({}), [going]) == []
