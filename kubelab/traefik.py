"""An Ingress or Gateway controller for one lab.

With a controller each, labs can use the same host names at the same time. The manifest is
traefik.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kubelab.endpoints import Service
from kubelab.objects import KubernetesObject
from kubelab.states import has, ready
from kubelab.waiting import WITHIN

MANIFEST = Path(__file__).with_name("traefik.yaml")

INGRESS = (
    "--providers.kubernetesIngress=true",
    "--providers.kubernetesIngress.namespaces=$(NAMESPACE)",
    "--providers.kubernetesIngress.ingressClass=lab",
    "--providers.kubernetesIngress.ingressEndpoint.publishedService=$(NAMESPACE)/controller",
)
"""For Ingresses of the class `lab`. A second controller of a lab writes the first one's address
into their status as well: two addresses in turn would be two controllers that quarrel."""

GATEWAY = (
    "--providers.kubernetesGateway=true",
    "--providers.kubernetesGateway.namespaces=$(NAMESPACE)",
    "--providers.kubernetesGateway.labelSelector=kubernetes-observed/controller=lab",
    "--providers.kubernetesGateway.statusAddress.service.namespace=$(NAMESPACE)",
    "--providers.kubernetesGateway.statusAddress.service.name=controller",
)
"""For Gateways of the class `lab`."""


@dataclass(frozen=True)
class Traefik:
    """Created by `lab.ingress_controller()` and `lab.gateway_controller()`.

    Pods reach it by its name, other clients at its address.
    """

    service: Service
    deployment: KubernetesObject

    @property
    def name(self) -> str:
        """The name of its Service, which is also its DNS name."""
        return self.service.name

    def wait(self, within: float = WITHIN) -> None:
        """Return once its Pod is ready and its Service has an address; WaitFailed otherwise.

        What it knows by then of Ingresses or Gateways that were there before is not said.
        """
        self.deployment.wait(until=ready(), within=within)
        self.service.wait(until=has("status.loadBalancer.ingress"), within=within)

    @property
    def address(self) -> str | None:
        """The address that its Service got from the load balancer; None before."""
        return self.service.external_ip


def documents(name: str, options: tuple[str, ...]) -> list[dict[str, Any]]:
    """The manifest under another name, and with further arguments for Traefik."""
    text = MANIFEST.read_text().replace("controller", name)
    found = list(yaml.safe_load_all(text))
    [traefik] = found[-1]["spec"]["template"]["spec"]["containers"]
    traefik["args"] += options
    return found
