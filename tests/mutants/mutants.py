"""Mutants: a lab with one thing made wrong, under which one claim must fail for a stated reason."""

from __future__ import annotations

import ast
import difflib
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import notebooks
import slicing
import yaml

from kubelab import ClaimFailed, at_least, at_most, between, contains, one_of
from kubelab import claims as kubelab_claims
from kubelab.matchers import agrees

MATCHERS = {
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
    """Must stand in the file just once."""
    replace: str
    seen: dict[str, Any]
    """What the claim then observes, or part of it: the reason for which it must fail."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, as `_build/evidence/mutants/<lab>.json` keeps it."""

    mutant: str
    claim: str
    verdict: str
    """killed: the claim failed, for the stated reason. survived: it held. void: anything else."""
    reason: str
    """The claim's failure text, or why the mutant is void."""
    file: str = ""
    diff: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class Void(Exception):
    """The mutant says nothing about its claim."""


def of(lab: Path) -> list[Mutant]:
    """A lab's mutants; TypeError for an entry with a field too many or too few."""
    path = lab.parent / "mutants.yaml"
    return [Mutant(**entry) for entry in yaml.safe_load(path.read_text())] if path.exists() else []


def cells(lab: Path) -> list[slicing.Cell]:
    """A lab's code cells."""
    code = [cell.source for cell in notebooks.read(lab).cells if cell.cell_type == "code"]
    return slicing.parse(code)


def run(lab: Path, mutant: Mutant, folder: Path) -> Verdict:
    """Run the cells that the mutant's claim needs, in a mutated copy of the lab in `folder`.

    The caller has made `folder` the working directory, and closes the labs that the cells open.
    """
    diff = ""
    try:
        diff = _mutate(lab.parent, mutant, folder)
        needed = slicing.for_claim(cells(folder / lab.name), mutant.claim)
        outcome, reason = _judge(mutant, needed)
    except Void as void:
        outcome, reason = "void", str(void)
    except LookupError as missing:
        outcome, reason = "void", str(missing)
    return Verdict(mutant.mutant, mutant.claim, outcome, reason, mutant.file, diff)


def without_anything_applied(lab: Path) -> tuple[list[str], list[str]]:
    """The claims that hold, and those that could not even be made, where `apply` does nothing.

    Statements run one by one, so that a wait that fails doesn't shield the claim behind it. The
    caller sets KUBELAB_APPLY=nothing.
    """
    kubelab_claims.made.clear()
    scope: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells(lab):
        for statement in cell.statements:
            try:
                _execute([slicing.Cell(cell.position, (statement,))], scope)
            except Exception as error:
                print(f"cell {cell.position}: {type(error).__name__}: {error}".splitlines()[0])
    records = kubelab_claims.made.records
    made = {record.name for record in records}
    holding = [record.name for record in records if record.holds]
    return holding, [name for name in slicing.claims(cells(lab)) if name not in made]


def _mutate(source: Path, mutant: Mutant, folder: Path) -> str:
    shutil.copytree(source, folder, dirs_exist_ok=True)
    path = folder / mutant.file
    if not path.exists():
        raise Void(f"there is no {mutant.file}")
    before = path.read_text()
    count = before.count(mutant.find)
    if count != 1:
        raise Void(f"{mutant.find!r} stands {count} times in {mutant.file}, not once")
    after = before.replace(mutant.find, mutant.replace)
    path.write_text(after)
    diff = difflib.unified_diff(
        before.splitlines(), after.splitlines(), mutant.file, mutant.file, lineterm="", n=1
    )
    return "\n".join(diff)


def _judge(mutant: Mutant, needed: list[slicing.Cell]) -> tuple[str, str]:
    kubelab_claims.made.clear()
    try:
        _execute(needed, {"__name__": "__main__"})
    except ClaimFailed as failure:
        seen = {key: _expected(value) for key, value in mutant.seen.items()}
        if not seen or not agrees(seen, {k: v for k, v in failure.observed.items() if k in seen}):
            raise Void(
                f"the claim failed, but for another reason than {seen}:\n{failure}"
            ) from None
        return "killed", str(failure)
    except Exception as error:
        raise Void(f"{type(error).__name__}: {error}") from error
    if [record.name for record in kubelab_claims.made.records] != [mutant.claim]:
        raise Void("the cells ran, but none of them made the claim")
    return "survived", f"the claim held with {kubelab_claims.made.records[0].observed}"


def _expected(value: Any) -> Any:
    """`{at_least: 3}` as a matcher, also inside lists."""
    match value:
        case dict() if len(value) == 1 and (name := next(iter(value))) in MATCHERS:
            return MATCHERS[name](value[name])
        case list():
            return [_expected(item) for item in value]
        case _:
            return value


def _execute(needed: list[slicing.Cell], scope: dict[str, Any]) -> None:
    for cell in needed:
        module = ast.Module(list(cell.statements), type_ignores=[])
        exec(compile(module, f"code cell {cell.position}", "exec"), scope)
