"""What the labs say they prove, read from their notebooks without running them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class ClaimSite:
    """The call of `claim` in a lab: a claim's name and sentence, and where it is made.

    Attributes:
        page: the lab's page in the book, a Sphinx document name: `labs/x/x`.
        cell: the index of the cell in the lab's notebook, from 0, as Jupyter counts.
    """

    name: str
    sentence: str
    page: str
    cell: int

    def __str__(self) -> str:
        return f"{self.page}.ipynb, cell {self.cell}"


class UnreadableLab(ValueError):
    """A lab's cell from which no claim can be read: the text says where, and how to write it."""


def notebooks(root: Path) -> list[Path]:
    """Return the notebooks of the labs in the book at `root`, in the order of their names."""
    return sorted(path for path in root.glob("labs/*/*.ipynb") if path.stem == path.parent.name)


def page_of(root: Path, notebook: Path) -> str:
    """Return the name of the Sphinx document made from a lab's notebook."""
    return notebook.relative_to(root).with_suffix("").as_posix()


def claim_sites(root: Path) -> Iterator[ClaimSite]:
    """Yield every claim that a lab of the book at `root` makes, in the order of reading.

    Raises:
        UnreadableLab: a cell isn't plain Python, or a claim's name or sentence isn't literal.
    """
    for path in notebooks(root):
        page = page_of(root, path)
        for index, cell in enumerate(nbformat.read(path, as_version=4).cells):
            if cell.cell_type == "code":
                yield from _sites_in_cell(cell.source, page, index)


def _sites_in_cell(source: str, page: str, index: int) -> Iterator[ClaimSite]:
    where = f"{page}.ipynb, cell {index}"
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise UnreadableLab(
            f"{where}: line {error.lineno} is no Python: {error.msg}.\n"
            "Labs are plain Python: no % or ! lines, so that mutants can run single cells."
        ) from error
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", None) == "claim"):
            continue
        match node.args:
            case [ast.Constant(value=str(name)), ast.Constant(value=str(sentence)), *_]:
                if not NAME.fullmatch(name):
                    raise UnreadableLab(
                        f"{where}: the claim's name {name!r} is no address: "
                        "write lower-case words joined by hyphens, like `exit-0-is-left-alone`."
                    )
                yield ClaimSite(name, sentence, page, index)
            case _:
                raise UnreadableLab(
                    f"{where}: a claim's name and sentence must be two literal strings, "
                    'claim("name", "Sentence", ...): the book reads them without running the lab.'
                )
