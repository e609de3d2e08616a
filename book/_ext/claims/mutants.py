"""The wrong manifests under which a claim must fail, and what became of them in the run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .labs import notebooks, page_of

NOT_RUN = "not run"


@dataclass(frozen=True)
class Mutant:
    """One deliberate mistake, declared in a lab's `mutants.yaml`.

    Attributes:
        claim: the claim that must fail under it.
        page: the page of the lab it belongs to.
        file: the file it changes, in the lab's folder.
        find: the text it takes out.
        replace: the text it puts in.
        verdict: `killed`, `survived` or `void`, as the run said; `not run` without a run.
        reason: what the claim said when it failed under the mutant, or why nothing was learned.
    """

    name: str
    claim: str
    page: str
    file: str
    find: str
    replace: str
    verdict: str
    reason: str


def mutants(root: Path, evidence: Path) -> tuple[Mutant, ...]:
    """Return the mutants of all labs of the book at `root`, in the order they are declared.

    Args:
        evidence: the folder of the executed notebooks; the verdicts are in `mutants/<lab>.json`.
    """
    found = []
    for notebook in notebooks(root):
        declared = notebook.with_name("mutants.yaml")
        if not declared.exists():
            continue
        records = _records(evidence / "mutants" / f"{notebook.stem}.json")
        for entry in yaml.safe_load(declared.read_text(encoding="utf-8")) or []:
            record = records.get((entry["mutant"], entry["claim"]), {})
            found.append(
                Mutant(
                    name=entry["mutant"],
                    claim=entry["claim"],
                    page=page_of(root, notebook),
                    file=entry["file"],
                    find=entry["find"],
                    replace=entry["replace"],
                    verdict=record.get("verdict", NOT_RUN),
                    reason=record.get("reason", ""),
                )
            )
    return tuple(found)


def _records(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what a run of the mutants left, by mutant and claim."""
    if not path.exists():
        return {}
    records = json.loads(path.read_text(encoding="utf-8"))
    return {(record["mutant"], record["claim"]): record for record in records}
