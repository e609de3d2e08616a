"""The evidence store: executed notebooks and verdicts on mutants, below one folder of a book.

    _build/evidence/<lab>.ipynb          the executed notebook of a lab
    _build/evidence/mutants/<lab>.json   the verdicts on a lab's mutants
    recorded/                            the same of a recorded run, committed with the book

The pages show a recorded run where no newer one is there. What has to run is decided without it: a
recorded run never stands for one on this machine's cluster.

Files are replaced atomically: a reader sees the old content or the new one, never a part.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbclaims.mutants import NOTHING_APPLIED, Mutant, Verdict, control
from nbclaims.provenance import Provenance
from nbclaims.record import MIME_TYPE, Record

if TYPE_CHECKING:
    import nbformat  # labs.py says why it is imported where it is used

FOLDER = "_build/evidence"
"""Where evidence lies, relative to the book's folder."""

RECORDED = "recorded"
"""Where a recorded run lies, relative to the book's folder."""

METADATA = "nbclaims"
"""The key of an executed notebook's metadata that this package owns."""


@dataclass(frozen=True)
class EvidenceStore:
    """What runs of a book's labs left behind."""

    folder: Path
    recorded: EvidenceStore | None = None
    """What is read where this store has nothing."""

    @classmethod
    def of_book(cls, root: Path, folder: str = FOLDER) -> EvidenceStore:
        """Return the store of the book at `root`, without the recorded run."""
        return cls(root / folder)

    @classmethod
    def with_recorded(cls, root: Path, folder: str = FOLDER) -> EvidenceStore:
        """Return the store of the book at `root`, with the recorded run behind it."""
        return cls(root / folder, cls(root / RECORDED))

    def notebook_text(self, lab: str) -> str | None:
        """Return the executed notebook of a lab as JSON; None if the lab was not run."""
        path = self._notebook(lab)
        if path.exists():
            return path.read_text(encoding="utf-8")
        return self.recorded.notebook_text(lab) if self.recorded else None

    def write_notebook(
        self, lab: str, notebook: nbformat.NotebookNode, provenance: Provenance
    ) -> None:
        """Keep the executed notebook of a lab, with what the run was made of."""
        notebook.metadata[METADATA] = {"provenance": provenance.to_json()}
        write_notebook(notebook, self._notebook(lab))

    def remove_notebook(self, lab: str) -> None:
        """Remove a lab's executed notebook, if there is one."""
        self._notebook(lab).unlink(missing_ok=True)

    def verdicts(self, lab: str) -> list[Verdict]:
        """Return the verdicts on a lab's mutants; none if they were not run."""
        found = {_key(one): one for one in (self.recorded.verdicts(lab) if self.recorded else [])}
        path = self._verdicts(lab)
        entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        found |= {_key(one): one for one in map(Verdict.from_json, entries)}
        return list(found.values())

    def update_verdicts(
        self, lab: str, verdicts: Iterable[Verdict], declared: Iterable[Mutant]
    ) -> None:
        """Add verdicts to those on a lab's mutants, in place of older ones on the same mutants.

        Args:
            lab: the lab's name.
            verdicts: the new verdicts.
            declared: the lab's mutants; verdicts on others go.
        """
        mutants = [*declared, NOTHING_APPLIED]
        controls = [control(one.claim) for one in mutants]
        kept = {(one.mutant, one.claim) for one in [*mutants, *controls]}
        merged = {(one.mutant, one.claim): one for one in [*self.verdicts(lab), *verdicts]}
        self.write_verdicts(lab, (merged[key] for key in merged.keys() & kept))

    def write_verdicts(self, lab: str, verdicts: Iterable[Verdict]) -> None:
        """Keep the verdicts on a lab's mutants, and no others."""
        entries = [verdict.to_json() for verdict in sorted(verdicts, key=_key)]
        text = json.dumps(entries, indent=2)
        _replace(self._verdicts(lab), lambda path: path.write_text(text, encoding="utf-8"))

    def record(self, root: Path) -> Iterator[Path]:
        """Copy the evidence into the recorded run of the book at `root`; yield the files."""
        target = root / RECORDED
        if target.exists():
            shutil.rmtree(target)
        for path in sorted([*self.folder.glob("*.ipynb"), *self.folder.glob("mutants/*.json")]):
            copy = target / path.relative_to(self.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            yield Path(shutil.copy(path, copy))

    def _notebook(self, lab: str) -> Path:
        return self.folder / f"{lab}.ipynb"

    def _verdicts(self, lab: str) -> Path:
        return self.folder / "mutants" / f"{lab}.json"


def provenance(notebook: Mapping[str, Any]) -> Provenance | None:
    """Return what the run of an executed notebook was made of; None if it doesn't state it."""
    return Provenance.from_json(notebook["metadata"].get(METADATA, {}).get("provenance"))


def records(cells: Iterable[nbformat.NotebookNode]) -> dict[str, Record]:
    """Return the records in the outputs of executed cells, by the claims' names.

    Of a claim that was made several times, it is the first record that doesn't hold.

    Raises:
        UnknownSchema: another version of this package wrote a record.
    """
    found: dict[str, Record] = {}
    for cell in cells:
        for output in cell.outputs:
            data = output.get("data", {}).get(MIME_TYPE)
            if data is None:
                continue
            record = Record.from_json(json.loads(data) if isinstance(data, str) else data)
            earlier = found.get(record.name)
            if earlier is None or earlier.holds:
                found[record.name] = record
    return found


def write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook file atomically."""
    import nbformat

    _replace(path, lambda unfinished: nbformat.write(notebook, unfinished))


def _key(verdict: Verdict) -> tuple[str, str]:
    return verdict.mutant, verdict.claim


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    write(unfinished)
    unfinished.replace(path)
