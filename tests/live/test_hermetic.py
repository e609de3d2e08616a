"""Nothing leaves the cluster, and what nobody serves does not answer."""

from __future__ import annotations

import re

import pytest

from cluster import engine, kind


def dropped() -> int:
    """Packets that the nodes kept from leaving, since they were sealed."""
    running = engine.connect()
    counted = 0
    for node in kind.running_nodes(running):
        rules = running.docker("exec", node, "iptables-save", "--counters", "--table", "mangle")
        counted += int(re.search(r"\[(\d+):\d+\] -A HERMETIC -j DROP", rules).group(1))
    return counted


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("10.96.255.254:80", "an address of the Service range without a Service"),
        ("10.96.0.1:9999", "a port that the Service does not have"),
    ],
)
def test_a_pod_gets_no_answer_from_what_nobody_serves(ask, address, what):
    before = dropped()
    said = ask("/agnhost", "connect", "--timeout=1s", address).stderr
    assert said.startswith("TIMEOUT"), f"{address} is {what}, but connecting said {said!r}"
    assert dropped() > before, "the packets went somewhere else than into the rule"


def test_a_service_still_answers(ask):
    connected = ask("/agnhost", "connect", "--timeout=3s", "10.96.0.1:443")
    assert connected.returncode == 0, connected.stderr


def test_a_name_of_the_world_outside_does_not_exist(ask):
    assert "status: NXDOMAIN" in ask("dig", "example.com").stdout


def test_a_container_beside_the_cluster_has_a_name_inside(ask):
    beside = f"{kind.CONTROL_PLANE}.kind"
    assert re.fullmatch(r"[\d.]+\s*", ask("dig", "+short", beside).stdout)
