"""The labs' mutants, as far as they can be checked without a cluster."""

from pathlib import Path

import pytest

from cluster import paths
from nbclaims import labs, mutants, slices

each_lab = pytest.mark.parametrize("lab", labs.sources(paths.ROOT), ids=lambda source: source.stem)


@each_lab
def test_what_a_mutant_changes_occurs_once_in_its_file(lab: Path):
    counts = {
        mutant.mutant: (lab.parent / mutant.file).read_text().count(mutant.find)
        for mutant in mutants.of(lab)
    }
    assert {name: count for name, count in counts.items() if count != 1} == {}


@each_lab
def test_mutants_that_share_a_run_can(lab: Path):
    assert mutants.runs(lab)


@each_lab
def test_every_claim_has_a_mutant(lab: Path) -> None:
    claims = slices.claims(mutants.cells(lab))
    with_mutant = {mutant.claim for mutant in mutants.of(lab)}
    assert sorted(set(claims)) == sorted(claims), "a claim is made twice"
    assert not [claim for claim in claims if claim not in with_mutant], "claims without a mutant"
    assert not with_mutant - set(claims), "mutants of claims that the lab doesn't make"


@each_lab
def test_names_of_mutants_are_unique(lab: Path) -> None:
    names = [mutant.mutant for mutant in mutants.of(lab)]
    assert sorted(set(names)) == sorted(names)
