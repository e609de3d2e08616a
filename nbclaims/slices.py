"""Compute the cells that one claim needs: a backward slice of a lab.

A cell is needed for two reasons:

- It binds a name that a needed cell reads before that cell binds it. Of several cells that bind a
  name, the last one before the reader counts.
- It changes an object that a needed cell uses (`pod.delete()`), and stands before the claim.
  `effects.py` tells which statements change which objects.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

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
        self.used_by: dict[str, set[effects.Origin]] = {}
        """The objects that decide what a claim observes; known when `decisive` has run."""
        self.words_of: dict[str, set[str]] = {}
        """The texts that the code uses which decides it."""

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
        bound = [_bound(cell.statements) for cell in cells]
        changed = [self._changed(cell) for cell in cells]
        used: set[effects.Origin] = set()
        needed: set[int] = set()
        open_ends = {len(cells) - 1}
        while open_ends:
            index = open_ends.pop()
            needed.add(index)
            for read in _read_before_bound(cells[index].statements):
                binders = [i for i in range(index) if read in bound[i]]
                open_ends.update(binders[-1:])
            used |= self._used(cells[index])
            open_ends |= {i for i, origins in enumerate(changed) if origins & used}
            open_ends -= needed
        return [cells[index] for index in sorted(needed)]

    def decisive(
        self,
        name: str,
        also: Iterable[ast.stmt] = (),
        calls: Iterable[ast.AST] = (),
    ) -> tuple[set[ast.stmt], set[ast.stmt]]:
        """Return the statements of a claim's slice that matter to the claim.

        Args:
            name: the claim.
            also: statements that matter although no name leads from them to the claim.
            calls: those of their calls that create objects which matter.

        Returns:
            Those that decide what the claim observes; and these with those that wait for what the
            claim uses, or do what can't be told. The rest of the slice runs only because it shares
            a cell with them.
        """
        statements = [s for cell in self.for_claim(name) for s in cell.statements]
        seeds = {one for one in statements if name in claims_in(one)}
        demands = self._demands(seeds, statements)
        deciding = set(demands)
        _, read, words = self._touched(deciding)
        self.used_by[name] = decided = self._used_of(demands)
        parts = [p for s, keys in demands.items() for p in self._parts(s, keys) if s not in seeds]
        observed = (_observed_texts(one) for one in seeds)
        self.words_of[name] = set().union(*(part.words for part in parts), *observed)
        calls = set(calls)
        relevant = deciding | set(also)
        for one in statements:
            if (
                self._awaits(one, decided, calls)
                or self._is_opaque(one)
                or (_synchronises(one) and (_arguments(one) & read or _words(one) & words))
            ):
                relevant.add(one)
        return deciding, self._closure(relevant, statements)

    def _closure(self, needed: set[ast.stmt], statements: list[ast.stmt]) -> set[ast.stmt]:
        """Return statements with those that bind what they read, and change what they use."""
        return set(self._demands(needed, statements))

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
        """Return the items of a statement's dict that are asked for; None for all it does."""
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
                if effect.keys[name] is None:
                    return None
                found |= effect.keys[name]
        return found or None

    def _parts(self, statement: ast.stmt, keys: set[str] | None) -> list[Effects]:
        effect = self.effects[statement]
        return [effect] if keys is None else [effect.items[key] for key in keys]

    def _used_of(self, needed: Demands) -> set[effects.Origin]:
        parts = (part for one, keys in needed.items() for part in self._parts(one, keys))
        return set().union(*(part.used for part in parts if not part.only_holds))

    def _awaits(self, statement: ast.stmt, used: set[effects.Origin], calls: set[ast.AST]) -> bool:
        return any(one in used or one.call in calls for one in self.effects[statement].awaited)

    def _is_opaque(self, statement: ast.stmt) -> bool:
        """Tell whether a statement that binds no name may do more than wait or say something."""
        if isinstance(statement, ast.With):
            return True
        if not isinstance(statement, ast.Expr | ast.For | ast.If) or claims_in(statement):
            return False
        return bool(_calls(statement) - effects.SYNCHRONISING - effects.HARMLESS - self._imported)

    @cached_property
    def _imported(self) -> set[str]:
        imports = (ast.Import, ast.ImportFrom)
        return {n for s in self.effects if isinstance(s, imports) for n in names_of(s)[1]}

    def _touched(self, needed: set[ast.stmt]) -> tuple[set[effects.Origin], set[str], set[str]]:
        """Return the objects, the names of values, and the words that statements use."""
        used: set[effects.Origin] = set()
        read: set[str] = set()
        words: set[str] = set()
        for one in needed:
            used |= self.effects[one].used
            read |= names_of(one)[0] - self._tools
            words |= set() if claims_in(one) else _words(one)
        return used, read, words

    @cached_property
    def _tools(self) -> set[str]:
        """Names of functions and modules: they are read by many, and carry nothing."""
        definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
        return {n for s in self.effects if isinstance(s, definitions) for n in names_of(s)[1]}

    def _changed(self, cell: Cell) -> set[effects.Origin]:
        return set().union(*(self.effects[statement].changed for statement in cell.statements))

    def _used(self, cell: Cell) -> set[effects.Origin]:
        return set().union(*(self.effects[statement].used for statement in cell.statements))


def _without_other_claims(cell: Cell, name: str) -> Cell:
    kept = (s for s in cell.statements if not claims_in(s) or name in claims_in(s))
    return Cell(cell.position, tuple(kept))


@cache
def _observed_texts(statement: ast.stmt) -> set[str]:
    """Return the texts of what a claim observes: not its sentence, and not what it expects."""
    return {
        text
        for call in ast.walk(statement)
        if isinstance(call, ast.Call) and _called(call) == "claim"
        for keyword in call.keywords
        if keyword.arg in ("observed", "evidence")
        for text in _words(keyword.value)
    }


def _ask(names: dict[str, set[str] | None], name: str, keys: set[str] | None) -> None:
    """Note that items of a name's dict are needed, beside those that already are."""
    before = names.get(name, set())
    names[name] = None if keys is None or before is None else before | keys


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


@cache
def _calls(statement: ast.stmt) -> frozenset[str]:
    """Return the names of the functions and methods that a statement calls."""
    return frozenset(_called(node) for node in ast.walk(statement) if isinstance(node, ast.Call))


@cache
def _synchronises(statement: ast.stmt) -> bool:
    """Tell whether a statement waits for something."""
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return any(
        _called(call) in effects.SYNCHRONISING
        or any(keyword.arg in effects.UNTIL for keyword in call.keywords)
        for call in calls
    )


@cache
def _arguments(statement: ast.stmt) -> set[str]:
    """Return the names in the arguments of the calls of a statement."""
    calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
    arguments = (one for call in calls for one in (*call.args, *call.keywords))
    return {n.id for one in arguments for n in ast.walk(one) if isinstance(n, ast.Name)}


@cache
def _words(statement: ast.AST) -> frozenset[str]:
    texts = (n.value for n in ast.walk(statement) if isinstance(n, ast.Constant))
    return frozenset(text for text in texts if isinstance(text, str))


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
