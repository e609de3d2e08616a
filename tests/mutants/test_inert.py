"""On the inert cluster every wait ends at once, and no state holds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kubelab import NoCluster, WaitFailed, gone, phase, ready_endpoints, without
from kubelab.endpoints import Service
from kubelab.errors import NotFound
from kubelab.objects import Pod
from kubelab.states import State
from tests.mutants.inert import InertCluster

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "labels": {"app": "echo"}},
    "spec": {"containers": []},
}
MINUTE = 60


class EmptyApi:
    """A namespace in which nothing exists."""

    def request(self, method: str, path: str, **_: Any) -> dict:
        if path.endswith("s"):
            metadata = {"resourceVersion": "7"}
            return {"apiVersion": "v1", "kind": "PodList", "metadata": metadata, "items": []}
        raise NotFound(404, "NotFound", "no")

    def table(self, path: str) -> dict:
        raise NotFound(404, "NotFound", "no")

    def watch(self, path: str, version: str) -> Any:
        raise ConnectionResetError

    def path(self, version: str, kind: str, namespace: str = "", name: str = "") -> str:
        return f"/{kind.lower()}s/{name}".rstrip("/")


@pytest.fixture
def cluster() -> InertCluster:
    real = SimpleNamespace(
        api=EmptyApi(), foreign=None, kubernetes="v1", description="empty", describe=lambda: None
    )
    return InertCluster(real)


@pytest.fixture
def lab(cluster: InertCluster) -> SimpleNamespace:
    informers = {kind: cluster.informer(f"/{kind}") for kind in ("Pods", "EndpointSlices")}
    return SimpleNamespace(
        namespace="lab-1", api=cluster.api, informer=lambda _, kind: informers[f"{kind}s"]
    )


def applied(lab: SimpleNamespace, wrapper: type = Pod) -> Any:
    live = lab.api.apply(POD, "lab-1")
    informer = lab.informer("v1", "Pod")
    start = informer.clock()
    informer.put("ADDED", live)
    return wrapper(lab, live, start)


def test_an_applied_object_is_gone_at_once(lab: SimpleNamespace):
    pod = applied(lab)
    assert (pod.object, pod.phase, pod.restarts) == (None, None, None)
    assert lab.informer("v1", "Pod").names() == []
    assert pod.get() == {}
    assert lab.api.warnings(POD, "lab-1", dry_run=False) == []
    assert lab.api.apply(POD, "lab-1", dry_run=True) == {}


def test_a_wait_ends_at_once(lab: SimpleNamespace):
    with pytest.raises(WaitFailed, match="it is gone"):
        applied(lab).wait(until=phase("Running"), within=MINUTE)
    with pytest.raises(WaitFailed, match="gave up after 60"):
        applied(lab, Service).endpoints.wait(until=ready_endpoints(1), within=MINUTE)


@pytest.mark.parametrize("state", [phase("Failed"), without("status"), gone()])
def test_no_hold_is_kept_not_even_that_of_gone(lab: SimpleNamespace, state: State):
    pod = applied(lab)
    for _ in range(2):
        assert not pod.hold(state, during=MINUTE).held
        assert pod.object is None


@pytest.mark.parametrize("count", [0, 1])
def test_endpoints_of_a_service_that_is_not_there_hold_nothing(lab: SimpleNamespace, count: int):
    assert not applied(lab, Service).endpoints.hold(ready_endpoints(count), during=MINUTE).held


def test_there_is_no_container_outside_the_cluster(cluster: InertCluster):
    cluster.check(["nodes", "external-client"])
    cluster.require("nodes")
    with pytest.raises(NoCluster, match="starts no external client"):
        cluster.require("external-client")
