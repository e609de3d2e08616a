"""Every claim can fail: it does where nothing is applied, and under a mutant made for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import mutants
import notebooks
import pytest
import slicing
from packing import Run

from kubelab.lab import close_all

LABS = notebooks.to_run()
each_lab = pytest.mark.parametrize("lab", notebooks.sources(), ids=lambda source: source.stem)
each_lab_to_run = pytest.mark.parametrize("lab", LABS, ids=lambda source: source.stem)
# What takes longest comes first: a long run at the end would run alone.
RUNS = sorted(
    ((lab, run) for lab in LABS for run in mutants.runs(lab)), key=lambda pair: -pair[1].cost
)
each_run = pytest.mark.parametrize(
    ("lab", "together"),
    [pytest.param(lab, run, id=f"{lab.stem}-{run.name}") for lab, run in RUNS],
)


@pytest.fixture(autouse=True)
def no_lab_left_open() -> Iterator[None]:
    yield
    close_all()


@each_lab_to_run
@pytest.mark.usefixtures("room_for_one_more")
def test_no_claim_holds_where_nothing_is_applied(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lab.parent)
    monkeypatch.setitem(os.environ, "KUBELAB_APPLY", "nothing")
    holding, not_made = mutants.without_anything_applied(lab)
    print("not even made:", ", ".join(not_made) or "none")
    assert holding == []


@each_run
@pytest.mark.usefixtures("room_for_one_more")
def test_mutants_are_killed_and_controls_hold(
    lab: Path,
    together: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.chdir(tmp_path)
    verdicts = mutants.run(lab, together.mutants, tmp_path, together.controls)
    for verdict in verdicts:
        kind = "mutant" if verdict.mutant else "control"
        record_property(kind, {"lab": lab.stem, **verdict.as_dict()})
    texts = [mutants.complaint(verdict) for verdict in verdicts if not verdict.good]
    if texts:
        pytest.fail("\n\n".join(texts), pytrace=False)


@each_lab
def test_every_claim_has_a_mutant(lab: Path) -> None:
    claims = slicing.claims(mutants.cells(lab))
    proved = {mutant.claim for mutant in mutants.of(lab)}
    assert sorted(set(claims)) == sorted(claims), "a claim is made twice"
    assert not [claim for claim in claims if claim not in proved], "claims without a mutant"
    assert not proved - set(claims), "mutants of claims that the lab doesn't make"


@each_lab
def test_mutants_have_names_of_their_own(lab: Path) -> None:
    names = [mutant.mutant for mutant in mutants.of(lab)]
    assert sorted(set(names)) == sorted(names)
