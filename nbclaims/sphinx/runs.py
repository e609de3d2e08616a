"""The runs of the labs, as the pages of the book show them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import nbformat

from nbclaims import evidence, labs
from nbclaims.evidence import EvidenceStore
from nbclaims.provenance import Book
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


class OutdatedRun(Exception):
    """A run that doesn't count for the book as it is now; the text says why, in words."""


def runs(book: Book, store: EvidenceStore) -> tuple[dict[str, Run], dict[str, str]]:
    """Return the labs' runs by page, and by page why a run doesn't count.

    A lab that was not run is in neither.
    """
    found: dict[str, Run] = {}
    outdated: dict[str, str] = {}
    for source in labs.sources(book.root):
        text = store.notebook_text(source.stem)
        if text is None:
            continue
        page = labs.page_of(book.root, source)
        try:
            found[page] = _run(book, source, page, text)
        except OutdatedRun as reason:
            outdated[page] = str(reason)
    return found, outdated


def _run(book: Book, source: Path, name: str, text: str) -> Run:
    executed = nbformat.reads(text, as_version=4)
    if changed := book.changed(source, evidence.provenance(executed)):
        raise OutdatedRun(book.reason(changed))
    ran = labs.code(executed)
    page = nbformat.read(labs.notebook_of(source), as_version=4)
    # The lab's text may have changed without its notebook, which is the page.
    if [cell.source for cell in labs.code(page)] != [cell.source for cell in ran]:
        raise OutdatedRun(book.reason(["code"]))
    try:
        records = evidence.records(ran)
    except UnknownSchema as error:
        raise OutdatedRun("another version of nbclaims wrote its records") from error
    # The page has the lab's current prose with the run's outputs: no new run for a typo.
    for cell, executed_cell in zip(labs.code(page), ran, strict=True):
        cell.execution_count = executed_cell.execution_count
        cell.outputs = executed_cell.outputs
        for output in cell.outputs:
            # myst-nb warns of formats that it can't show.
            output.get("data", {}).pop(MIME_TYPE, None)
    return Run(
        page=name,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        notebook=nbformat.writes(page),
        records=records,
    )
