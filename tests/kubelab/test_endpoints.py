"""What EndpointSlices say about each Pod, now and in order."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kubelab import WaitFailed
from kubelab.endpoints import Endpoint, Service, ready_endpoints, terminating_endpoints
from tests.kubelab.scripted import ScriptedStore

_version = iter(range(100, 10**6))

LIVE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "echo", "uid": "uid-1", "resourceVersion": "99"},
    "spec": {"selector": {"app": "echo"}},
}


def slice_of(service: str, *endpoints: dict) -> dict:
    return {
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{service}-x",
            "uid": f"{service}-x",
            "resourceVersion": str(next(_version)),
            "labels": {"kubernetes.io/service-name": service},
        },
        "endpoints": list(endpoints) or None,
    }


def endpoint(pod: str, **conditions: bool) -> dict:
    return {"addresses": ["10.244.1.7"], "conditions": conditions, "targetRef": {"name": pod}}


def service(informer: ScriptedStore) -> Service:
    lab = SimpleNamespace(namespace="lab-1", informer=lambda version, kind: informer)
    return Service(lab, LIVE, 0.0)


def test_conditions_that_are_not_there_count_as_the_api_says():
    bare = Endpoint.of({"addresses": ["192.0.2.1"]})
    assert (bare.who, bare.ready, bare.serving, bare.terminating) == (
        "192.0.2.1",
        True,
        True,
        False,
    )


def test_timeline_tells_when_each_endpoint_came_changed_and_went():
    informer = ScriptedStore(
        [
            (1.0, slice_of("echo")),
            (2.0, slice_of("echo", endpoint("a", ready=False))),
            (3.0, slice_of("echo", endpoint("a", ready=True))),
            (4.0, slice_of("echo", endpoint("a", ready=False, serving=True, terminating=True))),
            (5.0, slice_of("echo")),
        ]
    )
    endpoints = service(informer).endpoints
    endpoints.wait(until=terminating_endpoints(1), within=10)
    assert endpoints.hold(ready_endpoints(0), during=2).held
    assert [(change.at, change.who, change.what) for change in endpoints.timeline.changes] == [
        (2.0, "a", "not ready"),
        (3.0, "a", "ready"),
        (4.0, "a", "terminating, still serving"),
        (5.0, "a", "gone"),
    ]


def test_endpoint_slices_are_no_object_to_delete_or_patch():
    endpoints = service(ScriptedStore()).endpoints
    assert not {"delete", "patch", "events", "get"} & set(dir(endpoints))
    assert (str(endpoints), endpoints.object) == ("endpoints of echo", None)


def test_endpoints_of_other_services_do_not_count():
    informer = ScriptedStore([(0.0, slice_of("other", endpoint("b")))])
    assert list(service(informer).endpoints) == []


def test_a_service_has_an_external_address_when_a_provider_has_written_one():
    pending = {"metadata": {"name": "echo", "uid": "uid-1", "resourceVersion": "1"}, "status": {}}
    written = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}}}
    informer = ScriptedStore([(0.0, pending)])
    echo = service(informer)
    assert echo.external_ip is None
    informer.put("MODIFIED", pending | written)
    assert echo.external_ip == "192.0.2.1"
    assert echo.external_ip_history() == [None, "192.0.2.1"]


def test_one_can_wait_until_the_endpoints_follow_the_pods():
    def pod(name, ready=True, **metadata):
        return SimpleNamespace(name=name, ready=ready, object={"metadata": metadata})

    found = slice_of("echo", endpoint("a"), endpoint("b", ready=False))
    endpoints = service(ScriptedStore([(0.0, LIVE), (0.0, found)])).endpoints
    leaving = pod("c", deletionTimestamp="2026-11-23T07:00:00Z")
    endpoints.lab.pods = lambda labels: [pod("a"), pod("b", ready=False), leaving]
    endpoints.wait_for_pods(within=0)
    endpoints.lab.pods = lambda labels: [pod("a"), pod("b")]
    with pytest.raises(WaitFailed, match=r"are \['a'\] after 0 s.*are \['a', 'b'\]"):
        endpoints.wait_for_pods(within=0)
