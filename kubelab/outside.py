"""A client, and a server, beside the cluster: a container on the nodes' network that is no node.

It is one on every machine. The host is not: Docker Desktop keeps the nodes in a virtual machine.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from cluster import engine, versions
from cluster.clean import NETWORK
from kubelab import connection, runs
from kubelab.probes import Client

if TYPE_CHECKING:
    from kubelab.lab import Lab

# cat ends when its input does: when the lab is closed, and when the process that holds the other
# end is gone, also by kill -9. Then the engine removes the container.
# Without the default routes nothing leaves the nodes' network, see cluster/hermetic.py.
START = """ip route del default; ip -6 route del default 2>/dev/null
/agnhost netexec --http-port="$1" --udp-port="$1" >/dev/null 2>&1 &
until (: < "/dev/tcp/127.0.0.1/$1") 2>/dev/null; do sleep 0.1; done
ip -4 -oneline addr show dev eth0 | grep -Eo '[0-9.]+' | sed -n 3p
exec cat"""


class Outside(Client):
    """Started by `lab.outside()`. It answers HTTP and UDP on `port` with its own name."""

    def __init__(self, lab: Lab, name: str, port: int) -> None:
        found = engine.find()
        if found is None:
            raise connection.NoCluster("No Docker engine answers.", "make doctor")
        self.name, self.port = name, port
        self._engine, self._container = found, f"{lab.namespace}-{name}"
        self.where = f"docker exec {self._container}"
        labels = ["kubernetes-observed=outside", f"{runs.LABEL}={runs.join()}"]
        command = [
            *("docker", "run", "--rm", "--interactive", "--network", NETWORK),
            *("--name", self._container, "--hostname", name, "--cap-add", "NET_ADMIN"),
            *(part for label in labels for part in ("--label", label)),
            *("--entrypoint", "bash", versions.IMAGES["agnhost"], "-c", START, "start", str(port)),
        ]
        print(f"$ docker run --rm --network {NETWORK} --name {self._container} … netexec")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, env=found.env, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        self.ip: str = self._process.stdout.readline().strip()
        """Its IPv4 address on the nodes' network."""
        if not self.ip:
            said = self._process.communicate()[1]
            raise RuntimeError(
                f"the container beside the cluster did not start: {said}\n  Next: make doctor"
            )

    def run(self, *command: str) -> tuple[int, str, str]:
        ran = subprocess.run(
            ["docker", "exec", self._container, *command],
            env=self._engine.env,
            capture_output=True,
            text=True,
        )
        return ran.returncode, ran.stdout, ran.stderr

    def close(self) -> None:
        """End the container; the engine removes it."""
        self._process.communicate()
