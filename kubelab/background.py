"""Requests that a client sends one after another in the background, each with its time."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from kubelab.answers import END_OF_FIELD, END_OF_RECORD, result_of

REPEATED_REQUESTS = """while
    curl --ipv4 --silent --max-time "$2" --write-out "$3" "$1"
    printf '%s\\x1e' "$EPOCHREALTIME"
    read -r -t "$4"
    (($? > 128))
do :; done"""
"""One request after another, each with its time, until stdin is closed, which `read` notices."""


class BackgroundRequests:
    """Requests that go on until `stop`, and for up to about 1,000 of them."""

    def __init__(
        self, command: list[str], env: dict[str, str], answers_as: Callable[[str], bool]
    ) -> None:
        self._answers_as = answers_as
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True)

    def stop(self) -> list[tuple[str, float]]:
        """Stop the requests; return which Pod answered each one, or how it failed, and when."""
        return results_in(self._process.communicate()[0], self._answers_as)


def results_in(output: str, answers_as: Callable[[str], bool]) -> list[tuple[str, float]]:
    """Read what REPEATED_REQUESTS printed: the Pod that answered, or the failure, and when."""
    parts, found = output.split(END_OF_RECORD), []
    for record, at in zip(parts[::2], parts[1::2], strict=False):
        body, code, status, _ = record.rsplit(END_OF_FIELD, 3)
        result, by = result_of(
            int(code), f"HTTP {status}", body, {"refused or unreachable"}, answers_as
        )
        found.append((by or result, float(at)))
    return found
