"""The kind cluster as such: its nodes, its network, its kubeconfig."""

import ipaddress
import json
import os
import subprocess
import sys
from pathlib import Path

from cluster import paths, versions
from cluster.clean import CLUSTER, NETWORK, NODES
from cluster.engine import Engine
from cluster.errors import Stop
from cluster.from_source import binaries

CONFIGURATION = versions.HERE / "kind.yaml"
CONTEXT = f"kind-{CLUSTER}"
CONTROL_PLANE = f"{CLUSTER}-control-plane"
_CACHE = paths.STATE / "kubectl-cache"
POD_SUBNET = "10.244.0.0/16"
"""kind's default for IPv4."""


def start_creating(engine: Engine, image: str) -> subprocess.Popen[bytes]:
    """Starts `kind create cluster`; its output goes to `creation_log()`.

    kind's own wait is not used: it only warns. up.py looks at each node itself.
    """
    kind = binaries.compile_kind()
    if not engine.docker("network", "ls", "--quiet", "--filter", f"name=^{NETWORK}$"):
        paths.NETWORK_CREATED.touch()
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    with creation_log().open("wb") as log:
        return subprocess.Popen(
            [
                *(str(kind), "create", "cluster", "--image", image),
                *("--config", str(CONFIGURATION), "--kubeconfig", str(paths.KUBECONFIG)),
                # A kind that fails removes the nodes, by the cluster's name: those of the next
                # command, if this one was killed and kind went on without it.
                "--retain",
            ],
            cwd=paths.ROOT,  # kind.yaml's mounts are relative to it
            env=engine.env,
            stdout=log,
            stderr=log,
        )


def creation_log() -> Path:
    """What the last `kind create cluster` said."""
    return paths.LOGS / "kind-create.log"


def delete(engine: Engine) -> None:
    """Removes the nodes with their volumes, and the kubeconfig."""
    nodes = engine.docker("ps", "--all", "--quiet", "--filter", NODES).split()
    if nodes:
        engine.docker("rm", "--force", "--volumes", *nodes)
    paths.KUBECONFIG.unlink(missing_ok=True)


def write_kubeconfig(engine: Engine) -> bool:
    """Writes the kubeconfig as soon as the control plane has one; whether it has."""
    got = subprocess.run(
        [str(binaries.compile_kind()), "get", "kubeconfig", "--name", CLUSTER],
        env=engine.env,
        capture_output=True,
    )
    if got.returncode == 0:
        paths.KUBECONFIG.touch(mode=0o600)
        paths.KUBECONFIG.write_bytes(got.stdout)
    return got.returncode == 0


def running_nodes(engine: Engine) -> list[str]:
    """The names of the node containers that run."""
    return engine.docker("ps", "--filter", NODES, "--format", "{{.Names}}").split()


def subnets(engine: Engine) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The address ranges of the Docker network that the nodes are on."""
    (network,) = json.loads(engine.docker("network", "inspect", NETWORK))
    return [ipaddress.ip_network(each["Subnet"]) for each in network["IPAM"]["Config"]]


def kubectl(*arguments: str, input: str | None = None) -> str:
    """What kubectl printed. Raises Stop with its error if it failed."""
    ran = try_kubectl(*arguments, input=input)
    if ran.returncode != 0:
        raise Stop(
            f"`kubectl {' '.join(arguments)}` failed:\n{ran.stderr.strip()}",
            "make cluster (it repairs or recreates)",
        )
    return ran.stdout


def try_kubectl(*arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
    """kubectl of the environment on this cluster and no other, whatever KUBECONFIG says."""
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("kubectl")),
            *("--kubeconfig", str(paths.KUBECONFIG), "--context", CONTEXT),
            *arguments,
        ],
        # Without KUBECACHEDIR, kubectl keeps what it discovered below ~/.kube.
        env={**os.environ, "KUBECONFIG": str(paths.KUBECONFIG), "KUBECACHEDIR": str(_CACHE)},
        input=input,
        capture_output=True,
        text=True,
    )
