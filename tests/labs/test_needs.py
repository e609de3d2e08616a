"""A lab declares what it needs of a cluster: all that its cells use, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from cluster import paths
from kubelab.needs import NEEDS, declared
from nbclaims import labs, mutants

CALLS = {
    "node": {"nodes"},
    "nodes": {"nodes"},
    "ingress_controller": {"ingress-controller", "load-balancer"},
    "gateway_controller": {"gateway-api", "load-balancer"},
}
CLIENTS = {"external": {"external-client"}, "host": {"host-ports"}}


def used(node: ast.AST) -> set[str]:
    """Return what one node of a cell's code needs."""
    match node:
        case ast.Call(func=ast.Attribute(attr="client"), args=[ast.Constant(value=where), *_]):
            return CLIENTS[where]
        case ast.Call(func=ast.Attribute(attr=name)):
            return CALLS.get(name, set())
        case ast.Attribute(attr="external_ip"):
            return {"load-balancer"}
    return set()


@pytest.mark.parametrize("lab", labs.sources(paths.ROOT), ids=lambda source: source.stem)
def test_a_lab_declares_what_its_cells_use(lab: Path) -> None:
    needed: set[str] = set()
    for cell in mutants.cells(lab):
        for statement in cell.statements:
            for node in ast.walk(statement):
                needed |= used(node)
    assert declared(lab) == [need for need in NEEDS if need in needed]


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        ("lab.node(pod.node).run('ip')", {"nodes"}),
        ("[first, *_] = lab.nodes(role='worker')", {"nodes"}),
        ("pod.node", set()),
        ("lab.client(pod)", set()),
        ("lab.client('external', name='x')", {"external-client"}),
        ("lab.client('host')", {"host-ports"}),
        ("print(service.external_ip)", {"load-balancer"}),
        ("lab.ingress_controller()", {"ingress-controller", "load-balancer"}),
        ("lab.gateway_controller()", {"gateway-api", "load-balancer"}),
    ],
)
def test_what_code_needs(code: str, needs: set[str]) -> None:
    assert set().union(*map(used, ast.walk(ast.parse(code)))) == needs
