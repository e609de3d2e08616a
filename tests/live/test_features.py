"""The table of feature states agrees with the feature gates that the cluster reports."""

from __future__ import annotations

import re

import pytest
import yaml

from cluster import kind, paths

FEATURES = yaml.safe_load((paths.ROOT / "book" / "about" / "features.yml").read_text())
GATE = re.compile(r'^kubernetes_feature_enabled\{name="(\w+)",stage="(\w*)"\} (\d)$', re.MULTILINE)


@pytest.fixture(scope="module")
def gates() -> dict[str, tuple[str, bool]]:
    """The stage of each feature gate, and whether it is on, of the API server and a kubelet."""
    nodes = kind.kubectl("get", "nodes", "--output=jsonpath={.items[*].metadata.name}").split()
    metrics = [
        kind.kubectl("get", "--raw", "/metrics"),
        kind.kubectl("get", "--raw", f"/api/v1/nodes/{nodes[0]}/proxy/metrics"),
    ]
    found = [gate for text in metrics for gate in GATE.findall(text)]
    return {name: (stage, on == "1") for name, stage, on in found}


def expected(feature: dict[str, object]) -> tuple[str, bool] | None:
    """Return the stage as the metric writes it, and the default; None for a removed gate."""
    if "removed" in feature:
        return None
    if "stable" in feature:
        return "", True
    return (
        ("BETA", "beta" in feature) if {"beta", "beta_off"} & feature.keys() else ("ALPHA", False)
    )


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature["gate"])
def test_the_cluster_reports_the_stage_in_the_table(
    feature: dict[str, object], gates: dict[str, tuple[str, bool]]
) -> None:
    assert gates.get(str(feature["gate"])) == expected(feature)
