"""What a cell shows, and which cell it is. Outside a notebook nothing is shown."""

from __future__ import annotations

import sys
from typing import Any


def in_notebook() -> bool:
    """Return whether a Jupyter kernel runs this code and can show outputs."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def show(bundle: dict[str, Any]) -> None:
    """Display one output in several formats, by MIME type."""
    if in_notebook():
        from IPython.display import display

        display(bundle, raw=True)


def current_cell() -> tuple[str, int] | None:
    """Return the running cell's id and execution number; None outside a notebook."""
    if not in_notebook():
        return None
    from IPython import get_ipython

    shell = get_ipython()
    # JupyterLab sends the cell's id with the request. Other front ends don't, and all their cells
    # get the same id: otherwise nobody could edit a cell there and run it again.
    request = shell.get_parent() or {}
    return str(request.get("metadata", {}).get("cellId", "")), shell.execution_count
