"""The runs of the labs, as the pages of the book show them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import nbformat

from nbclaims import evidence, labs
from nbclaims.evidence import EvidenceStore
from nbclaims.record import MIME_TYPE, Record, UnknownSchema


@dataclass(frozen=True)
class Run:
    """One executed lab.

    Attributes:
        page: the lab's page in the book.
        digest: changes whenever the executed notebook does.
        notebook: the lab's text with the outputs of the run, as JSON: the source of the page.
        records: the records of the claims that the run reached, by name.
    """

    page: str
    digest: str
    notebook: str
    records: dict[str, Record]


def runs(root: Path, store: EvidenceStore) -> dict[str, Run]:
    """Return the runs of the labs in the book at `root`, by page.

    A lab that was not run is missing. So is a lab whose code has changed since, or whose records
    another version of this package wrote: such a run is no evidence.
    """
    found = (_run(root, source, store.notebook_text(source.stem)) for source in labs.sources(root))
    return {run.page: run for run in found if run is not None}


def _run(root: Path, source: Path, text: str | None) -> Run | None:
    if text is None:
        return None
    ran = labs.code(nbformat.reads(text, as_version=4))
    page = nbformat.read(labs.notebook_of(source), as_version=4)
    if [cell.source for cell in labs.code(page)] != [cell.source for cell in ran]:
        return None
    try:
        records = evidence.records(ran)
    except UnknownSchema:
        return None
    # The page has the lab's current prose with the run's outputs: no new run for a typo.
    for cell, executed_cell in zip(labs.code(page), ran, strict=True):
        cell.execution_count = executed_cell.execution_count
        cell.outputs = executed_cell.outputs
        for output in cell.outputs:
            # myst-nb warns of formats that it can't show.
            output.get("data", {}).pop(MIME_TYPE, None)
    return Run(
        page=labs.page_of(root, source),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        notebook=nbformat.writes(page),
        records=records,
    )
