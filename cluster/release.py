"""The Kubernetes release that a cluster runs, and the names and paths that follow from it."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster import names, paths, versions

DEFAULT = "1.37"
"""The minor version that the book is about."""


@dataclass(frozen=True)
class Release:
    """One minor version of Kubernetes, read from `releases/<minor>.toml`.

    Attributes:
        minor: The minor version, such as `1.37`.
        version: The version that is built from source, such as `v1.37.2`.
        kind_image: kind's own node image, which is pulled.
        kubeadm_images: Images that kubeadm needs besides Kubernetes' own: short name to reference.
        cluster: The kind cluster's name.
        host_ports: Ports on 127.0.0.1 that are mapped to NodePorts, in the order of kind.yaml.
    """

    minor: str
    version: str
    kind_image: str
    kubeadm_images: Mapping[str, str]
    cluster: str
    host_ports: tuple[int, ...]

    @property
    def pulled_version(self) -> str:
        """The version in kind's node image, such as `v1.37.0`."""
        return self.kind_image.rpartition(":")[2]

    @property
    def built_image(self) -> str:
        """The node image that is built from source."""
        return f"kindest/node:{self.version}"

    @property
    def pulled_image(self) -> str:
        """The node image that contains kind's image and the images of the labs."""
        return f"{names.PROJECT}/node:{self.pulled_version}"

    @property
    def context(self) -> str:
        """The cluster's context in the kubeconfig."""
        return f"kind-{self.cluster}"

    @property
    def control_plane(self) -> str:
        """The name of the control plane node, which is also its container's name."""
        return f"{self.cluster}-control-plane"

    @property
    def node_filter(self) -> str:
        """A filter for `docker ps` that selects the cluster's nodes, by kind's label."""
        return f"label=io.x-k8s.kind.cluster={self.cluster}"

    @property
    def evidence(self) -> Path:
        """The folder with what the labs and mutants observed on this release."""
        return paths.BUILD / "evidence" / self.minor


def load(minor: str) -> Release:
    """Read a release from its data file.

    Raises:
        FileNotFoundError: There is no such file.
    """
    data = tomllib.loads((versions.HERE / "releases" / f"{minor}.toml").read_text())
    return Release(
        minor=minor,
        version=versions.go_module("kubernetes", "k8s.io/kubernetes"),
        kind_image=data["kind-image"],
        kubeadm_images=data["kubeadm-images"],
        cluster=data["cluster"],
        host_ports=tuple(data["host-ports"]),
    )


@functools.cache
def current() -> Release:
    """Return the release that the commands work on."""
    return load(DEFAULT)
