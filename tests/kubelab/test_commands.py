"""Commands in containers, and how their failures read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import yaml
from kubernetes.client.exceptions import ApiException

from kubelab.commands import CommandFailed, exit_code
from tests.kubelab.scripted import ScriptedStore, backing_off, ended, handle, pod, running


class Session:
    """A session of the client that is over, with the status that the API server sent last."""

    def __init__(self, status: dict | None, is_open: bool = False) -> None:
        self._status, self._is_open, self.closed = status, is_open, False

    def is_open(self) -> bool:
        return self._is_open

    def close(self) -> None:
        self.closed = True

    def read_channel(self, channel: int) -> str:
        assert channel == 3
        return yaml.safe_dump(self._status) if self._status else ""


def code_of(session: Session) -> int:
    return exit_code(session, "p", "worker", ["sleep", "9 9"], 120)


def test_the_exit_code_of_a_command():
    assert code_of(Session({"status": "Success"})) == 0
    causes = [{"reason": "ExitCode", "message": "3"}]
    failed = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}
    assert code_of(Session(failed)) == 3


def test_a_command_that_the_image_lacks():
    message = (
        "Internal error occurred: Internal error occurred: error executing command in container: "
        'failed to exec in container: failed to start exec "a1": OCI runtime exec failed: exec '
        'failed: unable to start container process: exec: "sleep": executable file not found in '
        "$PATH: unknown"
    )
    status = {"status": "Failure", "reason": "InternalError", "message": message, "code": 500}
    with pytest.raises(CommandFailed) as failure:
        code_of(Session(status | {"details": {"causes": [{"message": message}]}}))
    assert str(failure.value) == (
        "container worker of Pod p has no command `sleep`\n"
        "  Next: use a command of the container's image, or a container whose image has it"
    )
    assert failure.value._render_traceback_() == [f"CommandFailed: {failure.value}"]


def test_a_command_that_did_not_start_for_another_reason():
    status = {"status": "Failure", "reason": "InternalError", "message": "task not found"}
    with pytest.raises(CommandFailed) as failure:
        code_of(Session(status))
    assert str(failure.value) == (
        "`sleep '9 9'` did not start in container worker of Pod p: task not found"
    )


def test_a_command_that_does_not_end():
    session = Session(None, is_open=True)
    with pytest.raises(CommandFailed) as failure:
        code_of(session)
    assert str(failure.value) == (
        "`sleep '9 9'` did not end within 120 s in container worker of Pod p\n"
        "  Next: run a command that ends, or one that has less to do"
    )
    assert session.closed


def test_a_connection_that_ends_before_the_command():
    with pytest.raises(CommandFailed) as failure:
        code_of(Session(None))
    assert str(failure.value) == (
        "the connection to container worker of Pod p was closed before `sleep '9 9'` ended\n"
        "  Next: kubectl get pod p tells whether the Pod still runs"
    )


def with_answer(code: int, out: str, err: str):
    answering = handle(ScriptedStore([(0, pod("Running", running(name="a"), running(name="b")))]))
    answering.lab.api = SimpleNamespace(exec=lambda *call: (code, out or str(call[2]), err))
    return answering


def test_exec_runs_in_the_first_container_or_in_the_named_one():
    assert with_answer(0, "", "").exec("ls") == "a"
    assert with_answer(0, "", "").exec("ls", container="b") == "b"


def test_a_failed_command_shows_the_last_lines_that_it_printed():
    err = "\n".join(f"line {number}" for number in range(20))
    with pytest.raises(CommandFailed) as failure:
        with_answer(2, "", err).exec("ls", "/no")
    assert str(failure.value) == (
        "`ls /no` ended with exit code 2 and printed:\n"
        "    … (14 lines before)\n" + "\n".join(f"    line {number}" for number in range(14, 20))
    )
    with pytest.raises(CommandFailed, match=r"^`false` ended with exit code 1, and printed noth"):
        with_answer(1, "\n", "").exec("false")


def test_an_unknown_container_is_answered_with_the_known_ones():
    for call in (
        lambda: with_answer(0, "", "").exec("ls", container="c"),
        lambda: with_answer(0, "", "").logs("c"),
    ):
        with pytest.raises(ValueError) as failure:
            call()
        assert str(failure.value) == "Pod p has no container 'c'; it has a, b"


def test_a_pod_that_has_ended_runs_no_command():
    with pytest.raises(CommandFailed) as failure:
        handle(ScriptedStore([(0, pod("Succeeded", ended(0)))])).exec("ls")
    assert str(failure.value) == (
        "Pod p has ended (phase Succeeded): no command can run in it\n"
        "  Next: run the command while the Pod runs, or read its log with .logs()"
    )


def test_a_container_that_does_not_run_runs_no_command():
    def refuse(*call: object) -> None:
        raise ApiException(0, 'Handshake status 500 …: container not found ("worker")')

    restarting = handle(ScriptedStore([(0, pod("Running", backing_off("10s")))]))
    restarting.lab.api = SimpleNamespace(exec=refuse)
    with pytest.raises(CommandFailed) as failure:
        restarting.exec("ls")
    assert str(failure.value) == (
        "container worker of Pod p does not run: no command can run in it "
        "(phase Running; worker waiting (CrashLoopBackOff))\n"
        "  Next: run the command after .wait(until=running()), or read the log with .logs()"
    )
    assert failure.value.__context__ is None


def test_a_pod_that_is_gone_has_no_commands_and_no_logs():
    informer = ScriptedStore([(0, pod("Running", running())), (1, None)])
    informer.sleep_until_change(9, 2)
    gone = handle(informer)
    for call, what in (
        (lambda: gone.exec("ls"), "no command can run in it"),
        (gone.logs, "its logs are gone with it"),
    ):
        with pytest.raises(CommandFailed) as failure:
            call()
        assert str(failure.value) == (
            f"Pod p is gone: {what}\n  Next: run the cell again that applies it"
        )
