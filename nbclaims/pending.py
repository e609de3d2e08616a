"""What has to run: the labs and mutants that have no evidence, or evidence that doesn't count."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbclaims import evidence, labs, mutants
from nbclaims.evidence import EvidenceStore
from nbclaims.mutants import Mutant, Verdict
from nbclaims.provenance import Book, Provenance

NOT_RUN = "not run yet"


@dataclass(frozen=True)
class Finding:
    """Whether a lab or one of its mutants has to run.

    Attributes:
        lab: the lab's name.
        reason: why it has to run; empty if its evidence is valid.
        day: the day of the valid evidence.
    """

    lab: str
    reason: str
    day: str = ""


class Pending:
    """Tells which labs and mutants of a book have to run."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._book = Book(root)
        self._store = EvidenceStore.of_book(root)
        self._forced = forced()

    def lab(self, lab: Path) -> Finding:
        """Return whether a lab has to run."""
        text = self._store.notebook_text(lab.stem)
        if self._forced or text is None:
            return Finding(lab.stem, self._forced or NOT_RUN)
        taken = evidence.provenance(json.loads(text))
        return self._finding(lab, taken, self._book.changed(lab, taken))

    def mutants(self, lab: Path, wanted: Iterable[Mutant]) -> Iterator[Finding]:
        """Yield for each of some mutants of a lab whether it has to run.

        A mutant that was not killed runs again, also if nothing changed since.
        """
        verdicts = {(one.mutant, one.claim): one for one in self._store.verdicts(lab.stem)}
        for mutant in wanted:
            yield self._mutant(lab, mutant, verdicts.get((mutant.mutant, mutant.claim)))

    def all_labs(self) -> list[Finding]:
        """Return the findings on the book's labs, without those that are left out."""
        return [self.lab(lab) for lab in labs.to_run(self._root)]

    def all_mutants(self) -> list[Finding]:
        """Return the findings on the mutants of all labs, and on the labs that apply nothing."""
        return [
            finding
            for lab in labs.to_run(self._root)
            for finding in self.mutants(lab, [*mutants.of(lab), mutants.NOTHING_APPLIED])
        ]

    def _mutant(self, lab: Path, mutant: Mutant, verdict: Verdict | None) -> Finding:
        if self._forced or verdict is None:
            return Finding(lab.stem, self._forced or NOT_RUN)
        if not verdict.good:
            return Finding(lab.stem, f"{verdict.verdict} in the last run")
        taken = verdict.provenance
        changed = self._book.changed_for_mutant(lab, taken, mutant.digest)
        return self._finding(lab, taken, changed)

    def _finding(self, lab: Path, taken: Provenance | None, changed: Sequence[str]) -> Finding:
        if changed or taken is None:
            return Finding(lab.stem, self._book.reason(changed))
        return Finding(lab.stem, "", taken.day)


def forced() -> str:
    """Return the variable that makes everything run, with its value; empty if none does."""
    for name, value in (("FORCE", "1"), ("CI", "true")):
        if os.environ.get(name) == value:
            return f"{name}={value}"
    return ""


def report(findings: Sequence[Finding], noun: str) -> str:
    """Return what is reused and what has to run, for the terminal.

    Args:
        findings: the findings on all labs, or on all mutants.
        noun: what they are about, `lab` or `mutant`.
    """
    lines = []
    days = sorted(finding.day for finding in findings if not finding.reason)
    if days:
        have, them = ("has", "it") if len(days) == 1 else ("have", "them")
        period = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
        lines.append(
            f"{_count(len(days), noun)} {have} valid evidence of {period}; "
            f"FORCE=1 runs {them} again."
        )
    reasons: dict[str, Counter[str]] = {}
    for finding in findings:
        if finding.reason:
            reasons.setdefault(finding.reason, Counter())[finding.lab] += 1
    for reason, counts in reasons.items():
        of_labs = (lab if noun == "lab" else f"{count} of {lab}" for lab, count in counts.items())
        lines.append(f"{_count(counts.total(), noun)} to run ({reason}): {', '.join(of_labs)}")
    return "\n".join(lines)


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
