"""Executes the notebook of a lab in its own kernel."""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import nbformat
from nbclient.exceptions import DeadKernelError
from pytest_notebook import execution
from traitlets.config import Config

from nbclaims import labs
from nbclaims.claims import ClaimFailed

CELL_SECONDS = 900
"""The most that a cell may take, also in a slow lab."""


@dataclass(frozen=True)
class Execution:
    """What became of a lab's notebook.

    Attributes:
        notebook: the notebook with the outputs of the cells that ran; None if the kernel died.
        error: why it ended early; None if all cells ran.
    """

    notebook: nbformat.NotebookNode | None
    error: Exception | None


def execute(lab: Path, env: Mapping[str, str]) -> Execution:
    """Execute a lab from its first cell to its last, in the lab's folder.

    Args:
        lab: the lab's text.
        env: environment variables for the kernel, besides those of this process.
    """
    with kernels_on_ipc():
        try:
            result = execution.execute_notebook(
                labs.read(lab), cwd=str(lab.parent), timeout=CELL_SECONDS, exec_env=dict(env)
            )
        except DeadKernelError as dead:
            return Execution(None, dead)
    return Execution(result.notebook, result.exec_error)


@contextmanager
def kernels_on_ipc() -> Iterator[None]:
    """Let kernels use Unix sockets: kernels that start at the same time race for TCP ports.

    The sockets lie beside the connection file. Without one they get a relative name, which a kernel
    in the lab's folder doesn't find: "Kernel didn't respond in 60 seconds". The names of pytest's
    temporary folders are too long for a socket.
    """
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        manager = {"transport": "ipc", "connection_file": f"{folder}/kernel.json"}
        client = functools.partial(
            execution.CoverageNotebookClient, config=Config({"KernelManager": manager})
        )
        with mock.patch.object(execution, "CoverageNotebookClient", client):
            yield


def explain(error: Exception, readable: Collection[type[Exception]] = ()) -> str:
    """Return what failed in a notebook, for the terminal.

    Args:
        error: what the run raised.
        readable: errors whose text explains itself, besides ClaimFailed. They come first and
            without a traceback; any other error comes with its whole traceback.
    """
    text = re.sub(r"\x1b\[[\d;]*m", "", str(error))
    name = getattr(error, "ename", type(error).__name__)
    kinds: list[type[Exception]] = [ClaimFailed, *readable]
    if name in {kind.__name__ for kind in kinds}:
        cell = text.split("------------------")[1].strip()
        return f"{name}: {getattr(error, 'evalue', '')}\n\nin the cell\n\n{cell}"
    return f"{name}: {text}"
