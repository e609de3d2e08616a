"""A client and a server outside the cluster: a container on the nodes' network that is no node.

Every machine can have one. The host itself is not outside everywhere: Docker Desktop keeps the
nodes in a virtual machine, where the host's own packets don't reach them.
"""

from __future__ import annotations

import re
import subprocess

from kubelab import connection, kind, runs
from kubelab.answers import RECORD
from kubelab.background import REPEATED_REQUESTS, BackgroundRequests
from kubelab.clients import Client, url_of
from kubelab.display import echo
from kubelab.kind import AGNHOST, NETWORK
from kubelab.objects import Session

IMAGE = f"kubernetes-observed/outside:{AGNHOST.rpartition(':')[2]}"

# The nodes have the labs' image; the engine that runs the nodes has it only where it was pulled.
# containerd cannot export it, because kind's nodes keep no packed layers.
EXPORT = f"""folder=$(mktemp -d)
ctr -n k8s.io images mount {AGNHOST} "$folder" >/dev/null 2>&1
tar -C "$folder" -c .
ctr -n k8s.io images unmount --rm "$folder" >/dev/null 2>&1"""

# cat ends when its input does: when the lab is closed, and when the process that holds the other
# end is closed, also by kill -9. Then the engine removes the container.
# Without the default routes nothing leaves the nodes' network, see cluster/egress.py.
START = """ip route del default; ip -6 route del default 2>/dev/null
/agnhost netexec --http-port="$1" --udp-port="$1" >/dev/null 2>&1 &
until (: < "/dev/tcp/127.0.0.1/$1") 2>/dev/null; do sleep 0.1; done
read -r _ _ _ address _ < <(ip -4 -oneline addr show dev eth0)
echo "${address%/*}"
exec cat"""

REPEATED_SECONDS, PAUSE_SECONDS = 0.5, 0.1
"""What a request of `request_repeatedly` may take, and the pause before the next one: the shorter,
the better the length of an outage is measured."""


class ExternalClient(Client):
    """Created by `lab.client("external")`. It answers HTTP and UDP on `port` with its own name.

    The cluster's DNS knows it as `<container>.kind`.
    """

    def __init__(self, lab: Session, name: str, port: int) -> None:
        found = kind.find_engine()
        if found is None:
            raise connection.NoCluster("No Docker engine answers.", "make doctor")
        _provide_image(found)
        self.name, self.port, self.answers_as = name, port, lab.answers_as
        self.container = f"{lab.namespace}-{name}"
        self.where = f"docker exec {self.container}"
        self._env = found.env
        labels = [kind.EXTERNAL_CLIENT_LABEL, f"{runs.LABEL}={runs.join()}"]
        command = [
            *("docker", "run", "--rm", "--interactive", "--network", NETWORK),
            *("--name", self.container, "--hostname", name, "--cap-add", "NET_ADMIN"),
            *(part for label in labels for part in ("--label", label)),
            *("--entrypoint", "bash", IMAGE, "-c", START, "start", str(port)),
        ]
        echo(f"docker run --rm --network {NETWORK} --name {self.container} {IMAGE} …")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, env=found.env, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        assert self._process.stdout is not None  # it is a pipe
        self.ip: str = self._process.stdout.readline().strip()
        """Its IPv4 address on the nodes' network."""
        if not self.ip:
            said = self._process.communicate()[1].strip()
            raise RuntimeError(
                f"the container beside the cluster did not start: {said}\n  Next: make doctor"
            )

    def run(self, *command: str) -> tuple[int, str, str]:
        """Run a command in the container: exit code, stdout, stderr."""
        ran = subprocess.run(
            ["docker", "exec", self.container, *command],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=connection.COMMAND_SECONDS,
        )
        return ran.returncode, ran.stdout, ran.stderr

    def mac_of(self, address: str) -> str | None:
        """Return the hardware address that answered ARP for an address; None if none is known.

        The client's kernel knows it after a request to the address.
        """
        _, neighbour, _ = self.run("ip", "neigh", "show", address)
        found = re.search(r"lladdr (\S+)", neighbour)
        return found[1] if found else None

    def request_repeatedly(self, address: str) -> BackgroundRequests:
        """Send requests one after another in the background, until the result's `stop()`.

        Of an address without a path they request `/hostname`, as `get` does.
        """
        url = url_of(address)
        echo(f"{self.where} bash -c 'while true; do curl {url}; sleep {PAUSE_SECONDS}; done'")
        limits = [str(REPEATED_SECONDS), RECORD, str(PAUSE_SECONDS)]
        command = ["bash", "-c", REPEATED_REQUESTS, "keep-asking", url, *limits]
        return BackgroundRequests(
            ["docker", "exec", "--interactive", self.container, *command],
            self._env,
            self.answers_as,
        )

    def close(self) -> None:
        """End the container; the engine removes it."""
        self._process.communicate()


def _provide_image(engine: kind.Engine) -> None:
    """Copy the labs' image from a node to the engine, once a cluster, in about 3 s."""
    if engine.docker("image", "ls", "--quiet", IMAGE):
        return
    with subprocess.Popen(
        ["docker", "exec", kind.CONTROL_PLANE, "bash", "-c", EXPORT],
        env=engine.env,
        stdout=subprocess.PIPE,
    ) as export:
        subprocess.run(
            ["docker", "import", "--change", f"LABEL {kind.BUILT_LABEL}=built", "-", IMAGE],
            env=engine.env,
            stdin=export.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
        )
