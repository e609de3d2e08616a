"""Check that the cluster is up by using it.

kind reports success when the control plane is ready. The labs need more: every node is Ready,
cluster DNS resolves, MetalLB assigns addresses that can be reached, the Ingress controller routes
requests, and connections to addresses without a Service time out.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import yaml

from cluster import addons, commands, kind
from cluster.engine import Engine
from cluster.errors import CommandError
from cluster.names import CHECK_NAMESPACE, EXTERNAL_CLIENT_LABEL, NETWORK
from cluster.polling import poll

WITHIN = 120.0
"""The time limit in seconds, from the end of `kind create cluster`. The checks take about 15 s."""

_UNSERVED = ("10.96.255.254:80", "10.96.0.1:9999")
"""An address in the Service range without a Service, and a port that its Service doesn't have."""


def wait_until_up(engine: Engine, image: str) -> None:
    """Wait until all checks pass.

    Args:
        engine: The engine that the cluster runs on.
        image: An image in the engine that contains curl, for the requests from outside.

    Raises:
        CommandError: Some checks failed until the time was over; the message has their last state.
    """
    objects = addons.with_images("check.yaml")
    kind.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(objects))
    external = ExternalClient(engine, image)
    checks: dict[str, Callable[[], str]] = {
        "every node is Ready": _nodes,
        "cluster DNS responds to a Pod": _dns,
        "a LoadBalancer Service responds outside the cluster": lambda: external.get(
            _address("echo", CHECK_NAMESPACE)
        ),
        "the Ingress controller responds outside the cluster": lambda: external.get(
            _address("traefik", "traefik"), host="check.example.com"
        ),
        "connections to addresses without a Service time out": _no_response,
    }
    deadline = time.monotonic() + WITHIN
    try:
        with ThreadPoolExecutor(len(checks)) as parallel:
            last = parallel.map(lambda check: _repeat(check, deadline), checks.values())
            problems = dict(zip(checks, last, strict=True))
    finally:
        external.close()
    failed = [f"  {name}: {problem}" for name, problem in problems.items() if problem]
    if failed:
        pods = kind.try_kubectl("get", "nodes,pods", "--all-namespaces", "--output=wide").stdout
        raise CommandError(
            "\n".join([f"The cluster isn't up after {WITHIN:.0f} s:", *failed, "", pods]),
            "make clean, then run the same command again; `make doctor` checks the machine",
        )
    kind.kubectl("delete", "namespace", CHECK_NAMESPACE, "--wait=false")


def _repeat(check: Callable[[], str], deadline: float) -> str:
    """Repeat a check until it finds no problem, and return the last one when the time is over.

    A check sends requests, and Kubernetes has no watch for their results.
    """
    problem = ""

    def passes() -> bool:
        nonlocal problem
        problem = check()
        return not problem

    poll(passes, deadline - time.monotonic(), pause=0.2)
    return problem


def not_ready_nodes() -> list[str]:
    """Return the names of the nodes whose condition Ready isn't True."""
    nodes = json.loads(kind.kubectl("get", "nodes", "--output=json"))["items"]
    return [node["metadata"]["name"] for node in nodes if not _is_ready(node)]


def _is_ready(node: dict[str, Any]) -> bool:
    conditions: Iterable[dict[str, str]] = node.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _nodes() -> str:
    waiting = not_ready_nodes()
    return f"not Ready: {', '.join(waiting)}" if waiting else ""


def _dns() -> str:
    ran = _in_pod("dig", "+short", "+time=1", "+tries=1", "kubernetes.default.svc.cluster.local")
    return "" if ran.stdout.strip() == "10.96.0.1" else f"dig printed {_output(ran)}"


def _no_response() -> str:
    for address in _UNSERVED:
        ran = _in_pod("/agnhost", "connect", "--timeout=1s", address)
        if "TIMEOUT" not in ran.stderr:
            return f"a connection to {address} didn't time out: {_output(ran) or 'it was accepted'}"
    return ""


def _address(service: str, namespace: str) -> str:
    path = "{.status.loadBalancer.ingress[0].ip}"
    return kind.try_kubectl(
        *("get", "service", service, f"--namespace={namespace}", f"--output=jsonpath={path}")
    ).stdout


def _in_pod(*command: str) -> subprocess.CompletedProcess[str]:
    return kind.try_kubectl("exec", f"--namespace={CHECK_NAMESPACE}", "probe", "--", *command)


def _output(ran: subprocess.CompletedProcess[str]) -> str:
    return (ran.stdout + ran.stderr).strip()


class ExternalClient:
    """A client outside the cluster: a container on the nodes' network that isn't a node.

    It reaches load balancer addresses on every machine. The host doesn't, because Docker Desktop
    runs containers in a virtual machine.
    """

    def __init__(self, engine: Engine, image: str) -> None:
        """Start the container, which the engine removes when it exits."""
        self._engine = engine
        self._container = engine.docker(
            *("run", "--detach", "--rm", "--network", NETWORK),
            *("--label", EXTERNAL_CLIENT_LABEL, "--entrypoint", "sleep", image, "3600"),
        )

    def get(self, address: str, host: str = "") -> str:
        """Return why the Pod `echo` didn't respond at an address, or an empty string if it did."""
        if not address:
            return "no address yet"
        header = ["--header", f"Host: {host}"] if host else []
        ran = commands.attempt(
            [
                *("docker", "exec", self._container, "curl", "--silent", "--show-error"),
                *("--max-time", "2", *header, f"http://{address}/hostname"),
            ],
            env=self._engine.env,
        )
        # The Pod's name, because another server may respond as well.
        return "" if ran.stdout == "echo" else f"http://{address}/hostname: {_output(ran)}"

    def close(self) -> None:
        """Remove the container."""
        self._engine.docker("rm", "--force", self._container)
