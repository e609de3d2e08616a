"""The directive {features}: the stages of the Kubernetes features that the book describes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FILE = Path(__file__).parents[1] / "about" / "features.yml"


def features() -> list[dict[str, Any]]:
    """Return the entries of the data file, in its order."""
    entries: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return entries


def row(feature: dict[str, Any]) -> list[str]:
    """Return the cells of one feature: name, stages, gate and KEP, as Markdown."""
    kep = feature["kep"]
    stages: list[str] = []
    for key, words in (
        ("alpha", "alpha since {}"),
        ("beta_off", "beta since {}, off by default"),
        ("beta", "beta since {}, on by default"),
        ("stable", "stable since {}"),
    ):
        if key in feature:
            stages.append(words.format(feature[key]))
    gate = f"`{feature['gate']}`"
    if "removed" in feature:
        gate += f", removed in {feature['removed']}"
    return [feature["feature"], "; ".join(stages), gate, f"[{kep}](https://kep.k8s.io/{kep})"]


class FeaturesDirective(SphinxDirective):
    """A table of all features."""

    def run(self) -> list[nodes.Node]:
        """Put the table into the page."""
        rows = [["Feature", "States", "Feature gate", "KEP"], ["---"] * 4, *map(row, features())]
        lines = [f"| {' | '.join(cells)} |" for cells in rows]
        self.env.note_dependency(str(FILE))
        container = nodes.Element()
        self.state.nested_parse(StringList(lines, str(FILE)), self.content_offset, container)
        return container.children


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive with Sphinx."""
    app.add_directive("features", FeaturesDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
