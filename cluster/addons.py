"""What the book's cluster has besides Kubernetes: MetalLB, Traefik, Gateway API, hermetic DNS."""

import ipaddress
import shutil
import tempfile

import yaml

from cluster import versions
from cluster.engine import Engine
from cluster.from_source import binaries
from cluster.kind import kubectl, subnets

_MANIFESTS = versions.HERE / "manifests"


def apply(engine: Engine) -> None:
    """Applies all add-ons; they start as soon as there is a node for them."""
    kubectl("replace", "-f", str(_MANIFESTS / "coredns.yaml"))
    metallb = list(yaml.safe_load_all(_metallb()))
    kinds = [*_gateway_api(), *(m for m in metallb if m["kind"] == "CustomResourceDefinition")]
    webhooks = [m for m in metallb if m["kind"] == "ValidatingWebhookConfiguration"]
    _apply(kinds)
    _apply([m for m in metallb if m not in kinds and m not in webhooks])
    kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
    # MetalLB's webhook refuses its objects until the controller answers, which takes 10 s and more;
    # these objects are ours and right, so they come before the webhook.
    _apply(_address_pool(engine))
    _apply(webhooks)
    _apply(with_images("traefik.yaml"))
    # kubeadm's kube-proxy asks for no processor time, so on a busy node every other Pod may come
    # first. Symptom: Services that follow their endpoints 10 s late.
    proxy = ("daemonset/kube-proxy", "--namespace=kube-system")
    kubectl("wait", *proxy, "--for=create", "--timeout=30s")
    kubectl("set", "resources", *proxy, "--requests=cpu=100m")


def _apply(objects: list[dict]) -> None:
    kubectl(
        *("apply", "--server-side", "--force-conflicts", "-f", "-"),
        input=yaml.safe_dump_all(objects),
    )


def _metallb() -> str:
    """The manifest of MetalLB's module with our changes."""
    module = binaries.module_directory("metallb", "go.universe.tf/metallb")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_MANIFESTS / "metallb" / "kustomization.yaml", folder)
        shutil.copy(module / "config" / "manifests" / "metallb-native.yaml", folder)
        return kubectl("kustomize", folder)


def _gateway_api() -> list[dict]:
    """The standard channel of the Gateway API module."""
    module = binaries.module_directory("gateway-api", "sigs.k8s.io/gateway-api")
    standard = module / "config" / "crd" / "standard"
    return [
        document
        for file in sorted(standard.glob("gateway.networking.k8s.io_*.yaml"))
        for document in yaml.safe_load_all(file.read_text())
        if document
    ]


def with_images(manifest: str) -> list[dict]:
    """The objects of one of our manifests, in which images go by their short names."""
    text = (_MANIFESTS / manifest).read_text()
    for name, reference in versions.IMAGES.items():
        text = text.replace(f"image: {name}\n", f"image: {reference}\n")
    return list(yaml.safe_load_all(text))


def _address_pool(engine: Engine) -> list[dict]:
    """Addresses for LoadBalancer Services, from the end of the nodes' own network.

    Docker hands out addresses from the beginning.
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
