"""Every claim can fail: it fails when the lab applies nothing, and under each of its mutants."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster import paths
from kubelab.lab import close_all
from nbclaims import labs, mutants, slices
from nbclaims.mutants import Mutant
from nbclaims.packing import Run
from nbclaims.pytest_plugin import RecordVerdicts

LABS = labs.to_run(paths.ROOT)
each_lab = pytest.mark.parametrize("lab", labs.sources(paths.ROOT), ids=lambda source: source.stem)
each_lab_to_run = pytest.mark.parametrize("lab", LABS, ids=lambda source: source.stem)
# What takes longest comes first: a long run at the end would run alone.
RUNS = sorted(
    ((lab, run) for lab in LABS for run in mutants.runs(lab)), key=lambda pair: -pair[1].cost
)
each_run = pytest.mark.parametrize(
    ("lab", "together"),
    [pytest.param(lab, run, id=f"{lab.stem}-{run.name}") for lab, run in RUNS],
)


@each_lab_to_run
@pytest.mark.runs_labs
@pytest.mark.usefixtures("room_for_one_more")
def test_no_claim_holds_where_nothing_is_applied(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lab.parent)
    monkeypatch.setitem(os.environ, "KUBELAB_APPLY", "nothing")
    holding, not_made = mutants.without_anything_applied(lab, cleanup=close_all)
    print("not even made:", ", ".join(not_made) or "none")
    assert holding == []


@each_run
@pytest.mark.runs_labs
@pytest.mark.usefixtures("room_for_one_more")
def test_mutants_are_killed_and_controls_hold(
    lab: Path,
    together: Run[Mutant],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_verdicts: RecordVerdicts,
) -> None:
    monkeypatch.chdir(tmp_path)
    verdicts = mutants.run(
        lab, together.mutants, tmp_path, cleanup=close_all, controls=together.controls
    )
    record_verdicts(lab, verdicts)
    if texts := [mutants.complaint(verdict) for verdict in verdicts if not verdict.good]:
        pytest.fail("\n\n".join(texts), pytrace=False)


@each_lab
def test_every_claim_has_a_mutant(lab: Path) -> None:
    claims = slices.claims(mutants.cells(lab))
    proved = {mutant.claim for mutant in mutants.of(lab)}
    assert sorted(set(claims)) == sorted(claims), "a claim is made twice"
    assert not [claim for claim in claims if claim not in proved], "claims without a mutant"
    assert not proved - set(claims), "mutants of claims that the lab doesn't make"


@each_lab
def test_names_of_mutants_are_unique(lab: Path) -> None:
    names = [mutant.mutant for mutant in mutants.of(lab)]
    assert sorted(set(names)) == sorted(names)
