"""The diagram of the metrics draws what the manifest says, and what a claim has measured."""

import yaml

from cluster import paths
from tests.book.mermaid import first_flowchart

CHAPTER = paths.ROOT / "book" / "pods" / "metrics.md"
LAB = paths.ROOT / "labs" / "metrics"
ARROWS = first_flowchart(CHAPTER).arrows


def test_the_ports_are_those_of_the_manifest():
    [exporter] = yaml.safe_load((LAB / "manifests/shop.yaml").read_text())["spec"]["initContainers"]
    drawn = {(arrow.start, arrow.end): arrow.label for arrow in ARROWS}
    [listen] = [arg for arg in exporter["args"] if arg.startswith("--statsd.listen-udp=")]
    assert drawn["app", "exporter"].startswith(listen.partition("=")[2])
    [port] = exporter["ports"]
    assert f":{port['containerPort']}/metrics" in drawn["prometheus", "exporter"]


def test_the_sidecar_sends_nothing_as_a_claim_has_measured():
    assert '"prometheus-asks-the-sidecar-sends-nothing"' in (LAB / "metrics.md").read_text()
    assert len(ARROWS) == 4
    assert "exporter" not in {arrow.start for arrow in ARROWS}
