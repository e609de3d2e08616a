"""Mutants: one wrong change of a lab, under which one claim must fail for a stated reason."""

from __future__ import annotations

import ast
import difflib
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nbclaims import labs, provenance, slices
from nbclaims.claims import ClaimFailed, registry
from nbclaims.matchers import Matcher, agrees, at_least, at_most, between, contains, one_of
from nbclaims.provenance import Provenance
from nbclaims.record import Record

# PyYAML's own parser takes four seconds for all mutants of a book, libyaml a tenth of that.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MATCHERS: dict[str, Callable[[Any], Matcher]] = {
    "at_least": at_least,
    "at_most": at_most,
    "between": lambda ends: between(*ends),
    "contains": contains,
    "one_of": lambda values: one_of(*values),
}


@dataclass(frozen=True)
class Mutant:
    """One entry of a lab's mutants.yaml."""

    mutant: str
    claim: str
    file: str
    find: str
    """Must occur exactly once in the file."""
    replace: str
    seen: dict[str, Any]
    """What the claim then observes, or part of it: the reason why it must fail."""
    run: int | None = None
    """Mutants of a lab with the same number share a run: their changes don't reach one another's
    claims. One without a number runs alone."""

    @property
    def change(self) -> tuple[str, str, str]:
        """The change of the lab; equal for mutants that differ only in the claim."""
        return self.file, self.find, self.replace

    @property
    def digest(self) -> str:
        """A digest of what the verdict on the mutant depends on."""
        return provenance.digest(self.claim, *self.change, self.seen)


@dataclass(frozen=True)
class Run:
    """Mutants, or controls, that run together."""

    mutants: Sequence[Mutant] = ()
    controls: Sequence[str] = ()
    """Claims that must hold without a change, where only the cells run that they need."""

    @property
    def name(self) -> str:
        """Name the run by what is in it."""
        names = [one.mutant for one in self.mutants]
        return "+".join(names or ["controls", *self.controls])


NOTHING_APPLIED = Mutant("nothing-applied", "every claim", "", "", "", {})
"""Stands for the run of a lab that applies nothing, in which no claim may hold."""


def control(claim: str) -> Mutant:
    """Return what stands for the run of a claim without a change."""
    return Mutant("", claim, "", "", "", {})


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, or of a control, as the evidence store keeps it."""

    mutant: str
    """Empty for a control: the claim ran without a change."""
    claim: str
    verdict: str
    """`killed`: the claim failed for the stated reason. `survived`: it held. `void`: neither.
    Of a control: `held` or `failed`."""
    reason: str
    """The claim's failure text, or why the mutant is void."""
    file: str = ""
    diff: str = ""
    provenance: Provenance | None = None
    """What the run was made of; None in a verdict of an older version of this package."""

    @property
    def good(self) -> bool:
        """Whether the claim did what it has to: fail under the mutant, or hold without one."""
        return self.verdict == ("killed" if self.mutant else "held")

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Return the verdict that `to_json` wrote."""
        verdict = cls(**data)
        return replace(verdict, provenance=Provenance.from_json(data.get("provenance")))


def _nothing() -> None: ...


def complaint(verdict: Verdict) -> str:
    """Return what to tell of a verdict that is not good."""
    if verdict.mutant:
        return f"{verdict.mutant} {verdict.verdict}: {verdict.reason}\n\n{verdict.diff}"
    return (
        f"The control of {verdict.claim} failed: the claim must hold where only the cells run that "
        "its slice has.\nThe slice lacks a cell on which the claim depends: let the cell give the "
        f"claim what it needs through a variable.\n\n{verdict.reason}"
    )


class Void(Exception):
    """The run shows nothing about the mutant's claim."""


def of(lab: Path) -> list[Mutant]:
    """Return a lab's mutants, in the order in which its mutants.yaml declares them.

    Raises:
        TypeError: an entry lacks a field, or has an unknown one.
    """
    path = lab.parent / "mutants.yaml"
    if not path.exists():
        return []
    entries = yaml.load(path.read_text(encoding="utf-8"), YAML_LOADER)
    return [Mutant(**entry) for entry in entries or []]


def runs(lab: Path) -> list[Run]:
    """Return the runs of a lab's mutants, and of the controls of their claims."""
    numbered: dict[int, list[Mutant]] = {}
    alone = []
    for mutant in of(lab):
        if mutant.run is None:
            alone.append(Run([mutant]))
        else:
            numbered.setdefault(mutant.run, []).append(mutant)
    claims = list(dict.fromkeys(mutant.claim for mutant in of(lab)))
    # Neighbours share cells: apart from each other, each runs with less than the lab has.
    controls = [Run(controls=part) for part in (claims[::2], claims[1::2]) if part]
    return [*map(Run, numbered.values()), *alone, *controls]


@cache
def cells(lab: Path) -> list[slices.Cell]:
    """Return a lab's code cells, from a cache; mutated copies of a lab don't use the cache."""
    return slices.parse(_code(lab))


def run(
    lab: Path,
    together: Sequence[Mutant],
    folder: Path,
    cleanup: Callable[[], None] = _nothing,
    controls: Sequence[str] = (),
) -> list[Verdict]:
    """Run the cells that some mutants' claims need, in a copy of the lab with all their changes.

    Args:
        lab: the lab's text.
        together: the mutants, each of another claim.
        folder: where the copy goes; the caller has made it the working directory.
        cleanup: closes what the cells opened; called at the end, also after an error.
        controls: claims that run without a change, and must hold.

    Returns:
        The verdicts on the mutants, and then those on the controls.
    """
    shutil.copytree(lab.parent, folder, dirs_exist_ok=True)
    diffs: dict[tuple[str, str, str], str] = {}
    impossible: dict[tuple[str, str, str], Void] = {}
    for one in dict.fromkeys(mutant.change for mutant in together):
        try:
            diffs[one] = change(lab.parent, folder, *one)
        except Void as void:
            impossible[one] = void
    claims = [mutant.claim for mutant in together if mutant.change in diffs]
    claims += controls
    try:
        outcomes = _outcomes(slices.parse(_code(folder / lab.name)), claims)
    finally:
        cleanup()
    verdicts = [
        Verdict(
            mutant.mutant,
            mutant.claim,
            *_judge(mutant, impossible.get(mutant.change) or outcomes[mutant.claim]),
            mutant.file,
            diffs.get(mutant.change, ""),
        )
        for mutant in together
    ]
    return verdicts + [Verdict("", claim, *_judge_control(outcomes[claim])) for claim in controls]


def without_anything_applied(
    lab: Path, cleanup: Callable[[], None] = _nothing
) -> tuple[list[str], list[str]]:
    """Return the claims that hold although the lab applies nothing, and those that weren't made.

    Statements run one by one, so that a wait that fails doesn't shield the claim behind it.

    Args:
        lab: the lab's text. The caller has arranged that it applies nothing.
        cleanup: closes what the cells opened; called at the end, also after an error.
    """
    registry.clear()
    scope: dict[str, Any] = {"__name__": "__main__"}
    try:
        for cell in cells(lab):
            for statement in cell.statements:
                try:
                    _execute(statement, cell.position, scope)
                except Exception as error:
                    print(f"cell {cell.position}: {type(error).__name__}: {error}".splitlines()[0])
    finally:
        cleanup()
    records = registry.records
    made = {record.name for record in records}
    holding = [record.name for record in records if record.holds]
    return holding, [name for name in slices.claims(cells(lab)) if name not in made]


def _code(lab: Path) -> list[str]:
    return [cell.source for cell in labs.code(labs.read(lab))]


def change(source: Path, folder: Path, file: str, find: str, replace: str) -> str:
    """Change the copy in `folder`; return the difference that this change makes to the source."""
    if not (source / file).exists():
        raise Void(f"the lab has no file {file}")
    before, copy = (source / file).read_text(), folder / file
    for text in (before, changed := copy.read_text()):
        if (count := text.count(find)) != 1:
            raise Void(f"{find!r} occurs {count} times in {file}, not once")
    copy.write_text(changed.replace(find, replace))
    after = before.replace(find, replace)
    diff = difflib.unified_diff(
        before.splitlines(), after.splitlines(), file, file, lineterm="", n=1
    )
    return "\n".join(diff)


def _outcomes(cells: list[slices.Cell], claims: Iterable[str]) -> dict[str, Record | Exception]:
    """Return what became of each claim: its record if it held, its failure, or another error.

    It is the same as if only the cells of that claim ran: an error of a statement counts only for
    the claims that need the statement, and the run goes on for the others.
    """
    registry.clear()
    scope: dict[str, Any] = {"__name__": "__main__"}
    needs: dict[str, set[ast.stmt]] = {}
    outcomes: dict[str, Record | Exception] = {}
    for claim in claims:
        try:
            needed = slices.for_claim(cells, claim)
        except LookupError as missing:
            outcomes[claim] = Void(str(missing))
        else:
            needs[claim] = {statement for cell in needed for statement in cell.statements}
    for cell in cells:
        for statement in cell.statements:
            waiting = [claim for claim in needs.keys() - outcomes if statement in needs[claim]]
            if not waiting:
                continue
            try:
                _execute(statement, cell.position, scope)
            except ClaimFailed as failure:
                outcomes[failure.name] = failure
            except Exception as error:
                outcomes |= dict.fromkeys(waiting, error)
    silent = Void("the cells ran, but none of them made the claim")
    held = {record.name: record for record in registry.records if record.holds}
    return dict.fromkeys(needs, silent) | held | outcomes


def _judge(mutant: Mutant, outcome: Record | Exception) -> tuple[str, str]:
    """Return the verdict on a mutant, and the reason, from what became of its claim."""
    match outcome:
        case ClaimFailed() as failure:
            seen = {key: _expected(value) for key, value in mutant.seen.items()}
            observed = {key: value for key, value in failure.observed.items() if key in seen}
            if seen and agrees(seen, observed):
                return "killed", str(failure)
            return "void", f"the claim failed, but for another reason than {seen}:\n{failure}"
        case Record(observed=observed):
            return "survived", f"the claim held with {observed}"
        case Void() as void:
            return "void", str(void)
        case error:
            return "void", f"{type(error).__name__}: {error}"


def _judge_control(outcome: Record | Exception) -> tuple[str, str]:
    """Return the verdict on a claim that ran without a change, and the reason."""
    match outcome:
        case Record(observed=observed):
            return "held", f"the claim held with {observed}"
        case ClaimFailed() | Void() as failure:
            return "failed", str(failure)
        case error:
            return "failed", f"{type(error).__name__}: {error}"


def _expected(value: Any) -> Any:
    """Return `{at_least: 3}` as a matcher, also inside lists."""
    match value:
        case dict() if len(value) == 1 and (name := next(iter(value))) in MATCHERS:
            return MATCHERS[name](value[name])
        case list():
            return [_expected(item) for item in value]
        case _:
            return value


def _execute(statement: ast.stmt, position: int, scope: dict[str, Any]) -> None:
    module = ast.Module([statement], type_ignores=[])
    exec(compile(module, f"code cell {position}", "exec"), scope)
