"""The labs' own mutants, as far as that can be told without a cluster."""

from pathlib import Path

import mutants
import notebooks
import pytest

each_lab = pytest.mark.parametrize("lab", notebooks.sources(), ids=lambda source: source.stem)


@each_lab
def test_what_a_mutant_changes_stands_in_its_file_just_once(lab: Path):
    counts = {
        mutant.mutant: (lab.parent / mutant.file).read_text().count(mutant.find)
        for mutant in mutants.of(lab)
    }
    assert {name: count for name, count in counts.items() if count != 1} == {}


@each_lab
def test_mutants_that_share_a_run_can(lab: Path):
    assert mutants.runs(lab)
