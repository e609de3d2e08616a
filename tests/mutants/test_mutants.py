"""Every claim can fail: it fails when the lab applies nothing, and under each of its mutants."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from cluster import paths
from kubelab import connection, polling
from kubelab.lab import close_all
from nbclaims import labs, mutants
from nbclaims.mutants import NOTHING_APPLIED, Mutant, Run, Verdict
from nbclaims.provenance import Book, Provenance
from nbclaims.pytest_plugin import RecordVerdicts
from tests.mutants.inert import InertCluster

LABS = labs.to_run(paths.ROOT)
# Read when this process has imported the library, which the mutants run in this process.
BOOK = Book(paths.ROOT)
leaves_evidence = pytest.mark.leaves_evidence
each_lab_to_run = pytest.mark.parametrize(
    "lab",
    [pytest.param(lab, id=lab.stem, marks=leaves_evidence(lab, [NOTHING_APPLIED])) for lab in LABS],
)


def items(run: Run) -> list[Mutant]:
    """Return the mutants of a run, and what stands for its controls."""
    return [*run.mutants, *map(mutants.control, run.controls)]


# The controls take half as long as all mutants, and fail only when an author changes a lab.
WITH_CONTROLS = os.environ.get("CONTROLS") == "all"
# What has most to do comes first: a long run at the end would run alone.
RUNS = sorted(
    ((lab, run) for lab in LABS for run in mutants.runs(lab) if run.mutants or WITH_CONTROLS),
    key=lambda pair: -len(items(pair[1])),
)
each_run = pytest.mark.parametrize(
    ("lab", "together"),
    [
        pytest.param(
            *(lab, run), id=f"{lab.stem}-{run.name}", marks=leaves_evidence(lab, items(run))
        )
        for lab, run in RUNS
    ],
)


def made_of(lab: Path) -> Provenance:
    """What a run of the lab's mutants that starts now is made of."""
    connection.cluster()  # tells nbclaims the environment
    return BOOK.take_for_mutants(lab)


@each_lab_to_run
@pytest.mark.runs_labs
@pytest.mark.usefixtures("slot_for_a_run")
def test_no_claim_holds_where_nothing_is_applied(
    lab: Path, monkeypatch: pytest.MonkeyPatch, record_verdicts: RecordVerdicts
) -> None:
    taken = made_of(lab)
    monkeypatch.chdir(lab.parent)
    # Every attempt is the last one: what is not applied doesn't appear.
    monkeypatch.setattr(polling, "clock", itertools.count(step=3600).__next__)
    with connection.use(InertCluster(connection.cluster())):
        holding, not_made = mutants.without_anything_applied(lab, cleanup=close_all)
    print("not even made:", ", ".join(not_made) or "none")
    reason = f"hold although the lab applies nothing: {', '.join(holding) or 'none'}"
    verdict = Verdict(
        NOTHING_APPLIED.mutant,
        NOTHING_APPLIED.claim,
        "survived" if holding else "killed",
        reason,
    )
    record_verdicts(lab, [verdict], taken, [NOTHING_APPLIED])
    assert holding == []


@each_run
@pytest.mark.runs_labs
@pytest.mark.usefixtures("slot_for_a_run")
def test_mutants_are_killed_and_controls_hold(
    lab: Path,
    together: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_verdicts: RecordVerdicts,
) -> None:
    taken = made_of(lab)
    monkeypatch.chdir(tmp_path)
    verdicts = mutants.run(
        lab, together.mutants, tmp_path, cleanup=close_all, controls=together.controls
    )
    record_verdicts(lab, verdicts, taken, items(together))
    if texts := [mutants.complaint(verdict) for verdict in verdicts if not verdict.good]:
        pytest.fail("\n\n".join(texts), pytrace=False)
