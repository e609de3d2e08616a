"""What kubelab takes from the book's own kind cluster: the only module that imports `cluster`."""

from __future__ import annotations

from cluster import engine, paths, versions
from cluster.clean import BUILT_IMAGES, CLUSTER, NETWORK
from cluster.engine import Engine

__all__ = ["AGNHOST", "BUILT_LABEL", "CONTROL_PLANE", "KUBECONFIG", "NETWORK", "STATE", "Engine"]

STATE = paths.STATE
"""The checkout's folder for what belongs to a run: locks, caches, the kubeconfig."""
KUBECONFIG = paths.KUBECONFIG
CONTROL_PLANE = f"{CLUSTER}-control-plane"
"""The node that always exists, by the name that is also its container's."""
AGNHOST = versions.IMAGES["agnhost"]
BUILT_LABEL = BUILT_IMAGES.removeprefix("label=")
"""The label of images that `make clean` removes."""


def find_engine() -> Engine | None:
    """Return the Docker engine that runs the nodes, or None if no engine responds."""
    return engine.find()


def docker(*command: str) -> str:
    """Run a docker command on the engine of the nodes and return its output."""
    return engine.connect().docker(*command)
