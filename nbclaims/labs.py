"""The labs of a book: their list, their text, and the notebooks that are generated from it.

A lab is a folder, `labs/<lab>/`. Its source is `<lab>.md`. `<lab>.ipynb` is generated from it and
committed, because readers open it with a double click. It carries no outputs, and its cell ids are
positions, so that it changes only when its text does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

# jupytext and nbformat are imported where they are used: together they take two seconds, which
# commands that only list what has to run don't need.
if TYPE_CHECKING:
    import nbformat

CODE_CELL = re.compile(
    r"^(?P<fence>`{3,})\{code-cell\}[^\n]*\n"
    r"(?:---\n.*?\n---\n)?(?::[^\n]*\n)*"
    r"(?P<source>.*?)^(?P=fence)[ ]*$",
    re.DOTALL | re.MULTILINE,
)
"""A code cell in a lab's text, with its options."""

CLAIM = re.compile(r"^claim\(", re.MULTILINE)
"""A claim at the beginning of a line of a cell."""


def sources(root: Path) -> list[Path]:
    """Return the text of every lab of the book at `root`: labs/<lab>/<lab>.md."""
    return sorted(path for path in root.glob("labs/*/*.md") if path.stem == path.parent.name)


def notebook_of(source: Path) -> Path:
    """Return the path of the notebook that is generated from a lab's text."""
    return source.with_suffix(".ipynb")


def page_of(root: Path, source: Path) -> str:
    """Return the name of a lab's page in the book, a Sphinx document name: `labs/x/x`."""
    return source.relative_to(root).with_suffix("").as_posix()


def read(source: Path) -> nbformat.NotebookNode:
    """Return a lab's text as a notebook without outputs."""
    import jupytext
    import nbformat

    notebook: nbformat.NotebookNode = jupytext.read(source, fmt="md:myst")
    kept = {
        key: notebook.metadata[key] for key in ("kernelspec", "lab") if key in notebook.metadata
    }
    notebook.metadata = nbformat.from_dict(kept)
    for position, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{position}"
        if cell.cell_type == "code" and CLAIM.search(cell.source):
            # It has the answer to the question before it: JupyterLab and the book show it folded.
            cell.metadata["jupyter"] = {"source_hidden": True}
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_cells(source: Path) -> list[str]:
    """Return the sources of a lab's code cells, without jupytext, which takes ten times as long."""
    text = source.read_text(encoding="utf-8")
    return [cell["source"].strip("\n") for cell in CODE_CELL.finditer(text)]


def front_matter(source: Path) -> dict[str, Any]:
    """Return what a lab's front matter says about it under `lab`; nothing, for most labs.

    `slow: true` marks a lab that takes minutes; `needs` lists what it needs of a cluster. It is
    read without jupytext, which takes a hundred times as long.
    """
    _, text, _ = source.read_text().split("---\n", 2)
    return dict(yaml.safe_load(text).get("lab", {}))


def left_out(root: Path) -> list[Path]:
    """Return the labs that take minutes; none with SLOW=1."""
    if os.environ.get("SLOW") == "1":
        return []
    return [source for source in sources(root) if front_matter(source).get("slow")]


def to_run(root: Path) -> list[Path]:
    """Return the labs that the tests run."""
    slow = left_out(root)
    return [source for source in sources(root) if source not in slow]


def as_bytes(source: Path) -> bytes:
    """Return the content of a lab's notebook file."""
    import nbformat

    text: str = nbformat.writes(read(source))
    return f"{text}\n".encode()


def write_notebooks(root: Path) -> Iterator[Path]:
    """Write the notebook of every lab, and yield its path."""
    for source in sources(root):
        notebook_of(source).write_bytes(as_bytes(source))
        yield notebook_of(source)
