"""The labs' notebooks, generated from their text: `python labs/notebooks.py` writes them.

The `.md` is the source. The `.ipynb` beside it is committed because readers open it by a double
click; it carries no outputs, and its cell ids are positions, so that it changes only with its text.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml

HERE = Path(__file__).resolve().parent


def sources() -> list[Path]:
    """The text of every lab: labs/<lab>/<lab>.md."""
    return sorted(path for path in HERE.glob("*/*.md") if path.stem == path.parent.name)


def read(source: Path) -> nbformat.NotebookNode:
    """A lab's text as a notebook without outputs."""
    notebook = jupytext.read(source, fmt="md:myst")
    kept = {
        key: notebook.metadata[key] for key in ("kernelspec", "kubelab") if key in notebook.metadata
    }
    notebook.metadata = nbformat.from_dict(kept)
    for position, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{position}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def marks(source: Path) -> dict[str, Any]:
    """What a lab's front matter says about it under `kubelab`; nothing, for most labs.

    `slow: true` marks a lab that takes minutes. Read without jupytext, which takes a hundred times
    as long.
    """
    _, front_matter, _ = source.read_text().split("---\n", 2)
    return yaml.safe_load(front_matter).get("kubelab", {})


def left_out() -> list[Path]:
    """Labs that take minutes, without SLOW=1."""
    if os.environ.get("SLOW") == "1":
        return []
    return [source for source in sources() if marks(source).get("slow")]


def to_run() -> list[Path]:
    """The labs that the tests run."""
    slow = left_out()
    return [source for source in sources() if source not in slow]


def as_bytes(source: Path) -> bytes:
    """The notebook file of a lab."""
    return (nbformat.writes(read(source)) + "\n").encode()


def main() -> None:
    for source in sources():
        target = source.with_suffix(".ipynb")
        target.write_bytes(as_bytes(source))
        print(target.relative_to(HERE.parent))


if __name__ == "__main__":
    main()
