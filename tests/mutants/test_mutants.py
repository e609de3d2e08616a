"""Every claim can fail: it fails when the lab applies nothing, and under each of its mutants."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster import paths
from kubelab import connection
from kubelab.lab import close_all
from nbclaims import labs, mutants
from nbclaims.mutants import NOTHING_APPLIED, Mutant, Verdict
from nbclaims.provenance import Book, Provenance
from nbclaims.pytest_plugin import RecordVerdicts

LABS = labs.to_run(paths.ROOT)
# Read when this process has imported the library, which the mutants run in this process.
BOOK = Book(paths.ROOT)
leaves_evidence = pytest.mark.leaves_evidence
each_lab_to_run = pytest.mark.parametrize(
    "lab",
    [pytest.param(lab, id=lab.stem, marks=leaves_evidence(lab, [NOTHING_APPLIED])) for lab in LABS],
)
# The longest runs come first: a long run at the end would run alone. These are the runs with many
# mutants, and those of the labs that wait for a store or for scrapes under every mutant.
WAIT_LONGEST = ("log-forwarding", "metrics")
RUNS = sorted(
    ((lab, run) for lab in LABS for run in mutants.runs(lab)),
    key=lambda pair: (pair[0].stem not in WAIT_LONGEST, -len(pair[1])),
)
each_run = pytest.mark.parametrize(
    ("lab", "together"),
    [
        pytest.param(
            *(lab, run),
            id=f"{lab.stem}-{'+'.join(one.mutant for one in run)}",
            marks=leaves_evidence(lab, run),
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
@pytest.mark.usefixtures("room_for_one_more")
def test_no_claim_holds_where_nothing_is_applied(
    lab: Path, monkeypatch: pytest.MonkeyPatch, record_verdicts: RecordVerdicts
) -> None:
    taken = made_of(lab)
    monkeypatch.chdir(lab.parent)
    monkeypatch.setitem(os.environ, "KUBELAB_APPLY", "nothing")
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
@pytest.mark.usefixtures("room_for_one_more")
def test_mutants_are_killed(
    lab: Path,
    together: list[Mutant],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_verdicts: RecordVerdicts,
) -> None:
    taken = made_of(lab)
    monkeypatch.chdir(tmp_path)
    verdicts = mutants.run(lab, together, tmp_path, cleanup=close_all)
    record_verdicts(lab, verdicts, taken, together)
    alive = [verdict for verdict in verdicts if verdict.verdict != "killed"]
    if alive:
        texts = (f"{v.mutant} {v.verdict}: {v.reason}\n\n{v.diff}" for v in alive)
        pytest.fail("\n\n".join(texts), pytrace=False)
