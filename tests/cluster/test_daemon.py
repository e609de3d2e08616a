"""The project's own dockerd: its configuration, and that no other process is stopped."""

import signal
import subprocess
from pathlib import Path

import pytest

from cluster import daemon, host_cleanup
from cluster.errors import CommandError


@pytest.fixture(autouse=True)
def machine_without_snapshot(state, monkeypatch):
    """Leave out the snapshot of the machine, which needs root."""
    monkeypatch.setattr(host_cleanup, "snapshot", lambda: {})
    monkeypatch.setattr(host_cleanup, "restore", lambda before, network_ids: None)


def test_everything_is_below_the_state_folder(state):
    config = daemon.configuration()
    below = f"{state / 'engine'}/"
    assert all(
        config[name].removeprefix("unix://").startswith(below)
        for name in ("data-root", "exec-root", "pidfile")
    )
    assert config["hosts"] == [f"unix://{below}run/docker.sock"]


def test_no_wrapper_where_no_capability_is_missing(monkeypatch):
    monkeypatch.setattr(daemon, "needs_oci_wrapper", lambda: False)
    assert "default-runtime" not in daemon.configuration()


def test_the_wrapper_is_the_default_runtime_where_it_is_needed(monkeypatch):
    monkeypatch.setattr(daemon, "needs_oci_wrapper", lambda: True)
    config = daemon.configuration()
    runtime = config["runtimes"][config["default-runtime"]]
    assert runtime["runtimeArgs"][-1].endswith("cluster/oci_runtime.py")
    assert ".venv" not in runtime["path"]


def test_sockets_move_out_of_a_checkout_with_a_long_path():
    # A socket's path may have 107 bytes, and the longest suffix, one of containerd's, has 37.
    assert daemon._run_directory(Path("/" + 69 * "x")) == Path("/" + 69 * "x") / "run"
    assert daemon._run_directory(Path("/" + 70 * "x")) == Path("/run") / daemon.NAME
    assert daemon._run_directory(Path("/" + 35 * "é")) == Path("/run") / daemon.NAME


def test_the_error_has_the_end_of_the_log_when_the_daemon_exits(command):
    command("dockerd", "seq 1 100; echo 'no space left on device' >&2; exit 3")
    with pytest.raises(CommandError) as raised:
        daemon.start()
    message = str(raised.value)
    assert "The project's Docker engine exited with code 3." in message
    assert "\n100\nno space left on device\n" in message
    assert "\n80\n" not in message
    assert "  Next: make clean" in message


def test_stop_returns_false_when_the_daemon_was_never_started():
    assert daemon.stop() is False


def test_another_process_with_the_id_in_the_pidfile_is_not_stopped():
    with subprocess.Popen(["sleep", "60"]) as other:
        daemon.PIDFILE.write_text(str(other.pid))
        assert daemon.stop() is False
        assert_runs_on(other)
    assert not daemon.PIDFILE.exists()


def test_the_projects_daemon_is_stopped(command):
    command("dockerd", "trap 'kill $!; exit 0' TERM; sleep 60 & echo ready; wait")
    with subprocess.Popen(
        ["dockerd", "--config-file", daemon.CONFIG], stdout=subprocess.PIPE
    ) as dockerd:
        dockerd.stdout.readline()
        daemon.PIDFILE.write_text(str(dockerd.pid))
        assert daemon.stop() is True
        assert dockerd.wait(timeout=5) == 0


def test_processes_that_a_killed_daemon_left_are_killed():
    socket = f"{daemon.RUN}/containerd/containerd.sock"
    with (
        subprocess.Popen(["sh", "-c", "sleep 60; :", "shim", "-address", socket]) as shim,
        subprocess.Popen(["sleep", "60"]) as bystander,
    ):
        daemon.stop()
        assert shim.wait(timeout=5) == -signal.SIGKILL
        assert_runs_on(bystander)


def assert_runs_on(process: subprocess.Popen[bytes]) -> None:
    """Wait a moment for a signal that the process may have been sent, and end it after that."""
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.2)
    process.terminate()


@pytest.mark.parametrize(("bounding", "needed"), [("1fffeffffff", True), ("1ffffffffff", False)])
def test_the_wrapper_is_needed_without_cap_sys_resource(monkeypatch, bounding, needed):
    status = f"Name:\tx\nCapEff:\t000001ffffffffff\nCapBnd:\t00000{bounding}\n"
    monkeypatch.setattr(Path, "read_text", lambda path: status)
    assert daemon.needs_oci_wrapper() is needed
