"""Everything the book knows about its claims, in one value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sphinx.environment import BuildEnvironment

from nbclaims import labs, mutants, sites
from nbclaims.evidence import EvidenceStore
from nbclaims.mutants import Mutant
from nbclaims.mutants import Verdict as MutantVerdict
from nbclaims.record import Record
from nbclaims.sites import ClaimSite

from .runs import Run, runs
from .statements import Statement, statements

ATTRIBUTE = "nbclaims_ledger"
"""Where Sphinx's environment keeps the ledger between builds."""


class Verdict(Enum):
    """What may be said of a claim in this build."""

    PROVED = "proved"
    """It held in the run, and failed under at least one mutant."""
    UNPROVED = "unproved"
    """It held in the run, but no mutant of it was killed: the check might be unable to fail."""
    FAILED = "failed"
    """The run observed something else than the book says."""
    NOT_RUN = "not run in this build"


@dataclass(frozen=True)
class DeclaredMutant:
    """A mutant that a lab declares, and what became of it; None if it was not run."""

    mutant: Mutant
    page: str
    verdict: MutantVerdict | None


@dataclass(frozen=True)
class Claim:
    """One claim with all that is known about it.

    Attributes:
        record: what the run observed; None if no run came to it.
        statements: the sentences of the source text that it covers or corrects.
    """

    site: ClaimSite
    record: Record | None
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
        if any(one.verdict and one.verdict.verdict == "killed" for one in self.mutants):
            return Verdict.PROVED
        return Verdict.UNPROVED


@dataclass(frozen=True)
class Ledger:
    """The book's claims, runs, mutants and the source text's statements.

    Two equal ledgers make the same pages: the build compares them to know what is out of date.
    """

    sites: tuple[ClaimSite, ...]
    runs: Mapping[str, Run]
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
            mutants=tuple(one for one in self.mutants if one.mutant.claim == site.name),
            statements=tuple(one for one in self.statements if site.name in one.claims),
        )

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
    """
    return Ledger(
        sites=tuple(sites.in_labs(root)),
        runs=runs(root, store),
        mutants=tuple(_declared_mutants(root, store)),
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


def _declared_mutants(root: Path, store: EvidenceStore) -> Iterator[DeclaredMutant]:
    for source in labs.sources(root):
        verdicts = {(one.mutant, one.claim): one for one in store.verdicts(source.stem)}
        page = labs.page_of(root, source)
        for mutant in mutants.of(source):
            yield DeclaredMutant(mutant, page, verdicts.get((mutant.mutant, mutant.claim)))


def _first(sites: tuple[ClaimSite, ...], name: str) -> ClaimSite:
    return next(site for site in sites if site.name == name)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
