"""The lab of every outcome on paper: what its claims expect fills the table, and agrees with the
diagram of the chapter. What a cluster does is the lab's own business."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

import kubelab.grids
import kubelab.outcomes
import nbclaims
from cluster import paths
from nbclaims import labs
from tests.book.mermaid import first_flowchart

CHAPTER = paths.ROOT / "book" / "in-depth" / "every-end.md"
LAB = paths.ROOT / "labs" / "every-end" / "every-end.md"

QUESTIONS = {
    "a native sidecar?": lambda place, end, controller, policy: place == "sidecar",
    "an init container that exits 0?": lambda place, end, controller, policy: (
        (place, end) == ("init", "exits 0")
    ),
    "Always, or OnFailure and not exit 0 by itself?": lambda place, end, controller, policy: (
        policy == "Always" or (policy == "OnFailure" and end != "exits 0")
    ),
    "exit code 0?": lambda place, end, controller, policy: end in ("exits 0", "liveness fails"),
    "in a Job?": lambda place, end, controller, policy: controller == "Job",
    "does the API server accept it?": lambda place, end, controller, policy: (
        (place, end) != ("init", "liveness fails")
        and (controller == "Pod" or (controller == "Job") == (policy != "Always"))
    ),
}


@dataclass
class OnPaper:
    """A lab without a cluster: the API server's answers are those that the claims expect."""

    expected: dict[str, str] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    shown: dict[str, list] = field(default_factory=dict)

    def claim(self, name: str, sentence: str, *, expected: Mapping[str, Any], **_: Any) -> None:
        cells = {key: value for key, value in expected.items() if ", " in key}
        self.twice += cells.keys() & self.expected.keys()
        self.expected |= cells

    def grid(self, **shown: Any) -> None:
        self.shown = shown

    def documents(self, file: str) -> list[dict]:
        return list(yaml.safe_load_all((LAB.parent / "manifests" / file).read_text()))

    def try_apply_documents(self, manifests: Iterable[dict]) -> list[Answer]:
        return [Answer(self, manifest["metadata"]["name"]) for manifest in manifests]

    def apply_documents(self, manifests: Iterable[dict]) -> list[str]:
        return [manifest["metadata"]["name"] for manifest in manifests]

    def show(self, manifest: str | dict) -> None: ...

    def close(self) -> None: ...


@dataclass
class Answer:
    """An API server's answer to a manifest, by what the claims say of its cell."""

    paper: OnPaper
    name: str

    @property
    def accepted(self) -> bool:
        refused = {cell for cell, word in self.paper.expected.items() if word == "refused"}
        return self.name not in {re.sub(r",? ", "-", cell).lower() for cell in refused}

    field = ""


@pytest.fixture(scope="module")
def paper() -> OnPaper:
    """The lab's cells, run where `claim` only notes what it is given."""
    lab = OnPaper()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubelab, "Lab", lambda name: lab)
        patch.setattr(nbclaims, "claim", lab.claim)
        patch.setattr(kubelab.grids, "grid", lab.grid)
        patch.setattr(kubelab.outcomes, "outcomes", lambda *_, **__: {"kept": (True, 2)})
        scope: dict[str, Any] = {}
        for cell in labs.code(labs.read(LAB)):
            exec(cell.source, scope)
    return lab


def test_each_cell_of_the_table_is_claimed_once(paper: OnPaper):
    cells = [
        f"{' '.join(row)}, {' '.join(column)}"
        for row, column in product(paper.shown["rows"], paper.shown["columns"])
    ]
    assert len(cells) == 3 * 4 * 3 * 3
    assert paper.twice == []
    assert sorted(paper.expected) == sorted(cells)


def test_the_chapters_diagram_answers_for_each_cell_as_the_claims_do(paper: OnPaper):
    labels, ways = drawn(CHAPTER)
    wrong = {
        cell: (word, answered)
        for cell, word in paper.expected.items()
        if (answered := follow(labels, ways, cell)) != word
    }
    assert wrong == {}


def drawn(chapter: Path) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """The diagram's labels by node, and where `yes` and `no` lead from each."""
    chart = first_flowchart(chapter)
    return chart.texts, {(arrow.start, arrow.label): arrow.end for arrow in chart.arrows}


def follow(labels: dict[str, str], ways: dict[tuple[str, str], str], cell: str) -> str:
    """The label at which a cell arrives: `app exits 0, Pod Never` at `Pod Succeeded`."""
    place, end, controller, policy = re.fullmatch(r"(\w+) (.+), (\w+) (\w+)", cell).groups()
    [node] = {node for node, _ in ways} - set(ways.values())
    while (node, "yes") in ways:
        answer = QUESTIONS[labels[node]](place, end, controller, policy)
        node = ways[node, "yes" if answer else "no"]
    return labels[node]
