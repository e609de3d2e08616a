"""The calls of `claim("name", "Sentence", …)` in labs, read without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbclaims import labs
from nbclaims.record import NAME, anchor


@dataclass(frozen=True)
class ClaimCall:
    """A call of `claim` in Python code, with its name and sentence."""

    name: str
    sentence: str
    node: ast.Call

    @property
    def because(self) -> str:
        """The reason, as far as it is written as a literal string."""
        reasons = (one.value for one in self.node.keywords if one.arg == "because")
        return next((str(r.value) for r in reasons if isinstance(r, ast.Constant)), "")


@dataclass(frozen=True)
class ClaimSite:
    """A claim's name and sentence, and where a lab makes it.

    Attributes:
        page: the lab's page in the book, a Sphinx document name: `labs/x/x`.
        cell: the index of the cell in the lab's notebook, from 0, as Jupyter counts.
    """

    name: str
    sentence: str
    page: str
    cell: int

    @property
    def anchor(self) -> str:
        """The id of the claim's place on the lab's page."""
        return anchor(self.name)

    def __str__(self) -> str:
        return f"{self.page}.ipynb, cell {self.cell}"


class UnreadableClaim(ValueError):
    """A call of `claim` whose name or sentence can't be read; the text says how to write it."""


class UnreadableLab(ValueError):
    """A lab's cell from which no claim can be read: the text says where, and how to write it."""


def calls(code: ast.AST) -> Iterator[ClaimCall]:
    """Yield the calls of `claim` in a piece of code.

    Raises:
        UnreadableClaim: a name or sentence isn't literal, or a link can't contain the name.
    """
    for node in ast.walk(code):
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", None) == "claim"):
            continue
        match node.args:
            case [ast.Constant(value=str(name)), ast.Constant(value=str(sentence)), *_]:
                if not NAME.fullmatch(name):
                    raise UnreadableClaim(
                        f"line {node.lineno}: a link can't contain the claim's name {name!r}: "
                        "write lowercase words joined by hyphens, like `exit-0-is-left-alone`."
                    )
                yield ClaimCall(name, sentence, node)
            case _:
                raise UnreadableClaim(
                    f"line {node.lineno}: a claim's name and sentence must be two literal strings, "
                    'claim("name", "Sentence", ...): the book reads them without running the lab.'
                )


def in_labs(root: Path) -> Iterator[ClaimSite]:
    """Yield every claim that a lab of the book at `root` makes, in the order of reading.

    Raises:
        UnreadableLab: a cell isn't plain Python, or a claim in it can't be read.
    """
    import nbformat  # labs.py says why it is imported here

    for source in labs.sources(root):
        page = labs.page_of(root, source)
        notebook = nbformat.read(labs.notebook_of(source), as_version=4)
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                yield from _in_cell(cell.source, page, index)


def _in_cell(source: str, page: str, index: int) -> Iterator[ClaimSite]:
    where = f"{page}.ipynb, cell {index}"
    try:
        for call in calls(ast.parse(source)):
            yield ClaimSite(call.name, call.sentence, page, index)
    except SyntaxError as error:
        raise UnreadableLab(
            f"{where}: line {error.lineno} is not Python: {error.msg}.\n"
            "Labs are plain Python, without % or ! lines, so that mutants can run single cells."
        ) from error
    except UnreadableClaim as error:
        raise UnreadableLab(f"{where}: {error}") from error
