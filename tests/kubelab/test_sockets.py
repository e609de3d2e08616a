"""TCP connections of a Pod, from what `ss` prints."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kubelab import polling
from kubelab.sockets import tcp_connections

SCRAPED = "0      0      [::ffff:10.244.1.7]:9102 [::ffff:10.244.2.3]:41234\n"
PUSHED = "0      0      10.244.1.7:40112 10.244.2.3:9090\n"


def pod(*outputs: str) -> SimpleNamespace:
    """A Pod in which `ss` prints these, one after another; the last one stays."""
    left = list(outputs)

    def run(*command: str, container: str | None = None) -> tuple[int, str, str]:
        return 0, left.pop(0) if len(left) > 1 else left[0], ""

    return SimpleNamespace(name="shop", namespace="lab", run=run)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0)


def test_connections_are_listed_once_the_wanted_one_is_there(capsys):
    shop = pod("", PUSHED, PUSHED + SCRAPED)
    wanted = ["port 9102 with 10.244.2.3", "port 40112 with 10.244.2.3"]
    assert tcp_connections(shop, including=9102, container="app") == wanted
    assert (
        capsys.readouterr().out
        == "$ kubectl exec shop -n lab -c app -- ss -Hnt state established\n"
    )


def test_a_pod_without_the_wanted_connection_has_the_others():
    assert tcp_connections(pod(PUSHED), including=9102, within=0) == ["port 40112 with 10.244.2.3"]
