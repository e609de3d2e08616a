"""What a run observed, read back from the executed notebooks."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from .labs import notebooks, page_of

CLAIM_MIME = "application/vnd.kubelab.claim+json"


@dataclass(frozen=True)
class Record:
    """What one claim carried out of the run, as `kubelab.claim` wrote it into the notebook.

    Attributes:
        observed: what the cluster answered, by name.
        expected: what the book expected, by the same names, as text.
        kubernetes: the version the API server gave, such as `v1.37.2`.
        cluster: what kind of cluster it was, in words.
        at: when the claim was made, ISO 8601 in UTC.
    """

    name: str
    holds: bool
    observed: dict[str, Any]
    expected: dict[str, Any]
    kubernetes: str | None
    cluster: str | None
    at: str

    @property
    def day(self) -> str:
        """The day of the run, such as `2026-11-22`."""
        return self.at[:10]


@dataclass(frozen=True)
class Run:
    """One executed lab.

    Attributes:
        page: the lab's page in the book.
        digest: changes whenever the executed notebook does.
        notebook: the lab's text with the outputs of the run, as JSON: what the page is made of.
        records: the claims the run came to, by name.
    """

    page: str
    digest: str
    notebook: str
    records: dict[str, Record]


def runs(root: Path, evidence: Path) -> dict[str, Run]:
    """Return the runs of the labs in the book at `root`, by page.

    A lab that was not run is missing, and so is one whose code has changed since: what another
    program showed is no evidence for this one.

    Args:
        evidence: the folder of the executed notebooks, one a lab, `<lab>.ipynb`.
    """
    found = (_run(root, path, evidence / path.name) for path in notebooks(root))
    return {run.page: run for run in found if run is not None}


def _run(root: Path, lab: Path, executed: Path) -> Run | None:
    if not executed.exists():
        return None
    text = executed.read_text(encoding="utf-8")
    ran = _code_cells(nbformat.reads(text, as_version=4))
    page = nbformat.read(lab, as_version=4)
    if [cell.source for cell in _code_cells(page)] != [cell.source for cell in ran]:
        return None
    records = _records(ran)
    # The page is the lab's newest prose with the run's outputs: mending a typo needs no cluster.
    for cell, executed_cell in zip(_code_cells(page), ran, strict=True):
        cell.execution_count = executed_cell.execution_count
        cell.outputs = executed_cell.outputs
        for output in cell.outputs:
            # For machines: myst-nb warns of formats that it can't show.
            output.get("data", {}).pop(CLAIM_MIME, None)
    return Run(
        page=page_of(root, lab),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        notebook=nbformat.writes(page),
        records=records,
    )


def _code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _records(cells: list[nbformat.NotebookNode]) -> dict[str, Record]:
    """Return the claims' records by name; of a claim made several times, the first that failed."""
    records: dict[str, Record] = {}
    for cell in cells:
        for output in cell.outputs:
            data = output.get("data", {}).get(CLAIM_MIME)
            if data is None:
                continue
            data = json.loads(data) if isinstance(data, str) else data
            record = Record(**{field: data[field] for field in Record.__dataclass_fields__})
            earlier = records.get(record.name)
            if earlier is None or earlier.holds:
                records[record.name] = record
    return records
