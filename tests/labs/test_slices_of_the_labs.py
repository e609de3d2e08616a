"""No slice of a lab omits what changes an object that the slice uses."""

import ast
from pathlib import Path

import pytest

from cluster import paths
from nbclaims import effects, labs, mutants, slices

each_lab = pytest.mark.parametrize("lab", labs.sources(paths.ROOT), ids=lambda source: source.stem)
CHANGES = ("patch", "delete", "evict")


def test_labs_change_objects():
    """Otherwise the tests below would find nothing to omit."""
    statements = [
        one for lab in labs.sources(paths.ROOT) for one in _statements(mutants.cells(lab))
    ]
    assert sum(bool(_changed_by(one)) for one in statements) > 30
    assert sum(bool(found.changed) for found in effects.of(statements).values()) > 50


@each_lab
def test_no_slice_omits_a_change_of_an_object_it_uses(lab: Path):
    cells = mutants.cells(lab)
    slicer = slices.Slicer(cells)
    assert slices.claims(cells)
    omitted = {}
    for claim in slices.claims(cells):
        needed = _statements(slicer.for_claim(claim))
        _, used = slicer.decisive(claim)
        before = _before(cells, claim)
        lost = [s for s in before if s not in needed and slicer.effects[s].changed & used]
        if lost:
            omitted[claim] = [ast.unparse(statement) for statement in lost]
    assert omitted == {}


@each_lab
def test_no_slice_omits_a_change_of_a_name_it_reads(lab: Path):
    """The same without the analysis of effects, for names that are bound just once."""
    cells = mutants.cells(lab)
    slicer = slices.Slicer(cells)
    bound = [name for one in _statements(cells) for name in _names(one, ast.Store)]
    omitted = {}
    for claim in slices.claims(cells):
        needed = _statements(slicer.for_claim(claim))
        deciding, _ = slicer.decisive(claim)
        read = {n for one in deciding for n in _names(one, ast.Load) if bound.count(n) == 1}
        lost = [s for s in _before(cells, claim) if s not in needed and read & _changed_by(s)]
        if lost:
            omitted[claim] = [ast.unparse(statement) for statement in lost]
    assert omitted == {}


def _statements(cells: list[slices.Cell]) -> list[ast.stmt]:
    return [statement for cell in cells for statement in cell.statements]


def _before(cells: list[slices.Cell], claim: str) -> list[ast.stmt]:
    """Statements that stand before a claim."""
    statements = _statements(cells)
    [place] = [i for i, one in enumerate(statements) if claim in slices.claims_in(one)]
    return statements[:place]


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> list[str]:
    nodes = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return [node.id for node in nodes if isinstance(node.ctx, context)]


def _changed_by(statement: ast.stmt) -> set[str]:
    """Names on which a statement calls a method that changes the object."""
    return {
        node.func.value.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CHANGES
        and isinstance(node.func.value, ast.Name)
    }
