"""The diagram of the routes through a Gateway shows what the manifest of its routes states."""

from __future__ import annotations

from pathlib import Path

import yaml

from cluster import paths
from tests.book.mermaid import first_flowchart

CHAPTER = paths.ROOT / "book" / "in-depth" / "gateway.md"
MANIFEST = paths.ROOT / "labs" / "gateway/manifests/four-rules.yaml"


def test_hosts_and_paths_point_to_the_pods_of_the_manifest():
    drawn = arrows(CHAPTER)
    unmatched = {("host?", "any other"): "404", ("path?", "any other"): "404"}
    assert {arrow: end for arrow, end in drawn.items() if arrow[0].endswith("?")} == {
        **stated(MANIFEST.read_text()),
        **unmatched,
    }


def arrows(chapter: Path) -> dict[tuple[str, str], str]:
    """Return the end of each labelled arrow of the page's first diagram, by start and label."""
    chart = first_flowchart(chapter)
    return {
        (chart.texts[arrow.start], arrow.label): chart.texts[arrow.end]
        for arrow in chart.arrows
        if arrow.label
    }


def stated(routes: str) -> dict[tuple[str, str], str]:
    """Return the same from the manifest; a host whose rules have matches points to its paths."""
    found = {}
    for route in yaml.safe_load_all(routes):
        [host] = route["spec"]["hostnames"]
        for rule in route["spec"]["rules"]:
            pod = f"Pod {rule['backendRefs'][0]['name']}"
            for match in rule.get("matches", []):
                found["host?", host] = "path?"
                found["path?", f"{match['path']['type']} {match['path']['value']}"] = pod
            if "matches" not in rule:
                found["host?", host] = pod
    return found
