"""The labs' mutants, as far as they can be checked without a cluster."""

import shutil
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
def test_each_mutant_has_a_run_and_each_claim_a_control(lab: Path):
    runs = mutants.runs(lab)
    run = [mutant.mutant for one in runs for mutant in one.mutants]
    assert sorted(run) == sorted(mutant.mutant for mutant in mutants.of(lab))
    controls = [claim for one in runs for claim in one.controls]
    assert sorted(controls) == sorted({mutant.claim for mutant in mutants.of(lab)})


@each_lab
def test_all_changes_of_a_run_can_be_made_together(lab: Path, tmp_path: Path):
    for number, run in enumerate(mutants.runs(lab)):
        folder = tmp_path / str(number)
        shutil.copytree(lab.parent, folder)
        for change in {mutant.change for mutant in run.mutants}:
            mutants.change(lab.parent, folder, *change)


@each_lab
def test_no_two_mutants_of_a_run_are_about_one_claim(lab: Path):
    for run in mutants.runs(lab):
        claims = [*(mutant.claim for mutant in run.mutants), *run.controls]
        assert len(set(claims)) == len(claims)
