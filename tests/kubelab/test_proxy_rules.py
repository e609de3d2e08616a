"""kube-proxy's rules for a Service are read from what iptables-save prints on a node."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from cluster import engine
from kubelab.nodes import Node
from kubelab.proxy_rules import ForwardingRule, forwarding_rules

RULES = """\
-A KUBE-SEP-A -p tcp -m comment --comment "lab/echo:web" -j DNAT --to-destination 10.244.1.2:8080
-A KUBE-SVC-A -m comment --comment "lab/echo:web -> 10.244.1.2:8080" -m statistic --mode random \
--probability 0.33333333349 -j KUBE-SEP-A
-A KUBE-SVC-A -m comment --comment "lab/echo:web -> 10.244.2.3:8080" -m statistic --mode random \
--probability 0.50000000000 -j KUBE-SEP-B
-A KUBE-SVC-A -m comment --comment "lab/echo:web -> 10.244.2.4:8080" -j KUBE-SEP-C
-A KUBE-SVC-D -m comment --comment "lab/echo -> 10.244.2.5:8080" -m recent --rcheck -j KUBE-SEP-D
-A KUBE-SVC-D -m comment --comment "lab/echo -> 10.244.2.5:8080" -j KUBE-SEP-D
-A KUBE-SVL-E -m comment --comment "lab/echo -> 10.244.2.6:8080" -j KUBE-SEP-E
"""


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    its_engine = SimpleNamespace(docker=lambda *command: RULES)
    monkeypatch.setattr(engine, "connect", lambda: its_engine)


def service(name: str) -> Any:
    return cast(Any, SimpleNamespace(namespace="lab", name=name))


def test_rules_of_a_named_port_are_returned_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert forwarding_rules(Node("worker"), service("echo"), "web") == [
        ForwardingRule(0.333, "10.244.1.2:8080"),
        ForwardingRule(0.5, "10.244.2.3:8080"),
        ForwardingRule(None, "10.244.2.4:8080"),
    ]
    assert "--probability 0.33333333349" in capsys.readouterr().out


def test_rules_of_affinity_other_ports_and_the_local_policy_are_left_out() -> None:
    assert forwarding_rules(Node("worker"), service("echo")) == [
        ForwardingRule(None, "10.244.2.5:8080")
    ]


def test_a_service_without_rules_has_none() -> None:
    assert forwarding_rules(Node("worker"), service("ech")) == []
