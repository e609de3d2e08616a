"""Commands on a node itself, for what has no word in the API: a Pod that loses its sandbox."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubelab import kind
from kubelab.display import echo
from kubelab.polling import poll
from kubelab.waiting import WITHIN, WaitFailed

if TYPE_CHECKING:
    from kubelab.connection import Api
    from kubelab.endpoints import Service
    from kubelab.objects import Container, Pod

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
"""The label of control plane nodes; kubeadm gives workers no such label."""
CRICTL = ("crictl", "--timeout", "60s")
"""With its default of 2 s, crictl gives up on a busy node."""
SELECTORS = {"control-plane": CONTROL_PLANE, "worker": f"!{CONTROL_PLANE}", None: ""}

TRACKED = re.compile(r"src=(\S+) dst=(\S+) sport=\d+ dport=\d+ src=(\S+) dst=(\S+) sport=\d+")
"""A line of `conntrack -L`: the client's packets, then the replies to them."""


@dataclass(frozen=True)
class Connection:
    """A connection that a node forwards, with its IP addresses before and after the rewriting."""

    client: str
    """The source of the packets that reach the node."""
    address: str
    """Their destination."""
    source: str
    """The source of the same packets when they leave the node."""
    pod: str
    """Their destination then."""


class Node:
    """A node of the project's cluster; kind's nodes are containers named like their nodes.

    Created by `lab.node(name)` and `lab.nodes(role)`, which refuse the nodes of any other cluster:
    those may be real machines.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<Node {self.name}>"

    @property
    def ip(self) -> str:
        """Its IPv4 address on the nodes' network, as `kubectl get nodes -o wide` shows it."""
        template = f"{{{{.NetworkSettings.Networks.{kind.NETWORK}.IPAddress}}}}"
        return kind.docker("inspect", "--format", template, self.name)

    @property
    def addresses(self) -> list[str]:
        """All its IP addresses, also those on the side of its Pods."""
        return self.run("hostname", "-I").split()

    @property
    def mac(self) -> str:
        """Its hardware address on the nodes' network."""
        return self.run("cat", "/sys/class/net/eth0/address")

    def listening_sockets(self, port: int) -> list[str]:
        """Return the TCP sockets on which a process of the node listens at a port."""
        return self.run("ss", "-Hltn", f"sport = :{port}").splitlines()

    def node_port_rules(self, port: int) -> list[str]:
        """Return kube-proxy's iptables rules on this node for a node port."""
        rules = self.run("iptables-save", "-t", "nat").splitlines()
        return [rule for rule in rules if f"--dport {port} " in rule]

    def connections(self, to: str) -> list[Connection]:
        """Return the TCP connections to an address that the node's kernel forwards, or has."""
        tracked = self.run("conntrack", "-L", "-p", "tcp", "-d", to)
        return [
            Connection(client, address, source, pod)
            for client, address, pod, source in TRACKED.findall(tracked)
        ]

    def run(self, *command: str) -> str:
        """Run a command on the node and return what it printed; `Stop` tells how it failed."""
        echo(f"docker exec {self.name} {shlex.join(command)}")
        return kind.docker("exec", self.name, *command)

    def sandbox(self, pod: Pod) -> str:
        """Return the ID of a Pod's ready sandbox, the container that holds the Pod's network."""
        label = f"io.kubernetes.pod.uid={pod.uid}"
        return self.run(*CRICTL, "pods", "--quiet", "--state", "ready", "--label", label)

    def grace_of(self, container: Container) -> int:
        """Return the seconds from SIGTERM to SIGKILL that the kubelet granted a container.

        The kubelet passes them to containerd, which logs them when it stops the container.
        """
        its_id = (container.id or "").removeprefix("containerd://")
        log = "journalctl --unit containerd --since -30min"
        search = f"{log} | grep --max-count 1 'StopContainer for .*{its_id}.* with timeout'"
        line = self.run("timeout", "60", "bash", "-c", f"until {search}; do sleep 1; done")
        granted = re.search(r"with timeout (\d+)", line)
        assert granted, line
        return int(granted[1])

    def kill(self, pod: Pod, container: str) -> None:
        """Kill a container of a Pod on this node by SIGKILL; the kubelet may then restart it.

        Raises:
            ValueError: The container has no id: it has not started yet.
        """
        container_id = pod.container(container).id
        if container_id is None:
            raise ValueError(f"container {container} of {pod} has not started: nothing to kill")
        self.run(*CRICTL, "stop", "--timeout", "0", container_id.removeprefix("containerd://"))

    def wait_for_rules(self, service: Service, within: float = WITHIN) -> None:
        """Return once kube-proxy's rules on this node forward to the Service's ready Pods only.

        The EndpointSlices follow the Pods, and kube-proxy's rules follow the EndpointSlices a
        moment later; a watch doesn't show when. The rules count as complete when they forward to
        the endpoints that clients on this node may use, with the Service's session affinity.

        Raises:
            WaitFailed: the EndpointSlices, or the rules, were not complete after `within` seconds.
        """
        service.endpoints.wait_for_pods(within)
        echo(f"docker exec {self.name} iptables-save -t nat")
        spec = (service.object or {}).get("spec", {})
        local = spec.get("internalTrafficPolicy") == "Local"
        sticky = spec.get("sessionAffinity") == "ClientIP"
        name, chain = f"{service.namespace}/{service.name}", "SVL" if local else "SVC"
        lead = re.compile(rf'^-A KUBE-{chain}-.*"{name}(?::\S+)? -> ([\d.]+):.*', re.MULTILINE)
        for _ in poll(within, f"waiting for the rules of {self.name} for {service}"):
            ready = {e for e in service.endpoints if e.ready and (not local or e.node == self.name)}
            hinted = {endpoint for endpoint in ready if self.name in endpoint.for_nodes}
            wanted = {endpoint.ip for endpoint in hinted or ready}
            rules = list(
                lead.finditer(kind.docker("exec", self.name, "iptables-save", "-t", "nat"))
            )
            found = {rule[1] for rule in rules}
            sticks = any("--rcheck" in rule[0] for rule in rules)
            if (found, sticks) == (wanted, sticky and bool(wanted)):
                return
        raise WaitFailed(
            f"the rules of {self.name} for {service} lead to {sorted(found) or 'nobody'} after "
            f"{within:g} s, and its ready endpoints are {sorted(wanted) or 'none'}"
        )

    def rule_count(self, service: Service) -> int:
        """Return the number of kube-proxy's rules on this node that name the Service."""
        echo(f"docker exec {self.name} iptables-save | grep -c {service.namespace}/{service.name}")
        rules = kind.docker("exec", self.name, "iptables-save")
        return len(re.findall(rf'"{service.namespace}/{service.name}[": ]', rules))


def nodes(api: Api, role: str | None = None) -> list[Node]:
    """Return the cluster's nodes of a role, sorted by name.

    Args:
        api: The connection to the cluster.
        role: `control-plane`, `worker` (a node without the label of a control plane), or None for
            all nodes.

    Raises:
        ValueError: The role is neither of these.
    """
    if role not in SELECTORS:
        raise ValueError(f"role {role!r}: choose control-plane or worker")
    selector = SELECTORS[role]
    echo("kubectl get nodes" + (f" -l {shlex.quote(selector)}" if selector else ""))
    found = api.request("get", "/api/v1/nodes", labelSelector=selector)["items"]
    return [Node(name) for name in sorted(node["metadata"]["name"] for node in found)]
