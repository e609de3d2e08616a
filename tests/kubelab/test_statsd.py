"""StatsD lines, sent by bash as in a Pod, and what the sender learns of them."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

from kubelab.statsd import StatsD


class Monitor:
    """A Prometheus that remembers what was waited for."""

    def __init__(self) -> None:
        self.waits: list[Any] = []

    def wait_for_value(self, promql: str, at: float, within: float) -> None:
        self.waits.append((promql, at))

    def wait_for_scrape(self, pod: Any) -> None:
        self.waits.append(pod.name)


def pod() -> SimpleNamespace:
    """A Pod whose commands run here, where no process listens at the port."""

    def run(*command: str, container: str) -> tuple[int, str, str]:
        ran = subprocess.run(command, capture_output=True, text=True)
        return ran.returncode, ran.stdout, ran.stderr

    return SimpleNamespace(name="shop", namespace="lab", run=run)


def test_only_a_socket_that_is_kept_gets_the_refusal_of_a_closed_port(capsys):
    app = StatsD(pod(), Monitor())
    assert app.send("a:1|c", "b:1|c") == ["sent", "sent"]
    assert app.send_from_one_socket("a:1|c", "b:1|c") == ["sent", "refused"]
    assert capsys.readouterr().out.splitlines()[0] == (
        "$ kubectl exec shop -n lab -c app -- "
        """bash -c "printf %s 'a:1|c' > /dev/udp/127.0.0.1/9125\""""
    )


def test_lines_are_delivered_when_prometheus_has_the_mark_after_them(capsys):
    monitor = Monitor()
    app = StatsD(pod(), monitor)
    app.deliver("a:1|c")
    app.deliver("b:1|c")
    assert monitor.waits == [
        ('lab_mark{pod="shop"}', 1),
        "shop",
        ('lab_mark{pod="shop"}', 2),
        "shop",
    ]
    assert capsys.readouterr().out.count("lab.mark:") == 2
