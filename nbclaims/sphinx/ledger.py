"""Everything the book knows about its claims, in one value."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sphinx.environment import BuildEnvironment

from nbclaims import labs, mutants, sites
from nbclaims.evidence import EvidenceStore
from nbclaims.mutants import Mutant
from nbclaims.mutants import Verdict as MutantVerdict
from nbclaims.provenance import Book
from nbclaims.record import Record
from nbclaims.sites import ClaimSite

from .runs import Run, runs
from .statements import Statement, statements

ATTRIBUTE = "nbclaims_ledger"
"""Where Sphinx's environment keeps the ledger between builds."""


class Verdict(Enum):
    """What may be said of a claim in this build."""

    PROVED = "proved"
    """It held in the run, failed under a mutant, and held under none; its control did not fail."""
    OBSERVED = "observed"
    """It held in the run; that the check can fail was not shown."""
    FAILED = "failed"
    """The run observed something else than the book says."""
    NOT_RUN = "not run"
    """There is no run, or the run doesn't count for the book as it is now."""


@dataclass(frozen=True)
class DeclaredMutant:
    """A mutant that a lab declares, or the control of a claim, and what became of it.

    Attributes:
        verdict: the verdict; None if there is none, or if it doesn't count for the book as it is
            now.
        outdated: why the verdict doesn't count; empty if it counts, or if there is none.
    """

    mutant: Mutant
    page: str
    verdict: MutantVerdict | None
    outdated: str = ""

    @property
    def words(self) -> str:
        """What became of it, for a reader."""
        return self.verdict.verdict if self.verdict else _not_run(self.outdated)


@dataclass(frozen=True)
class Claim:
    """One claim with all that is known about it.

    Attributes:
        record: what the run observed; None if no run that counts came to it.
        outdated: why the run of its lab doesn't count; empty if it counts, or if there is none.
        control: the run of the claim without a change; None if it has none.
        statements: The statements of the source text whose verdict it supports.
    """

    site: ClaimSite
    record: Record | None
    outdated: str
    control: DeclaredMutant | None
    mutants: tuple[DeclaredMutant, ...]
    statements: tuple[Statement, ...]

    @property
    def name(self) -> str:
        """The claim's name, which is also its address."""
        return self.site.name

    @property
    def anchor(self) -> str:
        """The id of the claim's place on the lab's page, which `claim` writes into its output."""
        return self.site.anchor

    @property
    def verdict(self) -> Verdict:
        """What may be said of the claim; nothing is proved without a killed mutant."""
        if self.record is None:
            return Verdict.NOT_RUN
        if not self.record.holds:
            return Verdict.FAILED
        killed = any(one.verdict and one.verdict.verdict == "killed" for one in self.mutants)
        # A control that was not run says nothing against the claim.
        control = self.control.verdict if self.control else None
        if killed and (control is None or control.good) and not self.survivors:
            return Verdict.PROVED
        return Verdict.OBSERVED

    @property
    def survivors(self) -> list[str]:
        """The mutants under which the claim held all the same, by name."""
        return [
            one.mutant.mutant
            for one in self.mutants
            if one.verdict and one.verdict.verdict == "survived"
        ]

    @property
    def words(self) -> str:
        """What may be said of the claim, for a reader."""
        if self.verdict is Verdict.NOT_RUN:
            return _not_run(self.outdated)
        if self.survivors and self.verdict is Verdict.OBSERVED:
            return f"observed, but it also held under {_mutants(self.survivors)}"
        return str(self.verdict.value)


@dataclass(frozen=True)
class Ledger:
    """The book's claims, runs, mutants and the source text's statements.

    Two equal ledgers make the same pages: the build compares them to know what is out of date.

    Attributes:
        outdated: by page, why the run of its lab doesn't count.
        controls: the runs of claims without a change.
    """

    sites: tuple[ClaimSite, ...]
    runs: Mapping[str, Run]
    outdated: Mapping[str, str]
    controls: tuple[DeclaredMutant, ...]
    mutants: tuple[DeclaredMutant, ...]
    statements: tuple[Statement, ...]

    @property
    def claims(self) -> dict[str, Claim]:
        """The claims by name, in the order the labs make them."""
        return {site.name: self._claim(site) for site in self.sites}

    def _claim(self, site: ClaimSite) -> Claim:
        run = self.runs.get(site.page)
        return Claim(
            site=site,
            record=run.records.get(site.name) if run else None,
            outdated=self.outdated.get(site.page, ""),
            control=next((one for one in self.controls if one.mutant.claim == site.name), None),
            mutants=tuple(one for one in self.mutants if one.mutant.claim == site.name),
            statements=tuple(one for one in self.statements if site.name in one.claims),
        )

    def not_run(self, page: str) -> str:
        """Return, for a reader, that a page's lab was not run, and why if there is an older run."""
        return f"The lab was {_not_run(self.outdated.get(page, ''))}."

    def summary(self) -> str:
        """Return how many claims are in which state, and why some are not run: one line or two."""
        claims = self.claims.values()
        counts = Counter(claim.verdict for claim in claims)
        reasons = Counter(claim.outdated for claim in claims if claim.verdict is Verdict.NOT_RUN)
        because = [
            f"{count} of them because {reason}" for reason, count in reasons.most_common() if reason
        ]
        in_brackets = f" ({', '.join(because)})" if because else ""
        lines = [
            f"{len(claims)} claim{'s' * (len(claims) != 1)}: {counts[Verdict.PROVED]} proved, "
            f"{counts[Verdict.OBSERVED]} observed, {counts[Verdict.NOT_RUN]} not run"
            f"{in_brackets}, {counts[Verdict.FAILED]} failed"
        ]
        survivors = [
            f"{mutant} (claim {claim.name})" for claim in claims for mutant in claim.survivors
        ]
        if survivors:
            lines.append(f"mutants that survived: {', '.join(survivors)}")
        return "\n".join(lines)

    def problems(self, cited: Iterable[tuple[str, str]]) -> list[str]:
        """Return what is wrong with the book's claims, a sentence each; an empty list is right.

        Args:
            cited: the names of the claims that chapters cite, each with where it is cited.
        """
        cited = list(cited)
        known = {site.name: site for site in self.sites}
        wrong = [
            f"{site}: the claim {site.name!r} is already made in {known_site}. "
            "A claim's name is its address: rename one of them."
            for site in self.sites
            if (known_site := _first(self.sites, site.name)) is not site
        ]
        uses = [
            *((name, where) for name, where in cited),
            *(
                (one.mutant.claim, f"{one.page}, mutant {one.mutant.mutant!r}")
                for one in self.mutants
            ),
            *(
                (name, f"the statement {one.quote!r}")
                for one in self.statements
                for name in one.claims
            ),
        ]
        wrong += [
            f"{where}: no lab makes the claim {name!r}.{_did_you_mean(name, known)}"
            for name, where in uses
            if name not in known
        ]
        names = {name for name, _ in cited}
        wrong += [
            f"{site}: no chapter cites the claim {name!r}. "
            f"Cite it with {{claim}}`{name}`, or take it out of the lab."
            for name, site in known.items()
            if name not in names
        ]
        return wrong


def read_ledger(root: Path, store: EvidenceStore, statements_file: Path) -> Ledger:
    """Return the ledger of the book at `root`.

    Raises:
        UnreadableLab: a lab's claims can't be read without running it.
        BadStatement: an entry of the statements' file contradicts itself.
        BadSettings: the project's function for the environment can't be imported.
    """
    book = Book(root)
    counting, outdated = runs(book, store)
    return Ledger(
        sites=tuple(sites.in_labs(root)),
        runs=counting,
        outdated=outdated,
        controls=tuple(_controls(book, store)),
        mutants=tuple(_declared_mutants(book, store)),
        statements=statements(statements_file),
    )


def ledger_of(env: BuildEnvironment) -> Ledger:
    """Return the ledger of this build."""
    ledger = getattr(env, ATTRIBUTE, None)
    assert isinstance(ledger, Ledger), "the build reads the ledger before its pages"
    return ledger


def keep_ledger(env: BuildEnvironment, ledger: Ledger) -> bool:
    """Keep the ledger for this build; return whether it differs from that of the last build."""
    changed: bool = ledger != getattr(env, ATTRIBUTE, None)
    setattr(env, ATTRIBUTE, ledger)
    return changed


def _declared_mutants(book: Book, store: EvidenceStore) -> Iterator[DeclaredMutant]:
    for source in labs.sources(book.root):
        verdicts = {(one.mutant, one.claim): one for one in store.verdicts(source.stem)}
        for mutant in mutants.of(source):
            verdict = verdicts.get((mutant.mutant, mutant.claim))
            yield _with_verdict(book, source, mutant, verdict)


def _controls(book: Book, store: EvidenceStore) -> Iterator[DeclaredMutant]:
    for source in labs.sources(book.root):
        for verdict in store.verdicts(source.stem):
            if not verdict.mutant:
                yield _with_verdict(book, source, mutants.control(verdict.claim), verdict)


def _with_verdict(
    book: Book, source: Path, mutant: Mutant, verdict: MutantVerdict | None
) -> DeclaredMutant:
    page = labs.page_of(book.root, source)
    changed = verdict and book.changed_for_mutant(source, verdict.provenance, mutant.digest)
    if changed:
        return DeclaredMutant(mutant, page, None, book.reason(changed))
    return DeclaredMutant(mutant, page, verdict)


def _not_run(outdated: str) -> str:
    return f"not run for this version: {outdated}" if outdated else "not run"


def _mutants(names: list[str]) -> str:
    return f"the mutant{'s' * (len(names) > 1)} {' and '.join(names)}"


def _first(sites: tuple[ClaimSite, ...], name: str) -> ClaimSite:
    return next(site for site in sites if site.name == name)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
