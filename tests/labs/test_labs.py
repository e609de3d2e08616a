"""Every lab runs from its first cell to its last on the live cluster, and every claim holds."""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import evidence
import notebooks
import pytest
from nbclient.exceptions import DeadKernelError
from pytest_notebook import execution
from traitlets.config import Config

from cluster import paths
from kubelab import ClaimFailed, WaitFailed, connection, runs

CELL_SECONDS = 900
"""No cell may take longer, not even one of a slow lab that waits for the ten-minute reset."""


@pytest.fixture(autouse=True)
def kernels_on_ipc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels that start at the same time race for TCP ports; sockets in the file system don't.

    The sockets lie beside the connection file. Without one they get a relative name, which a kernel
    in the lab's folder doesn't find: "Kernel didn't respond in 60 seconds". pytest's own temporary
    folder has too long a name for a socket.
    """
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        manager = {"transport": "ipc", "connection_file": f"{folder}/kernel.json"}
        client = functools.partial(
            execution.CoverageNotebookClient, config=Config({"KernelManager": manager})
        )
        monkeypatch.setattr(execution, "CoverageNotebookClient", client)
        yield


@pytest.mark.usefixtures("room_for_one_more")
@pytest.mark.parametrize("lab", notebooks.to_run(), ids=lambda source: source.stem)
def test_lab_runs_and_its_claims_hold(lab: Path) -> None:
    run = runs.join()
    # Evidence of an older run would speak for a lab that fails now.
    kept = paths.BUILD / "evidence" / f"{lab.stem}.ipynb"
    kept.unlink(missing_ok=True)
    try:
        result = execution.execute_notebook(
            notebooks.read(lab),
            cwd=str(lab.parent),
            timeout=CELL_SECONDS,
            exec_env={"KUBELAB_RUN": run},
        )
        error, executed = result.exec_error, result.notebook
    except DeadKernelError as dead:
        error, executed = dead, None
    api = connection.cluster().api
    left = runs.namespaces(api, f"{runs.LABEL}={run},kubelab/lab={lab.stem}")
    try:
        if error is None:
            evidence.keep(executed, kept)
            return
        folder = evidence.new_dump(lab.stem)
        if executed is not None:
            evidence.keep(executed, folder / f"{lab.stem}.ipynb")
        for namespace in left:
            evidence.dump(api, namespace["metadata"]["name"], folder)
        pytest.fail(f"{_what_failed(error)}\n\nDump: {os.path.relpath(folder)}", pytrace=False)
    finally:
        runs.delete(api, left)


def _what_failed(error: Exception) -> str:
    """A claim's or a wait's own text first, which says what was seen; else the whole traceback."""
    text = re.sub(r"\x1b\[[\d;]*m", "", str(error))
    name = getattr(error, "ename", type(error).__name__)
    if name in (ClaimFailed.__name__, WaitFailed.__name__):
        cell = text.split("------------------")[1].strip()
        return f"{name}: {error.evalue}\n\nin the cell\n\n{cell}"
    return f"{name}: {text}"
