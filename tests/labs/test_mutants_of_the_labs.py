"""The labs' mutants, as far as they can be checked without a cluster."""

from pathlib import Path

import pytest

from cluster import paths
from nbclaims import labs, mutants

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
