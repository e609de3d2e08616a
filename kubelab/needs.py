"""What a lab needs of a cluster besides the Kubernetes API."""

from __future__ import annotations

NEEDS = {
    "nodes": "the lab runs commands on the nodes",
    "external-client": "the lab sends requests from a container outside the cluster",
    "host-ports": "the lab reaches node ports at 127.0.0.1 of this machine",
    "load-balancer": "the lab waits for the external IP address of a LoadBalancer Service",
    "ingress-controller": "the lab runs an Ingress controller for the IngressClass `lab`",
    "gateway-api": "the lab runs a Gateway controller for the GatewayClass `lab`",
}
"""Each need by its name, as a lab's front matter has it, and what it is for."""
