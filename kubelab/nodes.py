"""Commands on a node itself, for what has no word in the API: a Pod that loses its sandbox."""

from __future__ import annotations

import os
import shlex

from cluster import engine
from cluster.clean import NETWORK
from kubelab.connection import NoCluster
from kubelab.notebook import echo


class Node:
    """A node of the project's cluster; kind's nodes are containers named like their nodes."""

    def __init__(self, name: str) -> None:
        """NoCluster where the labs run on another cluster, whose nodes may be real machines."""
        if context := os.environ.get("KUBELAB_CONTEXT"):
            raise NoCluster(
                f"This cell works on the node {name} itself, and the nodes of the cluster "
                f"{context} are not the project's.",
                "unset KUBELAB_CONTEXT; make cluster",
            )
        self.name = name

    @property
    def ip(self) -> str:
        """Its IPv4 address on the nodes' network, as `kubectl get nodes -o wide` shows it."""
        template = f"{{{{.NetworkSettings.Networks.{NETWORK}.IPAddress}}}}"
        return engine.connect().docker("inspect", "--format", template, self.name)

    def run(self, *command: str) -> str:
        """Run a command on the node and return what it printed; `Stop` says how it failed."""
        echo(f"docker exec {self.name} {shlex.join(command)}")
        return engine.connect().docker("exec", self.name, *command)
