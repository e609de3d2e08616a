"""The committed notebooks are what their text generates: without outputs and editors' metadata."""

from pathlib import Path

import nbformat
import pytest

from cluster import paths
from nbclaims import labs, slices

CELL_LINES = 15
"""The most lines that a cell may have, so that a reader sees it as a whole."""

each_lab = pytest.mark.parametrize("lab", labs.sources(paths.ROOT), ids=lambda source: source.stem)


@each_lab
def test_notebook_is_generated_from_its_text(lab: Path) -> None:
    committed = labs.notebook_of(lab)
    assert committed.exists() and committed.read_bytes() == labs.as_bytes(lab), (
        f"{committed.name} is not what {lab.name} generates: make notebooks"
    )


@each_lab
def test_code_cells_are_read_as_jupytext_reads_them(lab: Path) -> None:
    assert labs.code_cells(lab) == [cell.source for cell in labs.code(labs.read(lab))]


@each_lab
def test_notebook_is_valid_and_has_no_outputs(lab: Path) -> None:
    notebook = nbformat.read(labs.notebook_of(lab), as_version=4)
    nbformat.validate(notebook)
    code = labs.code(notebook)
    assert code, "a lab without a cell to run"
    assert not [cell.id for cell in code if cell.outputs or cell.execution_count]
    assert notebook.metadata.keys() <= {"kernelspec", "lab"}


@each_lab
def test_cells_are_short_and_don_t_sleep(lab: Path) -> None:
    sources = [cell.source for cell in labs.code(labs.read(lab))]
    assert too_long(sources) == []
    assert [source for source in sources if "sleep(" in source] == []


def test_each_of_two_cells_with_the_same_first_line_is_measured() -> None:
    short, long = "claim(\n)", "claim(" + CELL_LINES * "\n" + ")"
    assert too_long([short, long, short]) == [long]


def too_long(sources: list[str]) -> list[str]:
    """Return the cells that have more lines than a reader sees as a whole."""
    return [source for source in sources if len(source.splitlines()) > CELL_LINES]


@each_lab
def test_cells_with_a_claim_are_folded_and_no_others(lab: Path) -> None:
    """A claim's cell states what is expected: it would answer the question above it."""
    for cell in labs.code(labs.read(lab)):
        folded = "hide-input" in cell.metadata.get("tags", [])
        assert folded == bool(slices.claims(slices.parse([cell.source]))), cell.source
        assert cell.metadata.get("jupyter", {}).get("source_hidden", False) == folded
