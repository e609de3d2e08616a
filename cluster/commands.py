"""Run a command, and put the last lines of its output into the error if it fails."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from cluster.errors import CommandError

Argument = str | os.PathLike[str]

RETRY = "make doctor, then run the same command again"
"""The next step after a failure that the machine or the network may have caused."""


def attempt(
    command: Sequence[Argument],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    input: str | None = None,
    stdin: IO[bytes] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command and return its exit code and output."""
    return subprocess.run(
        command, env=env, cwd=cwd, input=input, stdin=stdin, capture_output=True, text=True
    )


def run(
    command: Sequence[Argument],
    problem: str,
    next_step: str = RETRY,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    input: str | None = None,
) -> str:
    """Run a command and return its standard output.

    Args:
        command: The program and its arguments.
        problem: The first line of the error.
        next_step: What the user should do about the error.
        env: The command's environment, if not this process's.
        cwd: The command's working directory.
        input: Text for its standard input.

    Raises:
        CommandError: The command failed; the message ends with its last lines.
    """
    ran = attempt(command, env=env, cwd=cwd, input=input)
    if ran.returncode != 0:
        raise CommandError(f"{problem}:\n{tail(ran.stderr or ran.stdout)}", next_step)
    return ran.stdout


def pipe(
    producer: Sequence[Argument],
    consumer: Sequence[Argument],
    problem: str,
    next_step: str = RETRY,
    *,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run `producer | consumer` and return the consumer's standard output.

    Raises:
        CommandError: One of the commands failed.
    """
    with subprocess.Popen(producer, env=env, stdout=subprocess.PIPE) as source:
        ran = attempt(consumer, env=env, stdin=source.stdout)
    # A consumer need not read to the end: tar archives end with padding.
    if ran.returncode != 0 or source.returncode not in (0, -signal.SIGPIPE):
        raise CommandError(f"{problem}:\n{tail(ran.stderr or ran.stdout)}", next_step)
    return ran.stdout


def tail(output: str, lines: int = 12) -> str:
    """Return the last lines of a command's output, each cut to a length that can be read."""
    return "\n".join(line[:1000] for line in output.strip().splitlines()[-lines:])
