"""Compute which mutants share a run: those whose changes can't reach the claims of one another.

A change reaches a claim in three ways:

- The claim's slice has a statement that the change changes, or that reads the file it changes.
- It changes a document that declares something which the slice, or one of the slice's documents,
  mentions; or a document that acts on what the slice's documents declare.
- The run has an effect that the claim's slice doesn't have, on an object that the slice mentions.

In doubt it reaches it. Mutants with a number share a run with those of the same number only. The
controls, claims without a change, have runs of their own.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from nbclaims import effects, manifests, slices
from nbclaims.effects import CREATES, Origin
from nbclaims.manifests import Document

# What is specific to the library that the labs use.

ACTING = (
    CREATES
    | {"patch", "delete", "evict", "exec", "run", "tls_secret"}
    | {"try_apply", "try_apply_all", "try_apply_documents"}
)
"""Methods that may change something in the cluster."""

RUN = 5
"""What a run costs by itself, in objects: a namespace, and the waiting for its last objects."""

TRIES = 5

# From here on it is about any lab.

Change = tuple[str, str, str]
"""A file, a text in it, and what stands there instead."""


class Mutant(Protocol):
    """What packing has to know of a mutant."""

    @property
    def mutant(self) -> str:
        """Return its name."""

    @property
    def claim(self) -> str:
        """Return the claim that must fail under it."""

    @property
    def change(self) -> Change:
        """Return what it changes."""

    @property
    def run(self) -> int | None:
        """Return the number of its run, as a person has judged; None where it is computed."""


M = TypeVar("M", bound=Mutant)


@dataclass
class Run(Generic[M]):
    """Mutants that run together, and the claims that must hold beside them."""

    mutants: list[M] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)
    cost: float = 0
    """An estimate: the objects that the run's statements create."""

    @property
    def name(self) -> str:
        """Name the run by its mutants, or by its controls if it has no mutants."""
        return "+".join(mutant.mutant for mutant in self.mutants) or "+".join(
            ["controls", *self.controls]
        )


@dataclass
class _Slice:
    """What a claim needs."""

    statements: frozenset[ast.stmt]
    decisive: frozenset[ast.stmt]
    """Those that decide what the claim observes."""
    relevant: frozenset[ast.stmt]
    """These, and those that wait for what the claim uses."""
    place: int
    """The claim's statement, as a position in the lab."""
    words: frozenset[str]
    """Words in its code that may be names of objects."""
    files: frozenset[str] = frozenset()
    """Files that decide what the claim observes."""
    documents: dict[str, Document] = field(default_factory=dict)
    """Documents that decide it, by their content."""
    places: dict[str, int] = field(default_factory=dict)
    """The first statement that reads a file, by the file."""


Reads = dict[ast.stmt, list[tuple[str, ast.AST | None]]]
"""The files that statements read, each with the call that creates its objects, if one does."""


@dataclass
class _Reach:
    """What a change touches."""

    files: set[str] = field(default_factory=set)
    statements: set[ast.stmt] = field(default_factory=set)
    changed: list[Document] = field(default_factory=list)
    """Documents of the lab that it changes."""
    documents: list[Document] = field(default_factory=list)
    """Those of them that the run creates, before and after the change."""
    words: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    """Claims that it reaches for another reason."""
    everything: bool = False


class Packer(Generic[M]):
    """Tells for one lab what reaches what.

    Args:
        folder: the lab's folder, with its files.
        source: the name of the file with the lab's text.
        code: reads the code cells of a lab's text.
    """

    def __init__(self, folder: Path, source: str, code: Callable[[str], list[str]]) -> None:
        self._source = source
        self._code = code
        self._texts = {
            path.name: path.read_text()
            for path in folder.iterdir()
            if path.is_file()
            and path.suffix not in (".ipynb", ".md")
            and path.name != "mutants.yaml"
        }
        self._text = (folder / source).read_text()
        self._sources = code(self._text)
        self._cells = slices.parse(self._sources)
        self._slicer = slices.Slicer(self._cells)
        self._order = {s: n for n, s in enumerate(_statements(self._cells))}
        self._documents = {name: manifests.documents(t, name) for name, t in self._texts.items()}
        self._slices: dict[str, _Slice] = {}
        self._reaches: dict[Change, _Reach] = {}
        self._meets: dict[tuple[str, str], bool] = {}
        self._costs: dict[ast.stmt, int] = {}

    # What reaches what

    def reaches(self, mutant: M, claim: str) -> bool:
        """Tell whether a mutant's change, or an effect in its run, may reach a claim."""
        slice_ = self.slice(claim)
        reach = self._reach(mutant)
        if reach.everything or claim in reach.claims:
            return True
        if self._begins(mutant, reach) > slice_.place:
            return False
        if reach.files & slice_.files or reach.statements & slice_.relevant:
            return True
        if any(document.content in slice_.documents for document in reach.changed):
            return True
        documents = slice_.documents.values()
        return any(_document_reaches(document, slice_) for document in reach.documents) or any(
            _declares_word(document, reach.words) for document in documents
        )

    def _begins(self, mutant: M, reach: _Reach) -> int:
        """Return the place of the first statement of the mutant's run that the change touches."""
        if reach.statements:
            return min(self._order[statement] for statement in reach.statements)
        return self.slice(mutant.claim).places.get(mutant.change[0], 0)

    def can_both_be_made(self, one: Change, other: Change) -> bool:
        """Tell whether each of two changes finds its text just once beside the other."""
        if one[0] != other[0]:
            return True
        text = self._text if one[0] == self._source else self._texts.get(one[0], "")
        return all(
            text.replace(first[1], first[2]).count(second[1]) == 1
            for first, second in ((one, other), (other, one))
        )

    def disturbs(self, one: str, other: str) -> bool:
        """Tell whether one claim's slice has effects on what the other's mentions, but lacks."""
        if (one, other) not in self._meets:
            self._meets[one, other] = self._disturbs(self.slice(one), self.slice(other))
        return self._meets[one, other]

    def _disturbs(self, one: _Slice, other: _Slice) -> bool:
        done = self._slicer.effects
        before = [s for s, place in self._order.items() if place < other.place]
        neither = [s for s in before if s not in one.relevant and s not in other.relevant]
        # What is changed in the lab after the one claim, and before the other, is changed by
        # neither; without that, the other claim finds the object as it does in the lab.
        later = set().union(*(done[s].changed for s in neither))
        for statement in one.relevant - other.relevant:
            changed = done[statement].changed & later
            if changed and self._order.get(statement, 0) < other.place:
                there = self._calls(other)
                for document in self._created_by(o for o in changed if o.call in there):
                    if _is_mentioned(document, other):
                        return True
        return False

    def _calls(self, slice_: _Slice) -> set[ast.AST]:
        calls = (node for s in slice_.relevant for node in _nodes(s))
        return {node for node in calls if isinstance(node, ast.Call)}

    def _created_by(self, origins: Iterable[Origin]) -> list[Document]:
        files = (
            {o.file} if o.file in self._texts else self._files(o.call, self._order) for o in origins
        )
        return [document for names in files for document in self._of(names)]

    def slice(self, claim: str) -> _Slice:
        """Return what a claim needs."""
        if claim not in self._slices:
            self._slices[claim] = self._slice(self._slicer.for_claim(claim), claim)
        return self._slices[claim]

    def _slice(self, cells: list[slices.Cell], claim: str) -> _Slice:
        statements = _statements(cells)
        place = max(self._order.get(statement, 0) for statement in statements)
        reads = {s: self._reads(s, statements) for s in statements}
        also: dict[ast.stmt, set[ast.AST]] = {}
        while True:
            calls = set().union(*also.values())
            deciding, relevant = map(frozenset, self._slicer.decisive(claim, also, calls))
            found = _Slice(
                frozenset(statements),
                deciding,
                relevant,
                place,
                self._words(self._slicer.words_of[claim]),
            )
            self._add_files(found, reads, self._slicer.used_by[claim])
            more = self._creators(found, reads)
            if more.keys() <= also.keys():
                break
            also |= more
        for statement in sorted(statements, key=lambda s: self._order.get(s, 0)):
            for file, _ in reads[statement]:
                found.places.setdefault(file, self._order.get(statement, 0))
        return found

    def _words(self, texts: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(manifests.words(t) for t in texts if t not in self._texts))

    def _add_files(self, slice_: _Slice, reads: Reads, used: set[Origin]) -> None:
        """Find the files that decide what a claim observes.

        That is, those whose objects decisive statements use, and those whose objects are mentioned
        by their code or by documents that decide.
        """
        read = [pair for s in slice_.decisive for pair in reads[s]]
        direct = {file for file, call in read if call is None or _creates(used, call, file)}
        slice_.files = frozenset(direct)
        slice_.documents = {d.content: d for d in self._of(direct & self._applied)}
        files = {file for pairs in reads.values() for file, _ in pairs}
        rest = {d.content: d for d in self._of(files & self._applied)}
        while more := {
            content: document
            for content, document in rest.items()
            if content not in slice_.documents and _is_mentioned(document, slice_)
        }:
            slice_.documents |= more

    def _creators(self, slice_: _Slice, reads: Reads) -> dict[ast.stmt, set[ast.AST]]:
        """Return the statements that create what decides, with the calls that do so."""
        found: dict[ast.stmt, set[ast.AST]] = {}
        for statement, pairs in reads.items():
            for file, call in pairs:
                documents = self._documents.get(file, ()) if call else ()
                if call and any(document.content in slice_.documents for document in documents):
                    found.setdefault(statement, set()).add(call)
        return found

    @cached_property
    def _applied(self) -> set[str]:
        """Files whose objects are created, as far as the code tells."""
        return {f for s in self._order for f, call in self._reads(s, self._order) if call}

    def _reads(
        self, statement: ast.stmt, among: Iterable[ast.stmt]
    ) -> list[tuple[str, ast.AST | None]]:
        """Return the files that a statement may read, each with the call that applies it."""
        found: list[tuple[str, ast.AST | None]] = []
        seen: set[str] = set()
        for call in _nodes(statement):
            match call:
                case ast.Call(func=ast.Attribute(attr=method)) if method in CREATES or _is_for_real(
                    call
                ):
                    for argument in call.args:
                        files = self._files(argument, among)
                        found += [(file, call) for file in files]
                        seen |= files
        return [*found, *((file, None) for file in self._files(statement, among) - seen)]

    def _of(self, files: Iterable[str]) -> list[Document]:
        return [document for name in files for document in self._documents.get(name, ())]

    # Files that statements read

    def _files_of(self, statements: Iterable[ast.stmt]) -> frozenset[str]:
        statements = frozenset(statements)
        return frozenset().union(*(self._files(one, statements) for one in statements))

    def _files(self, statement: ast.AST, among: Iterable[ast.stmt]) -> set[str]:
        """Return the files that a statement may read, if these are all statements of a run."""
        found = set()
        for node in _nodes(statement):
            match node:
                case ast.Constant(value=str(text)) if text in self._texts:
                    found.add(text)
                case ast.JoinedStr(values=parts):
                    pattern = [
                        re.escape(str(p.value)) if isinstance(p, ast.Constant) else "(.*)"
                        for p in parts
                    ]
                    if len(pattern) > 0 and "." in "".join(pattern[-1:]):
                        found |= self._matching("".join(pattern), among)
        return found

    def _matching(self, pattern: str, among: Iterable[ast.stmt]) -> set[str]:
        matches = {n: m for n in self._texts if (m := re.fullmatch(pattern, n))}
        texts = {text for one in among for text in _texts(one)}
        spelled = {n for n, m in matches.items() if all(g in texts for g in m.groups())}
        return spelled or set(matches)

    # What changes touch

    def _reach(self, mutant: Mutant) -> _Reach:
        change = mutant.change
        if change not in self._reaches:
            file, find, replace = change
            if file == self._source:
                self._reaches[change] = self._reach_of_text(find, replace, mutant.claim)
            else:
                self._reaches[change] = self._reach_of_file(file, find, replace, mutant.claim)
        return self._reaches[change]

    def _reach_of_file(self, file: str, find: str, replace: str, claim: str) -> _Reach:
        if file not in self._texts:
            return _Reach(everything=True)
        if file not in self._applied:
            return _Reach(files={file})
        old = self._documents[file]
        new = manifests.documents(self._texts[file].replace(find, replace), file)
        contents = [{document.content for document in side} for side in (old, new)]
        gone = [document for document in old if document.content not in contents[1]]
        came = [document for document in new if document.content not in contents[0]]
        return _Reach(changed=gone, documents=[*gone, *came])

    def _reach_of_text(self, find: str, replace: str, claim: str) -> _Reach:
        sources = [source.replace(find, replace) for source in self._sources]
        if sum(source.count(find) for source in self._sources) != 1:
            sources = self._code(self._text.replace(find, replace))
        if len(sources) != len(self._sources):
            return _Reach(everything=True)
        try:
            cells = slices.parse(sources)
        except SyntaxError:
            return _Reach(everything=True)
        reach = _Reach()
        added: set[ast.stmt] = set()
        for old, new in zip(self._cells, cells, strict=True):
            if old.statements is not new.statements:
                gone, came = _different(old.statements, new.statements)
                reach.statements |= gone
                added |= came
                if not gone:
                    # Something is put in between: it belongs to all who need the cell.
                    reach.statements |= set(old.statements)
        self._compare_slices(cells, reach, added)
        files = self._files_of(added) - self._files_of(reach.statements)
        reach.documents = self._of(files & self._applied)
        if self._acts(reach.statements | added, claim):
            sides = [[t for s in side for t in _texts(s)] for side in (reach.statements, added)]
            before, after = (Counter(w for t in side for w in manifests.words(t)) for side in sides)
            reach.words = {*(before - after), *(after - before)}
        return reach

    def _acts(self, changed: set[ast.stmt], claim: str) -> bool:
        """Tell whether changed statements, or what depends on them, may change the cluster."""
        if any(_methods(one) & ACTING for one in changed):
            return True
        names = {name for one in changed for name in slices.names_of(one)[1]}
        for one in sorted(self.slice(claim).relevant, key=lambda s: self._order.get(s, 0)):
            reads, binds = slices.names_of(one)
            if reads & names:
                if _methods(one) & ACTING:
                    return True
                names |= binds
        return False

    def _compare_slices(
        self, cells: list[slices.Cell], reach: _Reach, added: set[ast.stmt]
    ) -> None:
        """Find the claims that need other statements after a change of the lab's text."""
        slicer = slices.Slicer(cells)
        if _bindings(reach.statements) == _bindings(added) and self._same_effects(slicer):
            return
        for name in slices.claims(cells):
            try:
                now = set(_statements(slicer.for_claim(name))) - added
                if now - reach.statements != self.slice(name).statements - reach.statements:
                    reach.claims.add(name)
            except LookupError:
                reach.claims.add(name)

    def _same_effects(self, slicer: slices.Slicer) -> bool:
        """Tell whether a changed text has the same effects, and no others."""
        old, new = self._slicer.effects, slicer.effects
        if any(one.changed for s, one in old.items() if s not in new):
            return False
        return all(
            one.changed == old[s].changed and one.used == old[s].used
            if s in old
            else not one.changed
            for s, one in new.items()
        )

    # Cost

    def cost(self, statements: Iterable[ast.stmt]) -> int:
        """Estimate what statements cost: the objects that they create, and the calls that wait."""
        return sum(self._cost(statement) for statement in statements)

    def _cost(self, statement: ast.stmt) -> int:
        if statement not in self._costs:
            files = {f for f, call in self._reads(statement, self._order) if call is not None}
            self._costs[statement] = sum(self._texts[name].count("\nkind:") for name in files)
        return self._costs[statement]


def of(
    lab: Path, mutants: Sequence[M], code: Callable[[str], list[str]], cache_in: Path | None = None
) -> list[Run[M]]:
    """Return the runs of a lab's mutants, with a control for each of their claims.

    Args:
        lab: the file with the lab's text; its other files lie beside it.
        mutants: the lab's mutants; each has a name of its own.
        code: reads the code cells of a lab's text.
        cache_in: the folder that keeps the result until a file of the lab, or this code, changes.
    """
    if not mutants:
        return []
    kept = cache_in / f"{lab.stem}-{_digest(lab, mutants)}.json" if cache_in else None
    if kept and kept.exists():
        by_name = {mutant.mutant: mutant for mutant in mutants}
        return [
            Run([by_name[name] for name in run["mutants"]], run["controls"], run["cost"])
            for run in json.loads(kept.read_text())
        ]
    runs = pack(Packer(lab.parent, lab.name, code), mutants)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        for old in kept.parent.glob(f"{lab.stem}-{'?' * 64}.json"):
            old.unlink(missing_ok=True)
        text = json.dumps([{**vars(r), "mutants": [m.mutant for m in r.mutants]} for r in runs])
        # Several workers may write it at the same time.
        unfinished = kept.with_suffix(f".{os.getpid()}")
        unfinished.write_text(text)
        unfinished.replace(kept)
    return runs


def _digest(lab: Path, mutants: Sequence[M]) -> str:
    own = (Path(module.__file__ or "") for module in (effects, manifests, slices))
    files = [path for path in lab.parent.iterdir() if path.is_file() and path.suffix != ".ipynb"]
    digest = hashlib.sha256(repr(mutants).encode())
    for path in sorted([*files, *own, Path(__file__)]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def pack(packer: Packer[M], mutants: Sequence[M]) -> list[Run[M]]:
    """Return the runs of a lab's mutants, with a control for each claim; the costliest first."""
    groups = _Groups(packer, mutants)
    runs = groups.runs()
    groups.add_controls(runs)
    return sorted(runs, key=lambda run: -run.cost)


class _Groups(Generic[M]):
    """Sorts the mutants of one lab into runs.

    Sets of mutants are numbers whose bits are the mutants; so are sets of creating statements.
    """

    def __init__(self, packer: Packer[M], mutants: Sequence[M]) -> None:
        self._packer = packer
        self._mutants = mutants
        self._claims = list(dict.fromkeys(mutant.claim for mutant in mutants))
        # A number decides without it, and it is what takes the time.
        self._reached: list[set[str]] = [
            {c for c in self._claims if m.run is None and packer.reaches(m, c)} for m in mutants
        ]
        self._foes = [
            sum(1 << j for j, two in enumerate(mutants) if not self._compatible(i, j, one, two))
            for i, one in enumerate(mutants)
        ]
        costly: dict[ast.stmt, int] = {}
        self._needs: dict[str, int] = {}
        for claim in self._claims:
            statements = [s for s in packer.slice(claim).statements if packer.cost([s])]
            bits = (1 << costly.setdefault(statement, len(costly)) for statement in statements)
            self._needs[claim] = sum(bits)
        self._prices = [packer.cost([statement]) for statement in costly]
        self._known: dict[int, int] = {}

    def compatible(self, one: int, other: int) -> bool:
        """Tell whether two mutants, by their positions, may share a run."""
        return not self._foes[one] >> other & 1

    def _compatible(self, i: int, j: int, one: M, other: M) -> bool:
        if one.claim == other.claim:
            return i == j
        if one.run is not None or other.run is not None:
            return one.run == other.run
        if self._disturb(one.claim, other.claim):
            return False
        if one.change == other.change:
            return True
        if not self._packer.can_both_be_made(one.change, other.change):
            return False
        return other.claim not in self._reached[i] and one.claim not in self._reached[j]

    def _disturb(self, one: str, other: str) -> bool:
        return self._packer.disturbs(one, other) or self._packer.disturbs(other, one)

    def runs(self) -> list[Run[M]]:
        """Return runs of all mutants: the best of several tries, each of which is improved."""
        degrees = [foes.bit_count() for foes in self._foes]
        order = sorted(range(len(self._mutants)), key=lambda i: -degrees[i])
        chance = random.Random(0)
        tries = []
        for _ in range(TRIES):
            tries.append(self._improved(self._greedy(order)))
            order = sorted(order, key=lambda i: -degrees[i] * chance.uniform(0.5, 1))
        best = min(tries, key=self._total)
        return [
            Run([self._mutants[i] for i in group], cost=self._price(self._union(group)))
            for group in best
        ]

    def _greedy(self, order: Iterable[int]) -> list[list[int]]:
        groups: list[list[int]] = []
        for one in order:
            fitting = [g for g in groups if all(self.compatible(one, two) for two in g)]
            if fitting:
                min(fitting, key=lambda group: self._added(group, one)).append(one)
            else:
                groups.append([one])
        return groups

    def _improved(self, groups: list[list[int]]) -> list[list[int]]:
        """Move mutants to where they cost less, as long as one can be found."""
        moved = True
        while moved:
            moved = False
            for group in groups:
                for one in list(group):
                    rest = [two for two in group if two != one]
                    saved = self._cost(group) - self._cost(rest)
                    fitting = [
                        g
                        for g in groups
                        if g is not group and g and all(self.compatible(one, two) for two in g)
                    ]
                    into = min(fitting, key=lambda g: self._added(g, one), default=None)
                    if into is not None and self._added(into, one) < saved:
                        group.remove(one)
                        into.append(one)
                        moved = True
        return [group for group in groups if group]

    def add_controls(self, runs: list[Run[M]]) -> None:
        """Let each claim also hold without a change, in runs of controls alone.

        Beside mutants a control would show whether packing is right, and not whether the slice is.
        """
        longest = max((run.cost for run in runs), default=0)
        alone: list[Run[M]] = []
        for claim in sorted(self._claims, key=lambda c: -self._price(self._needs[c])):
            fitting = [
                run
                for run in alone
                if self._price(self._union_of([*run.controls, claim])) <= longest
                and not any(self._disturb(claim, there) for there in run.controls)
            ]
            if not fitting:
                fitting = [Run()]
                alone += fitting
            run = fitting[0]
            run.controls.append(claim)
            run.cost = self._price(self._union_of(run.controls))
        runs += alone

    # Costs

    def _total(self, groups: list[list[int]]) -> int:
        return sum(map(self._cost, groups))

    def _cost(self, group: list[int]) -> int:
        return RUN + self._price(self._union(group)) if group else 0

    def _added(self, group: list[int], one: int) -> int:
        return self._cost([*group, one]) - self._cost(group)

    def _union(self, group: Iterable[int]) -> int:
        return self._union_of(self._mutants[one].claim for one in group)

    def _union_of(self, claims: Iterable[str]) -> int:
        needed = 0
        for claim in claims:
            needed |= self._needs[claim]
        return needed

    def _price(self, needed: int) -> int:
        if needed not in self._known:
            prices = (price for bit, price in enumerate(self._prices) if needed >> bit & 1)
            self._known[needed] = sum(prices)
        return self._known[needed]


def _statements(cells: Iterable[slices.Cell]) -> list[ast.stmt]:
    return [statement for cell in cells for statement in cell.statements]


def _creates(used: Iterable[Origin], call: ast.AST, file: str) -> bool:
    return any(one.call is call and one.file in (file, "") for one in used)


def _document_reaches(document: Document, slice_: _Slice) -> bool:
    return (document.acts_on_all and bool(slice_.documents)) or _is_mentioned(document, slice_)


def _is_mentioned(document: Document, slice_: _Slice) -> bool:
    """Tell whether a claim's code or documents mention what a document declares, or it acts."""
    if document.acts_on_all or _declares_word(document, slice_.words):
        return True
    others = [other for content, other in slice_.documents.items() if content != document.content]
    return any(manifests.meet(document, other) for other in others) or (
        document.acts and any(manifests.meet(other, document) for other in others)
    )


def _declares_word(document: Document, words: Iterable[str]) -> bool:
    words = set(words)
    return any(token[-1] in words for token in document.declares if token[0] != "object")


@cache
def _texts(node: ast.AST) -> list[str]:
    constants = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
    return [value for value in constants if isinstance(value, str)]


def _is_for_real(call: ast.Call) -> bool:
    """Tell whether a call that expects a refusal would create the object otherwise."""
    return any(
        keyword.arg == "dry_run" and getattr(keyword.value, "value", True) is False
        for keyword in call.keywords
    )


@cache
def _nodes(node: ast.AST) -> list[ast.AST]:
    """Return the calls and texts in a piece of code: walking through all of it takes long."""
    kinds = (ast.Call, ast.JoinedStr)
    return [
        one
        for one in ast.walk(node)
        if isinstance(one, kinds) or (isinstance(one, ast.Constant) and isinstance(one.value, str))
    ]


@cache
def _methods(statement: ast.stmt) -> set[str]:
    return {n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute)}


def _different(
    old: Sequence[ast.stmt], new: Sequence[ast.stmt]
) -> tuple[set[ast.stmt], set[ast.stmt]]:
    """Return the statements that only one version of a cell has."""
    texts = [{ast.unparse(s): s for s in version} for version in (old, new)]
    return (
        {statement for text, statement in texts[0].items() if text not in texts[1]},
        {statement for text, statement in texts[1].items() if text not in texts[0]},
    )


def _bindings(statements: Iterable[ast.stmt]) -> Counter[frozenset[str]]:
    return Counter(frozenset(slices.names_of(one)[1]) for one in statements)
