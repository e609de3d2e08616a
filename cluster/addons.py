"""The cluster's add-ons: MetalLB, Traefik, Gateway API, and DNS for names in the cluster only."""

import ipaddress
import shutil
import tempfile
from typing import Any

import yaml

from cluster import versions
from cluster.engine import Engine
from cluster.from_source import binaries
from cluster.kind import kubectl, subnets

_MANIFESTS = versions.HERE / "manifests"

Manifest = dict[str, Any]


def apply(engine: Engine) -> None:
    """Apply all add-ons; their Pods start as soon as a worker is Ready."""
    kubectl("replace", "-f", str(_MANIFESTS / "coredns.yaml"))
    metallb = list(yaml.safe_load_all(_metallb()))
    kinds = [*_gateway_api(), *(m for m in metallb if m["kind"] == "CustomResourceDefinition")]
    webhooks = [m for m in metallb if m["kind"] == "ValidatingWebhookConfiguration"]
    _apply(kinds)
    _apply([m for m in metallb if m not in kinds and m not in webhooks])
    kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
    # While MetalLB's webhook exists, the API server rejects MetalLB's objects until the controller
    # responds, which takes at least 10 s. So these objects are created before the webhook.
    _apply(_address_pool(engine))
    _apply(webhooks)
    _apply(with_images("traefik.yaml"))
    # kubeadm's kube-proxy has no CPU request, so on a busy node all other Pods get CPU time before
    # it. Symptom: Services that follow their endpoints 10 s late.
    proxy = ("daemonset/kube-proxy", "--namespace=kube-system")
    kubectl("wait", *proxy, "--for=create", "--timeout=30s")
    kubectl("set", "resources", *proxy, "--requests=cpu=100m")


def _apply(objects: list[Manifest]) -> None:
    kubectl(
        *("apply", "--server-side", "--force-conflicts", "-f", "-"),
        input=yaml.safe_dump_all(objects),
    )


def _metallb() -> str:
    """Return the manifest of MetalLB's module with the project's changes."""
    module = binaries.module_directory("metallb", "go.universe.tf/metallb")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_MANIFESTS / "metallb" / "kustomization.yaml", folder)
        shutil.copy(module / "config" / "manifests" / "metallb-native.yaml", folder)
        return kubectl("kustomize", folder)


def _gateway_api() -> list[Manifest]:
    """Return the CustomResourceDefinitions of the Gateway API's standard channel."""
    module = binaries.module_directory("gateway-api", "sigs.k8s.io/gateway-api")
    standard = module / "config" / "crd" / "standard"
    return [
        document
        for file in sorted(standard.glob("gateway.networking.k8s.io_*.yaml"))
        for document in yaml.safe_load_all(file.read_text())
        if document
    ]


def with_images(manifest: str) -> list[Manifest]:
    """Return the objects of a file in manifests/, with references for short names of images."""
    text = (_MANIFESTS / manifest).read_text()
    for name, reference in versions.IMAGES.items():
        text = text.replace(f"image: {name}\n", f"image: {reference}\n")
    return list(yaml.safe_load_all(text))


def _address_pool(engine: Engine) -> list[Manifest]:
    """Return MetalLB's addresses for LoadBalancer Services, at the end of the nodes' network.

    Docker assigns addresses from the beginning of the network.
    """
    network = next(each for each in subnets(engine) if isinstance(each, ipaddress.IPv4Network))
    last = network.broadcast_address
    metadata = {"name": "kind", "namespace": "metallb-system"}
    return [
        {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "IPAddressPool",
            "metadata": metadata,
            "spec": {"addresses": [f"{last - 55}-{last - 6}"]},
        },
        {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "L2Advertisement",
            "metadata": metadata,
            "spec": {"ipAddressPools": ["kind"]},
        },
    ]
