"""Egress is blocked, and connections to addresses without a Service time out."""

from __future__ import annotations

import re

import pytest

from cluster import engine, kind, release


def dropped() -> int:
    """Return how many packets the nodes have dropped."""
    running = engine.connect()
    counted = 0
    for node in kind.running_nodes(running):
        rules = running.docker("exec", node, "iptables-save", "--counters", "--table", "mangle")
        counted += int(re.search(r"\[(\d+):\d+\] -A BLOCK-EGRESS -j DROP", rules).group(1))
    return counted


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("10.96.255.254:80", "an address of the Service range without a Service"),
        ("10.96.0.1:9999", "a port that the Service does not have"),
    ],
)
def test_a_connection_to_an_address_without_a_service_times_out(ask, address, what):
    before = dropped()
    said = ask("/agnhost", "connect", "--timeout=1s", address).stderr
    assert said.startswith("TIMEOUT"), f"{address} is {what}, but agnhost printed {said!r}"
    assert dropped() > before, "the rule didn't drop the packets"


def test_a_connection_to_a_service_succeeds(ask):
    connected = ask("/agnhost", "connect", "--timeout=3s", "10.96.0.1:443")
    assert connected.returncode == 0, connected.stderr


def test_a_name_outside_the_cluster_does_not_exist(ask):
    assert "status: NXDOMAIN" in ask("dig", "example.com").stdout


def test_a_container_outside_the_cluster_has_a_name(ask):
    name = f"{release.current().control_plane}.kind"
    assert re.fullmatch(r"[\d.]+\s*", ask("dig", "+short", name).stdout)
