"""What a cell shows. Outside a notebook nothing is shown."""

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
