"""Diagrams that show an order show the one that the manifest states and a claim has measured."""

from __future__ import annotations

import ast
import re

import notebooks
import yaml

from cluster import paths

CHAPTER = paths.ROOT / "book" / "pods" / "init-containers.md"
LAB = paths.ROOT / "labs" / "init-containers" / "init-containers.md"
MANIFEST = LAB.with_name("in-order.yaml")


def test_the_execution_sequence_is_the_one_that_was_measured():
    spec = yaml.safe_load(MANIFEST.read_text())["spec"]
    stated = [container["name"] for container in spec["initContainers"] + spec["containers"]]
    assert drawn_order(CHAPTER.read_text()) == stated
    measured = expected_by("init-containers-run-one-after-another")["started"]
    assert ast.literal_eval(measured) == stated


def drawn_order(chapter: str) -> list[str]:
    """The labels of the chapter's first diagram along its arrows."""
    diagram = re.search(r"^```mermaid\n(.*?)^```", chapter, re.DOTALL | re.MULTILINE)[1]
    labels = dict(re.findall(r'(\w+)\["([^"]+)"\]', diagram))
    arrow = r'(\w+)(?:\["[^"]+"\])? -->(?:\|[^|]*\|)? (\w+)'
    following = dict(re.findall(arrow, diagram))
    [node] = following.keys() - following.values()
    order = [node]
    while order[-1] in following:
        order.append(following[order[-1]])
    return [labels[node] for node in order]


def expected_by(claim: str) -> dict[str, ast.expr]:
    """What a claim of the lab expects, as it stands in its cell."""
    for cell in notebooks.read(LAB).cells:
        for node in ast.walk(ast.parse(cell.source if cell.cell_type == "code" else "")):
            match node:
                case ast.Call(func=ast.Name(id="claim"), args=[ast.Constant(value=name), *_]):
                    if name == claim:
                        return _items(node, "expected")
    raise LookupError(f"no cell of {LAB.name} makes the claim {claim!r}")


def _items(call: ast.Call, keyword: str) -> dict[str, ast.expr]:
    [value] = [each.value for each in call.keywords if each.arg == keyword]
    return {key.value: item for key, item in zip(value.keys, value.values, strict=True)}
