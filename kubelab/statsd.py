"""StatsD lines that a container of a Pod sends to the sidecar beside it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from kubelab.display import echo

if TYPE_CHECKING:
    from kubelab.objects import Pod
    from kubelab.prometheus import Prometheus

PORT = 9125
"""Where a StatsD server listens in the labs, at 127.0.0.1 of its Pod."""

NEW_SOCKETS = f"""for line; do
    printf %s "$line" > /dev/udp/127.0.0.1/{PORT} && echo sent || echo refused
done"""
"""Each line as a datagram from a new socket."""

ONE_SOCKET = f"""exec 3<> /dev/udp/127.0.0.1/{PORT}
for line; do
    printf %s "$line" >&3 && echo sent || echo refused
    ((++lines == $#)) && break
    # A refusal comes back as an ICMP message: wait until it has come, or for 5 s.
    for _ in {{1..50}}; do read -t 0 -u 3 && break; sleep 0.1; done
done"""
"""Each line as a datagram from the same socket."""


class StatsD:
    """Sends StatsD lines from a container of a Pod; `monitor` scrapes the Pod's sidecar."""

    def __init__(self, pod: Pod, monitor: Prometheus, container: str = "app") -> None:
        self._pod, self._monitor, self._container = pod, monitor, container
        self._marks = count(1)

    def send(self, *lines: str) -> list[str]:
        """Send each line from a new socket; return for each whether it was `sent` or `refused`."""
        return self._send(NEW_SOCKETS, *lines)

    def send_from_one_socket(self, *lines: str) -> list[str]:
        """Send all lines from one socket; return for each whether it was `sent` or `refused`."""
        return self._send(ONE_SOCKET, *lines)

    def deliver(self, *lines: str, within: float = 120) -> None:
        """Send lines, and return when Prometheus has scraped what they changed.

        A last line sets the gauge `lab_mark`. The sidecar handles lines in the order in which they
        come, so when Prometheus has the mark, it has what was sent before it.
        """
        mark = next(self._marks)
        self.send(*lines, f"lab.mark:{mark}|g")
        self._monitor.wait_for_value(f'lab_mark{{pod="{self._pod.name}"}}', mark, within=within)
        self._monitor.wait_for_scrape(self._pod)

    def _send(self, script: str, *lines: str) -> list[str]:
        for line in lines:
            sent = f"printf %s '{line}' > /dev/udp/127.0.0.1/{PORT}"
            where = f"{self._pod.name} -n {self._pod.namespace} -c {self._container}"
            echo(f'kubectl exec {where} -- bash -c "{sent}"')
        _, out, _ = self._pod.run("bash", "-c", script, "send", *lines, container=self._container)
        return out.split()
