"""The committed notebooks are what their text generates: no outputs, no metadata of somebody's."""

from pathlib import Path

import nbformat
import notebooks
import pytest

CELL_LINES = 15
"""The most that a cell may have: what a reader takes in at once."""

each_lab = pytest.mark.parametrize("lab", notebooks.sources(), ids=lambda source: source.stem)


@each_lab
def test_notebook_is_generated_from_its_text(lab: Path) -> None:
    committed = lab.with_suffix(".ipynb")
    assert committed.exists() and committed.read_bytes() == notebooks.as_bytes(lab), (
        f"{committed.name} is not what {lab.name} generates: make notebooks"
    )


@each_lab
def test_notebook_is_valid_and_has_no_outputs(lab: Path) -> None:
    notebook = nbformat.read(lab.with_suffix(".ipynb"), as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code, "a lab without a cell to run"
    assert not [cell.id for cell in code if cell.outputs or cell.execution_count]
    assert notebook.metadata.keys() <= {"kernelspec", "kubelab"}


@each_lab
def test_cells_are_short_and_don_t_sleep(lab: Path) -> None:
    cells = [cell for cell in notebooks.read(lab).cells if cell.cell_type == "code"]
    sizes = {cell.source.splitlines()[0]: len(cell.source.splitlines()) for cell in cells}
    assert {first: size for first, size in sizes.items() if size > CELL_LINES} == {}
    assert [cell.source for cell in cells if "sleep(" in cell.source] == []
