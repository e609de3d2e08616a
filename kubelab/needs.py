"""What a lab needs of a cluster besides the Kubernetes API.

The front matter of a lab declares it, and `Lab(...)` checks it:

    lab:
      needs: [nodes, external-client]
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbclaims import labs

NEEDS = {
    "nodes": "the lab runs commands on the nodes",
    "external-client": "the lab sends requests from a container outside the cluster",
    "host-ports": "the lab sends requests to node ports at 127.0.0.1 of this machine",
    "load-balancer": "the lab waits for the external IP address of a LoadBalancer Service",
    "ingress-controller": "the lab runs an Ingress controller for the IngressClass `lab`",
    "gateway-api": "the lab runs a Gateway controller for the GatewayClass `lab`",
}
"""Each need by its name, and what it is for."""


def declared(source: Path) -> list[str]:
    """Return the needs that a lab declares; none for a lab without a text, such as a test's.

    Args:
        source: The lab's text, `labs/x/x.md`. A learner's copy has only the notebook beside it.
    """
    notebook = labs.notebook_of(source)
    if source.exists():
        declaration = labs.front_matter(source)
    elif notebook.exists():
        declaration = json.loads(notebook.read_text())["metadata"].get("lab", {})
    else:
        declaration = {}
    return list(declaration.get("needs", []))


def _has_external_address(services: Any) -> bool:
    return any(
        service.get("status", {}).get("loadBalancer", {}).get("ingress")
        for service in services["items"]
    )


def _exists(found: Any) -> bool:
    return True


SHOWN_BY: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "load-balancer": ("/api/v1/services", _has_external_address),
    "ingress-controller": ("/apis/networking.k8s.io/v1/ingressclasses/lab", _exists),
    "gateway-api": ("/apis/gateway.networking.k8s.io/v1/gatewayclasses/lab", _exists),
}
"""What to get of a cluster that isn't the book's, and whether the answer shows that it provides
the need. Other needs only the book's cluster provides."""
