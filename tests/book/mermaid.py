"""A reader of Mermaid diagrams, for the tests that compare them with manifests and claims."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from book._ext.drawing import code, sources

NODE = re.compile(r'(\w+)(?:[\[({]+"([^"]*)"[\])}]+)?')
LINK = re.compile(r'\s+(<?-->|-\.->|==>)(?:\|"?([^|"]*)"?\|)?\s+')
NO_NODES = re.compile(r"(flowchart|accTitle:|accDescr:|direction|end$|%%)")


@dataclass(frozen=True)
class Arrow:
    """An arrow between two nodes, which are given by their ids."""

    start: str
    end: str
    label: str
    dotted: bool = False


@dataclass
class Flowchart:
    """A flowchart's texts by node or subgraph, and its arrows in their order."""

    texts: dict[str, str] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)


def first_flowchart(page: Path) -> Flowchart:
    """Return the first diagram of a page."""
    return read_flowchart(sources(page)[0])


def read_flowchart(source: str) -> Flowchart:
    """Read a flowchart's source.

    Raises:
        ValueError: A line is none that this reader knows.
    """
    chart = Flowchart()
    for line in map(str.strip, code(source).splitlines()):
        if line and not NO_NODES.match(line):
            _read_nodes(line.removeprefix("subgraph "), chart)
    return chart


def _read_nodes(line: str, chart: Flowchart) -> None:
    """Read a line of one node, or of nodes with arrows between them."""
    position, start, link = 0, "", None
    while node := NODE.match(line, position):
        end, text = node.groups()
        chart.texts.setdefault(end, end)
        if text is not None:
            chart.texts[end] = text.replace("<br>", " ")
        if link:
            label = (link[2] or "").replace("<br>", " ")
            chart.arrows.append(Arrow(start, end, label, dotted=link[1] == "-.->"))
        position, start = node.end(), end
        if not (link := LINK.match(line, position)):
            break
        position = link.end()
    if position != len(line):
        raise ValueError(f"not a line of nodes and arrows: {line!r}")
