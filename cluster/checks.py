"""Whether the cluster is up, found out by using it.

kind says "ready" when the control plane is. The labs need more: every node, DNS, a load balancer
that gives addresses and answers on them, an Ingress controller that routes, and nothing that
answers in place of what is not there.
"""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import yaml

from cluster import addons, kind
from cluster.clean import NETWORK
from cluster.engine import Engine
from cluster.errors import Stop

WITHIN = 120.0
"""Seconds that the cluster gets, from the end of `kind create cluster`. It takes about 15."""

_NAMESPACE = "kubernetes-observed-check"
_UNSERVED = ("10.96.255.254:80", "10.96.0.1:9999")
"""An address of the Service range that no Service has, and a port that its Service has not."""


def wait_until_up(engine: Engine, image: str) -> None:
    """Returns when all checks hold. Raises Stop with the last state of those that do not.

    `image` is one that the engine has and that contains curl, for the requests from outside.
    """
    objects = addons.with_images("check.yaml")
    kind.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(objects))
    outside = Outside(engine, image)
    checks: dict[str, Callable[[], str]] = {
        "every node is Ready": _nodes,
        "cluster DNS answers a Pod": _dns,
        "a LoadBalancer Service answers outside": lambda: outside.get(_address("echo")),
        "the Ingress controller answers outside": lambda: outside.get(
            _address("traefik", "traefik"), host="check.example.com"
        ),
        "what nobody serves stays silent": _silence,
    }
    deadline = time.monotonic() + WITHIN
    try:
        with ThreadPoolExecutor(len(checks)) as parallel:
            last = dict(
                zip(
                    checks,
                    parallel.map(lambda c: _until(c, deadline), checks.values()),
                    strict=True,
                )
            )
    finally:
        outside.close()
    wrong = [f"  {name}: {state}" for name, state in last.items() if state]
    if wrong:
        pods = kind.try_kubectl("get", "nodes,pods", "--all-namespaces", "--output=wide").stdout
        raise Stop(
            f"The cluster is not up after {WITHIN:.0f} s. Last seen:\n"
            + "\n".join(wrong)
            + f"\n\n{pods}",
            "make clean, then the same command again; `make doctor` looks at the machine",
        )
    kind.kubectl("delete", "namespace", _NAMESPACE, "--wait=false")


def _until(check: Callable[[], str], deadline: float) -> str:
    """Repeats a check until it finds nothing wrong; what was wrong when the time was over.

    Asked again and again, because what is waited for is behaviour, which has no watch.
    """
    pause = threading.Event()
    while True:
        wrong = check()
        if not wrong or time.monotonic() > deadline:
            return wrong
        pause.wait(0.2)


def not_ready_nodes() -> list[str]:
    """The nodes whose condition Ready is not True."""
    nodes = json.loads(kind.kubectl("get", "nodes", "--output=json"))["items"]
    return [
        node["metadata"]["name"]
        for node in nodes
        if not any(c["type"] == "Ready" and c["status"] == "True" for c in _conditions(node))
    ]


def _conditions(object_: dict) -> list[dict]:
    return object_.get("status", {}).get("conditions", [])


def _nodes() -> str:
    waiting = not_ready_nodes()
    return f"not Ready: {', '.join(waiting)}" if waiting else ""


def _dns() -> str:
    answer = _in_pod(
        *("dig", "+short", "+time=1", "+tries=1", "kubernetes.default.svc.cluster.local")
    )
    return "" if answer.stdout.strip() == "10.96.0.1" else f"dig said {_said(answer)}"


def _silence() -> str:
    for address in _UNSERVED:
        answer = _in_pod("/agnhost", "connect", "--timeout=1s", address)
        if "TIMEOUT" not in answer.stderr:
            return f"{address} should time out, but connecting to it said {_said(answer) or 'yes'}"
    return ""


def _address(service: str, namespace: str = _NAMESPACE) -> str:
    path = "{.status.loadBalancer.ingress[0].ip}"
    return kind.try_kubectl(
        *("get", "service", service, f"--namespace={namespace}", f"--output=jsonpath={path}")
    ).stdout


def _in_pod(*command: str) -> subprocess.CompletedProcess[str]:
    return kind.try_kubectl("exec", f"--namespace={_NAMESPACE}", "probe", "--", *command)


def _said(ran: subprocess.CompletedProcess[str]) -> str:
    return (ran.stdout + ran.stderr).strip()


class Outside:
    """A client beside the cluster: a container on the nodes' network that is no node.

    It reaches load balancer addresses on every machine; the host itself does not everywhere
    (Docker Desktop keeps containers in a virtual machine).
    """

    def __init__(self, engine: Engine, image: str) -> None:
        self._engine = engine
        self._container = engine.docker(
            *("run", "--detach", "--rm", "--network", NETWORK),
            *("--label", "kubernetes-observed=outside", "--entrypoint", "sleep", image, "3600"),
        )

    def get(self, address: str, host: str = "") -> str:
        """What is wrong with the answer of `echo` at this address; nothing if it is right."""
        if not address:
            return "no address yet"
        header = ["--header", f"Host: {host}"] if host else []
        answer = subprocess.run(
            [
                *("docker", "exec", self._container, "curl", "--silent", "--show-error"),
                *("--max-time", "2", *header, f"http://{address}/hostname"),
            ],
            env=self._engine.env,
            capture_output=True,
            text=True,
        )
        # The Pod's name, and not just any answer.
        return "" if answer.stdout == "echo" else f"http://{address}/hostname said {_said(answer)}"

    def close(self) -> None:
        self._engine.docker("rm", "--force", self._container)
