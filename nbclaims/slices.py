"""Compute the cells that one claim needs: a backward slice of a lab.

A statement before the claim is needed for two reasons:

- It binds a name that a needed statement reads. Of several that bind it, the last one counts.
- It changes an object that a needed statement uses (`pod.delete()`). `effects.py` tells which
  statements change which objects.

A cell with a needed statement runs as a whole, with the cells that bind what it reads.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from nbclaims import effects, sites
from nbclaims.effects import CONTAINER_CHANGES, Effects

Demands = dict[ast.stmt, set[str] | None]


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
    return [Cell(position, _parsed(source, position)) for position, source in enumerate(sources, 1)]


@cache
def _parsed(source: str, position: int) -> tuple[ast.stmt, ...]:
    """Parse a cell once: a mutated lab has most of its cells in common with the lab."""
    return tuple(ast.parse(source, f"code cell {position}").body)


def claims(cells: Iterable[Cell]) -> list[str]:
    """Return the names of all claims, in order.

    Raises:
        UnreadableClaim: a claim's name or sentence isn't a literal string.
    """
    return [name for cell in cells for stmt in cell.statements for name in claims_in(stmt)]


def for_claim(cells: list[Cell], name: str) -> list[Cell]:
    """Return the cells to run for one claim, up to the claim and without any other claim."""
    return Slicer(cells).for_claim(name)


class Slicer:
    """Slices one lab for several claims; what a claim doesn't decide is computed once."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = cells
        self.effects: dict[ast.stmt, Effects] = effects.of(
            [statement for cell in cells for statement in cell.statements]
        )

    def for_claim(self, name: str) -> list[Cell]:
        """Return the cells to run for one claim; LookupError if no cell makes it."""
        for index, cell in enumerate(self._cells):
            for number, statement in enumerate(cell.statements):
                if name in claims_in(statement):
                    target = Cell(cell.position, cell.statements[: number + 1])
                    return self._backward([*self._cells[:index], target], name)
        raise LookupError(f"no cell makes the claim {name!r}")

    def _backward(self, cells: list[Cell], name: str) -> list[Cell]:
        cells = [_without_other_claims(cell, name) for cell in cells]
        statements = [statement for cell in cells for statement in cell.statements]
        seeds = {one for one in cells[-1].statements if name in claims_in(one)}
        demanded = self._demands(seeds, statements).keys()
        # A cell runs as a whole, so it needs also what its other statements read.
        bound = [_bound(cell.statements) for cell in cells]
        needed: set[int] = set()
        open_ends = {i for i, cell in enumerate(cells) if demanded & set(cell.statements)}
        while open_ends:
            index = open_ends.pop()
            needed.add(index)
            for read in _read_before_bound(cells[index].statements):
                binders = [i for i in range(index) if read in bound[i]]
                open_ends.update(binders[-1:])
            open_ends -= needed
        return [cells[index] for index in sorted(needed)]

    def decisive(self, name: str) -> tuple[set[ast.stmt], set[effects.Origin]]:
        """Return the statements that decide what a claim observes, and the objects that they use.

        The rest of a claim's slice runs only because it shares a cell with them.
        """
        statements = [s for cell in self.for_claim(name) for s in cell.statements]
        demands = self._demands({one for one in statements if name in claims_in(one)}, statements)
        return set(demands), self._used_of(demands)

    def _demands(self, seeds: set[ast.stmt], statements: list[ast.stmt]) -> Demands:
        """Return what a closure needs of each statement: items of the dict it makes, or all."""
        needed: Demands = dict.fromkeys(seeds)
        while True:
            used = self._used_of(needed)
            more: Demands = {}
            open_names: dict[str, set[str] | None] = {}
            for one in reversed(statements):
                reads, binds = names_of(one)
                asked = [open_names[name] for name in binds if name in open_names]
                if one in needed or asked or self.effects[one].changed & used:
                    keys = self._keys(one, binds, asked)
                    if one in seeds:
                        keys = None
                    elif self.effects[one].changed & used:
                        keys = self._rounds(one, used) if not asked else None
                    more[one] = keys
                    if not isinstance(one, ast.If | ast.For | ast.While | ast.Try):
                        for name in binds:
                            open_names.pop(name, None)
                    for name in reads:
                        _ask(open_names, name, self._keys_read(one, keys, name))
            if more == needed:
                return needed
            needed = more

    def _keys(
        self, statement: ast.stmt, binds: set[str], asked: list[set[str] | None]
    ) -> set[str] | None:
        """Return the items of a statement's dict that are needed; None for all it does."""
        items = self.effects[statement].items
        keys = set().union(*(one or () for one in asked))
        known = len(binds) == 1 and asked and None not in asked and keys <= items.keys()
        return keys if known else None

    def _rounds(self, statement: ast.stmt, used: set[effects.Origin]) -> set[str] | None:
        """Return the rounds of a loop that change what is used; None if they aren't known."""
        rounds = self.effects[statement].items if isinstance(statement, ast.For) else {}
        return {key for key, one in rounds.items() if one.changed & used} or None

    def _keys_read(self, statement: ast.stmt, keys: set[str] | None, name: str) -> set[str] | None:
        """Return the items that a statement reads of a name's dict; None for all of its value."""
        found: set[str] = set()
        for effect in self._parts(statement, keys):
            if name in effect.keys:
                read = effect.keys[name]
                if read is None:
                    return None
                found |= read
        return found or None

    def _parts(self, statement: ast.stmt, keys: set[str] | None) -> list[Effects]:
        effect = self.effects[statement]
        return [effect] if keys is None else [effect.items[key] for key in keys]

    def _used_of(self, needed: Demands) -> set[effects.Origin]:
        parts = (part for one, keys in needed.items() for part in self._parts(one, keys))
        return set().union(*(part.used for part in parts if not part.only_holds))


def _without_other_claims(cell: Cell, name: str) -> Cell:
    kept = (s for s in cell.statements if not claims_in(s) or name in claims_in(s))
    return Cell(cell.position, tuple(kept))


def _ask(names: dict[str, set[str] | None], name: str, keys: set[str] | None) -> None:
    """Note that items of a name's dict are needed, beside those that already are."""
    before = names.get(name, set())
    names[name] = None if keys is None or before is None else before | keys


@cache
def claims_in(statement: ast.stmt) -> list[str]:
    """Return the names of the claims that a statement makes."""
    return [call.name for call in sites.calls(statement)]


def _read_before_bound(statements: Iterable[ast.stmt]) -> set[str]:
    return _in_order(map(names_of, statements))


def _in_order(names: Iterable[tuple[set[str], set[str]]]) -> set[str]:
    """What statements read before they bind it, from what each of them reads and binds."""
    read, bound = set(), set(dir(builtins))
    for reads, binds in names:
        read |= reads - bound
        bound |= binds
    return read


def _bound(statements: Iterable[ast.stmt]) -> set[str]:
    return set().union(*(names_of(statement)[1] for statement in statements))


@cache
def names_of(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the names that a statement reads from outside itself, and those that it binds."""
    return _names(statement)


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
    """The names that a piece of code reads from outside itself, and those that it binds there."""
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
        # What is put into a dict or a list counts as a new value of its name.
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
            binds.add(name)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if (
            attr in CONTAINER_CHANGES
        ):
            binds.add(name)
        case ast.For(target=target):
            reads -= _names(target)[1]
    if isinstance(node, SCOPES):
        reads -= binds
        binds = {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else set()
    return reads, binds
