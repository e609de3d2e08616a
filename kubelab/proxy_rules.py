"""The rules with which kube-proxy, in iptables mode, forwards a Service's connections on a node."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kubelab.endpoints import Service
from kubelab.nodes import Node


@dataclass(frozen=True)
class ForwardingRule:
    """One rule of a Service's chain, which takes a part of the connections that reach it."""

    probability: float | None
    """The part that it takes, to three digits; None for a rule that takes all."""
    to: str
    """The endpoint that it forwards to: `10.244.1.7:8080`."""


def forwarding_rules(node: Node, service: Service, port: str = "") -> list[ForwardingRule]:
    """Print and return the rules that forward connections to a Service's cluster IP, in order.

    The rules of session affinity are left out.

    Args:
        node: The node whose rules are read.
        service: The Service.
        port: The name of the Service's port; empty for a port without a name.
    """
    name = re.escape(f"{service.namespace}/{service.name}" + (f":{port}" if port else ""))
    rule = re.compile(
        rf'^-A KUBE-SVC-\S+ .*--comment "{name} -> (?P<to>\S+)"(?P<rest>.*)$', re.MULTILINE
    )
    found = []
    for match in rule.finditer(node.run("iptables-save", "-t", "nat")):
        if "-m recent" in match["rest"]:
            continue
        print(match[0])
        probability = re.search(r"--probability ([\d.]+)", match["rest"])
        found.append(
            ForwardingRule(round(float(probability[1]), 3) if probability else None, match["to"])
        )
    return found
