"""Hints for the errors of a first session, in the kernels that `make lab` starts.

`write_profile` writes an IPython profile. Its kernels load this file by its path, because a kernel
of another environment has no package kubelab: it imports nothing of the project.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Any

PACKAGES = ("kubelab", "nbclaims")


def hint(error: BaseException) -> str | None:
    """Return what to do about an error; None for an error that needs no hint."""
    if isinstance(error, ModuleNotFoundError):
        if error.name not in PACKAGES:
            return None
        return (
            f"The kernel's Python, {sys.executable}, doesn't have the project's packages.\n"
            "  Next: run make lab, and choose the kernel Python 3 (ipykernel)"
        )
    if type(error) is NameError:  # not an UnboundLocalError, which is a fault of the cell itself
        return (
            "No cell that this kernel has run defines this name.\n"
            "  Next: run the set-up cell at the top first, then the cells down to this one"
        )
    return None


def install(shell: Any) -> None:
    """Let an IPython shell show the hints below its tracebacks."""

    def show(
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType,
        tb_offset: int | None = None,
    ) -> None:
        shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)
        if text := hint(error):
            print(f"\n{text}", file=sys.stderr)

    shell.set_custom_exc((NameError, ModuleNotFoundError), show)


def write_profile(folder: Path) -> None:
    """Write the IPython folder whose kernels show the hints.

    The file that a kernel runs first defines no name, which a lab's cells could use by mistake.
    """
    startup = folder / "profile_default" / "startup" / "hints.py"
    startup.parent.mkdir(parents=True, exist_ok=True)
    source = str(Path(__file__).resolve())
    startup.write_text(f"__import__('runpy').run_path({source!r})['install'](get_ipython())\n")
