"""What kubelab takes from the book's own kind cluster: the only module that imports `cluster`."""

from __future__ import annotations

from cluster import engine, names, paths, release, versions
from cluster.engine import Engine

__all__ = [
    "AGNHOST",
    "BUILT_LABEL",
    "CONTEXT",
    "CONTROL_PLANE",
    "EXTERNAL_CLIENT_LABEL",
    "KUBECONFIG",
    "MARKER",
    "NETWORK",
    "STATE",
    "Engine",
]

STATE = paths.STATE
"""The checkout's folder for what belongs to a run: locks, caches, the kubeconfig."""
KUBECONFIG = paths.KUBECONFIG
CONTROL_PLANE = release.current().control_plane
"""The node that always exists, by the name that is also its container's."""
NETWORK = names.NETWORK
"""The Docker network of the nodes."""
CONTEXT = release.current().context
MARKER = names.MARKER
"""The ConfigMap in `kube-public` that says: labs may create and delete namespaces here."""
EXTERNAL_CLIENT_LABEL = names.EXTERNAL_CLIENT_LABEL
AGNHOST = versions.IMAGES["agnhost"]
BUILT_LABEL = names.IMAGES_LABEL
"""The label of images that `make clean` removes."""


def environments() -> dict[str, dict[str, str]]:
    """Return the ingredients of the cluster that this checkout creates, for each image source."""
    from cluster import up  # only the build of the book and the tests of labs compare them

    current = release.current()
    return {
        "built": {"cluster": up.fingerprint("built"), "version": current.version},
        "pulled": {"cluster": up.fingerprint("pulled"), "version": current.pulled_version},
    }


def find_engine() -> Engine | None:
    """Return the Docker engine that runs the nodes, or None if no engine responds."""
    return engine.find()


def docker(*command: str) -> str:
    """Run a docker command on the engine of the nodes and return its output."""
    return engine.connect().docker(*command)
