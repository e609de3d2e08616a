"""The role {feature}`Gate`: the state of a feature, from book/about/features.yml.

    Feature state: beta since Kubernetes 1.35, on by default since 1.35 (KEP-5307, gate
    `ContainerRestartRules`).

The directive {features} lists all features.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

DATA = Path(__file__).parents[1] / "about" / "features.yml"
STAGES = ("stable", "beta", "alpha")
KEP = "https://github.com/kubernetes/enhancements/issues/{}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_role("feature", FeatureRole())
    app.add_directive("features", FeaturesDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


@cache
def read() -> dict[str, dict[str, Any]]:
    """Return the features by their gate."""
    features: dict[str, dict[str, Any]] = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return features


def state(feature: dict[str, Any]) -> str:
    """Return the state of a feature in words, such as `beta since Kubernetes 1.35`."""
    stage = next(stage for stage in STAGES if stage in feature["since"])
    words = f"{stage} since Kubernetes {feature['since'][stage]}"
    if stage == "alpha":
        return f"{words}, off by default"
    return f"{words}, on by default since {feature['default']}"


class FeatureRole(SphinxRole):
    """The state of a feature, in a line of its paragraph."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the state as text, with a link to the KEP."""
        feature = read().get(self.text)
        if feature is None:
            message = self.inliner.reporter.error(
                f"{DATA.name} has no feature {self.text!r}: {', '.join(read())}", line=self.lineno
            )
            return [], [message]
        return [_sentence(self.text, feature)], []


class FeaturesDirective(SphinxDirective):
    """A list of all features of the book."""

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        entries = [
            nodes.list_item(
                "",
                nodes.paragraph(
                    "",
                    "",
                    nodes.strong("", one["what"]),
                    nodes.Text(": "),
                    *(_sentence(gate, one).children),
                ),
            )
            for gate, one in read().items()
        ]
        return [nodes.bullet_list("", *entries)]


def _sentence(gate: str, feature: dict[str, Any]) -> nodes.inline:
    number = feature["kep"]
    found = nodes.inline(classes=["feature-state"])
    found += nodes.Text(f"Feature state: {state(feature)} (")
    found += nodes.reference("", f"KEP-{number}", refuri=KEP.format(number))
    found += nodes.Text(", gate ")
    found += nodes.literal("", gate)
    found += nodes.Text(", removed since then)." if feature.get("removed") else ").")
    return found
