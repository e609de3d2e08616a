"""Diagrams that show an order show the one that a claim has measured, and the manifest states."""

from __future__ import annotations

import ast
from pathlib import Path

import yaml

from cluster import paths
from nbclaims import labs, sites
from tests.book.mermaid import first_flowchart

BOOK, LABS = paths.ROOT / "book", paths.ROOT / "labs"


def test_the_execution_sequence_is_the_one_that_was_measured():
    lab = LABS / "init-containers" / "init-containers.md"
    manifest = lab.parent / "manifests" / "in-order.yaml"
    spec = yaml.safe_load(manifest.read_text())["spec"]
    stated = [container["name"] for container in spec["initContainers"] + spec["containers"]]
    assert drawn_order(BOOK / "pods" / "init-containers.md") == stated
    lines = expected_by(lab, "init-containers-run-one-after-another").values()
    measured = [line for pair in lines for line in ast.literal_eval(pair)]
    assert measured == [f"{name} {what}" for name in stated for what in ("started", "finished")]


def test_the_path_of_a_packet_is_the_one_that_was_measured():
    lab = LABS / "load-balancer-in-depth" / "load-balancer-in-depth.md"
    measured = expected_by(lab, "announcing-node-rewrites-the-packet")["path"]
    assert drawn_order(BOOK / "in-depth" / "load-balancer.md") == ast.literal_eval(measured)


def test_the_way_through_an_ingress_controller_is_the_one_that_was_measured():
    lab = LABS / "ingress-in-depth" / "ingress-in-depth.md"
    measured = expected_by(lab, "pod-sees-the-controller")["way"]
    assert drawn_order(BOOK / "services" / "ingress.md") == ast.literal_eval(measured)


def drawn_order(chapter: Path) -> list[str]:
    """The texts of the chapter's first diagram along its solid arrows."""
    chart = first_flowchart(chapter)
    arrows = [arrow for arrow in chart.arrows if not arrow.dotted]
    following = {arrow.start: arrow.end for arrow in arrows}
    assert len(following) == len(arrows), "a node with two arrows has no order"
    [node] = following.keys() - following.values()
    order = [node]
    while order[-1] in following:
        order.append(following[order[-1]])
    return [chart.texts[node] for node in order]


def expected_by(lab: Path, claim: str) -> dict[str, ast.expr]:
    """What a claim of the lab expects, as it stands in its cell."""
    for cell in labs.code(labs.read(lab)):
        for call in sites.calls(ast.parse(cell.source)):
            if call.name == claim:
                return _items(call.node, "expected")
    raise LookupError(f"no cell of {lab.name} makes the claim {claim!r}")


def _items(call: ast.Call, keyword: str) -> dict[str, ast.expr]:
    [value] = [each.value for each in call.keywords if each.arg == keyword]
    return {key.value: item for key, item in zip(value.keys, value.values, strict=True)}
