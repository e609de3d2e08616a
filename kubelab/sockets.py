"""TCP connections of a Pod, as `ss` in one of its containers lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubelab.display import echo
from kubelab.polling import poll
from kubelab.waiting import WITHIN

if TYPE_CHECKING:
    from kubelab.objects import Pod


def tcp_connections(
    pod: Pod, including: int, container: str | None = None, within: float = WITHIN
) -> list[str]:
    """Return the established TCP connections of a Pod, sorted by the Pod's port.

    The containers of a Pod share one network, so any of them lists the connections of all.

    Args:
        pod: The Pod.
        including: A port of the Pod. For `within` seconds, a list without it is queried again: a
            client may close its connection and open another.
        container: The container that runs `ss`; the Pod's first one without a name.
        within: Seconds.

    Returns:
        One line for each connection: `port 9102 with 10.244.1.7`.
    """
    option = f" -c {container}" if container else ""
    command = ["ss", "-Hnt", "state", "established"]
    echo(f"kubectl exec {pod.name} -n {pod.namespace}{option} -- {' '.join(command)}")
    found: set[tuple[int, str]] = set()
    for _ in poll(within, f"waiting for a connection to port {including} of {pod}"):
        _, out, _ = pod.run(*command, container=container)
        ends = [line.split()[-2:] for line in out.splitlines() if line.split()]
        found = {(int(_split(here)[1]), _split(there)[0]) for here, there in ends}
        if including in {port for port, _ in found}:
            break
    return [f"port {port} with {address}" for port, address in sorted(found)]


def _split(end: str) -> tuple[str, str]:
    """Split `[::ffff:10.244.1.7]:9102` into its address, as IPv4 where it is one, and its port."""
    address, _, port = end.rpartition(":")
    return address.strip("[]").removeprefix("::ffff:"), port
