"""The kind cluster: its nodes, its network and its kubeconfig."""

import ipaddress
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from cluster import commands, paths, release, versions
from cluster.engine import Engine
from cluster.errors import CommandError
from cluster.from_source import binaries
from cluster.names import NETWORK
from cluster.release import Release

CONFIGURATION = versions.HERE / "kind.yaml"
"""kind's configuration file, with the cluster name and the host ports of the default release."""

POD_SUBNET = "10.244.0.0/16"
"""kind's default for IPv4."""

_KUBECTL_CACHE = paths.STATE / "kubectl-cache"


def configuration(of: Release) -> dict[str, Any]:
    """Return kind's configuration with the cluster name and the host ports of a release."""
    content: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    content["name"] = of.cluster
    mappings = content["nodes"][0]["extraPortMappings"]
    for mapping, port in zip(mappings, of.host_ports, strict=True):
        mapping["hostPort"] = port
    return content


def start_creating(engine: Engine, image: str) -> subprocess.Popen[bytes]:
    """Start `kind create cluster`, with its output in `creation_log()`, and return its process.

    `kind create cluster --wait` is not used, because it only prints a warning when nodes aren't
    Ready; checks.py waits for each node.
    """
    kind = binaries.compile_kind()
    if not engine.docker("network", "ls", "--quiet", "--filter", f"name=^{NETWORK}$"):
        paths.NETWORK_CREATED.touch()
    written = paths.STATE / "kind.yaml"
    written.write_text(yaml.safe_dump(configuration(release.current())))
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    with creation_log().open("wb") as log:
        return subprocess.Popen(
            [
                *(str(kind), "create", "cluster", "--image", image),
                *("--config", str(written), "--kubeconfig", str(paths.KUBECONFIG)),
                # When kind fails, it removes the nodes by the cluster's name. Without this option,
                # a kind that outlives a killed `up` removes the nodes of the next `up`.
                "--retain",
            ],
            cwd=paths.ROOT,  # the mounts in kind.yaml are relative to it
            env=engine.env,
            stdout=log,
            stderr=log,
        )


def creation_log() -> Path:
    """Return the file with the output of the last `kind create cluster`."""
    return paths.LOGS / "kind-create.log"


def delete(engine: Engine) -> None:
    """Remove the nodes with their volumes, and the kubeconfig."""
    nodes = engine.docker(
        "ps", "--all", "--quiet", "--filter", release.current().node_filter
    ).split()
    if nodes:
        engine.docker("rm", "--force", "--volumes", *nodes)
    paths.KUBECONFIG.unlink(missing_ok=True)


def write_kubeconfig(engine: Engine) -> bool:
    """Write the kubeconfig if the control plane has one by now, and return whether it has."""
    kind = str(binaries.compile_kind())
    got = commands.attempt(
        [kind, "get", "kubeconfig", "--name", release.current().cluster], env=engine.env
    )
    if got.returncode == 0:
        paths.KUBECONFIG.touch(mode=0o600)
        paths.KUBECONFIG.write_text(got.stdout)
    return got.returncode == 0


def running_nodes(engine: Engine) -> list[str]:
    """Return the names of the node containers that run."""
    return engine.docker(
        "ps", "--filter", release.current().node_filter, "--format", "{{.Names}}"
    ).split()


def subnets(engine: Engine) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return the address ranges of the nodes' Docker network."""
    (network,) = json.loads(engine.docker("network", "inspect", NETWORK))
    return [ipaddress.ip_network(each["Subnet"]) for each in network["IPAM"]["Config"]]


def kubectl(*arguments: str, input: str | None = None) -> str:
    """Run kubectl on the project's cluster and return its output.

    Raises:
        CommandError: kubectl failed; the message ends with its last lines.
    """
    ran = try_kubectl(*arguments, input=input)
    if ran.returncode != 0:
        raise CommandError(
            f"`kubectl {' '.join(arguments)}` failed:\n{commands.tail(ran.stderr)}",
            "make cluster (repairs or recreates the cluster)",
        )
    return ran.stdout


def try_kubectl(*arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the environment's kubectl on the project's cluster, whatever KUBECONFIG is set to."""
    return commands.attempt(
        [
            str(Path(sys.executable).with_name("kubectl")),
            *("--kubeconfig", str(paths.KUBECONFIG), "--context", release.current().context),
            *arguments,
        ],
        # Without KUBECACHEDIR, kubectl writes its discovery cache below ~/.kube.
        env={
            **os.environ,
            "KUBECONFIG": str(paths.KUBECONFIG),
            "KUBECACHEDIR": str(_KUBECTL_CACHE),
        },
        input=input,
    )
