"""The cells that one claim needs: a backward slice of a lab over the names that flow to the claim.

A cell is needed if it binds a name that a needed cell reads before that cell binds it. If several
cells bind a name, only the last one before the reader is needed. A slice doesn't contain effects
that flow through no name, such as a cell that deletes a Pod of another cell.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass

from nbclaims import sites


@dataclass(frozen=True)
class Cell:
    """A cell, or those of its statements that run."""

    position: int
    statements: tuple[ast.stmt, ...]


def parse(sources: Iterable[str]) -> list[Cell]:
    """Return cells from their source text, in order.

    Raises:
        SyntaxError: a cell isn't plain Python; it names the cell.
    """
    return [
        Cell(position, tuple(ast.parse(source, f"code cell {position}").body))
        for position, source in enumerate(sources, start=1)
    ]


def claims(cells: Iterable[Cell]) -> list[str]:
    """Return the names of all claims, in order.

    Raises:
        UnreadableClaim: a claim's name or sentence isn't a literal string.
    """
    return [name for cell in cells for stmt in cell.statements for name in _claims_in(stmt)]


def for_claim(cells: list[Cell], name: str) -> list[Cell]:
    """Return the cells to run for one claim, up to the claim and without any other claim.

    Raises:
        LookupError: no cell makes the claim.
    """
    for index, cell in enumerate(cells):
        for number, statement in enumerate(cell.statements):
            if name in _claims_in(statement):
                target = Cell(cell.position, cell.statements[: number + 1])
                return _backward([*cells[:index], target], name)
    raise LookupError(f"no cell makes the claim {name!r}")


def _backward(cells: list[Cell], name: str) -> list[Cell]:
    cells = [_without_other_claims(cell, name) for cell in cells]
    bound = [_bound(cell.statements) for cell in cells]
    needed: set[int] = set()
    open_ends = [len(cells) - 1]
    while open_ends:
        index = open_ends.pop()
        if index in needed:
            continue
        needed.add(index)
        for read in _read_before_bound(cells[index].statements):
            binders = [i for i in range(index) if read in bound[i]]
            open_ends += binders[-1:]
    return [cells[index] for index in sorted(needed)]


def _without_other_claims(cell: Cell, name: str) -> Cell:
    kept = (s for s in cell.statements if not _claims_in(s) or name in _claims_in(s))
    return Cell(cell.position, tuple(kept))


def _claims_in(statement: ast.stmt) -> list[str]:
    return [call.name for call in sites.calls(statement)]


def _read_before_bound(statements: Iterable[ast.stmt]) -> set[str]:
    return _in_order(map(_names, statements))


def _in_order(names: Iterable[tuple[set[str], set[str]]]) -> set[str]:
    """Return what statements read before they bind it, from what each of them reads and binds."""
    read, bound = set(), set(dir(builtins))
    for reads, binds in names:
        read |= reads - bound
        bound |= binds
    return read


def _bound(statements: Iterable[ast.stmt]) -> set[str]:
    return set().union(*(_names(statement)[1] for statement in statements))


SCOPES = (
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.Lambda,
    ast.FunctionDef,
    ast.ClassDef,
)


def _names(node: ast.AST) -> tuple[set[str], set[str]]:
    """Return the names that code reads from outside itself, and those that it binds there."""
    reads: set[str] = set()
    binds: set[str] = set()
    for _, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        children = [child for child in children if isinstance(child, ast.AST)]
        found = [_names(child) for child in children]
        binds |= set().union(*(child_binds for _, child_binds in found))
        # A body is run from its first statement to its last, like a cell.
        if children and isinstance(children[0], ast.stmt):
            reads |= _in_order(found)
        else:
            reads |= set().union(*(child_reads for child_reads, _ in found))
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            reads.add(name)
        case ast.Name(id=name) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
            binds.add(name)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            binds |= {(alias.asname or alias.name).split(".")[0] for alias in names}
        case ast.AugAssign(target=ast.Name(id=name)):
            reads.add(name)
        case ast.For(target=target):
            reads -= _names(target)[1]
    if isinstance(node, SCOPES):
        reads -= binds
        binds = {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else set()
    return reads, binds
