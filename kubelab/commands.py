"""How a command in a container ended, from what the API server reports of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

import yaml

LAST_LINES = 6
"""How many lines of a failed command's output its error shows: the last ones tell why."""


class CommandFailed(RuntimeError):
    """A command did not run in a container, did not end in time, or ended with an error."""

    def _render_traceback_(self) -> list[str]:
        # IPython calls this instead of printing a traceback, whose frames are kubelab's own.
        return [f"CommandFailed: {self}"]


def exit_code(session: Any, pod: str, container: str, command: Sequence[str], within: float) -> int:
    """Return the exit code of a command whose session is over.

    Args:
        session: the client's, after it has waited for the end.
        pod: the Pod's name.
        container: the container's name.
        command: the command and its arguments.
        within: how long the session has waited, in seconds.

    Raises:
        CommandFailed: the command did not start, or did not end in time.
    """
    from kubernetes.stream.ws_client import ERROR_CHANNEL

    what, where = f"`{shlex.join(command)}`", f"container {container} of Pod {pod}"
    if session.is_open():
        session.close()
        raise CommandFailed(
            f"{what} did not end within {within:g} s in {where}\n"
            "  Next: run a command that ends, or one that has less to do"
        )
    status = yaml.safe_load(session.read_channel(ERROR_CHANNEL) or "null")
    if status is None:
        raise CommandFailed(
            f"the connection to {where} was closed before {what} ended\n"
            f"  Next: kubectl get pod {pod} tells whether the Pod still runs"
        )
    if status["status"] == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or []
    codes = [cause["message"] for cause in causes if cause.get("reason") == "ExitCode"]
    if codes:
        return int(codes[0])
    raise CommandFailed(_not_started(status.get("message", ""), what, where, command[0]))


def _not_started(message: str, what: str, where: str, program: str) -> str:
    if "executable file not found" in message or re.search(r"exec: .*no such file", message):
        return (
            f"{where} has no command `{program}`\n"
            "  Next: use a command of the container's image, or a container whose image has it"
        )
    # The runtime's own words come last, behind those of each component that passed them on.
    return f"{what} did not start in {where}: {message.strip()[-300:]}"


def failure(code: int, command: Sequence[str], output: str) -> CommandFailed:
    """Return the error for a command that ended with an exit code other than 0."""
    lines = output.strip().splitlines()
    shown = "".join(f"\n    {line[:200]}" for line in lines[-LAST_LINES:])
    left_out = f"\n    … ({len(lines) - LAST_LINES} lines before)" * (len(lines) > LAST_LINES)
    return CommandFailed(
        f"`{shlex.join(command)}` ended with exit code {code}"
        + (f" and printed:{left_out}{shown}" if lines else ", and printed nothing")
    )
