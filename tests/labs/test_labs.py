"""Every lab runs from its first cell to its last on the live cluster, and every claim holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster import paths
from kubelab import WaitFailed, connection, runs
from nbclaims import evidence, labs, runner
from nbclaims.evidence import EvidenceStore
from nbclaims.provenance import Book
from tests.labs import dumps


@pytest.mark.runs_labs
@pytest.mark.usefixtures("slot_for_a_run")
@pytest.mark.parametrize(
    "lab",
    [
        pytest.param(lab, id=lab.stem, marks=pytest.mark.leaves_evidence(lab))
        for lab in labs.to_run(paths.ROOT)
    ],
)
def test_lab_runs_and_its_claims_hold(lab: Path) -> None:
    run, store = runs.join(), EvidenceStore.of_book(paths.ROOT)
    api = connection.cluster().api
    # Before the run: a file that changes while the lab runs is not what ran.
    taken = Book(paths.ROOT).take(lab)
    # If the lab fails now, an older run must not remain as evidence.
    store.remove_notebook(lab.stem)
    result = runner.execute(lab, {"KUBELAB_RUN": run})
    left = runs.namespaces(api, f"{runs.LABEL}={run},kubelab/lab={lab.stem}")
    try:
        if result.error is None:
            store.write_notebook(lab.stem, result.notebook, taken)
            return
        folder = dumps.new_dump(lab.stem)
        if result.notebook is not None:
            evidence.write_notebook(result.notebook, folder / f"{lab.stem}.ipynb")
        for namespace in left:
            dumps.dump(api, namespace["metadata"]["name"], folder)
        failure = runner.explain(result.error, [WaitFailed])
        pytest.fail(f"{failure}\n\nDump: {os.path.relpath(folder)}", pytrace=False)
    finally:
        runs.delete(api, left)
