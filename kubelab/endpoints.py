"""A Service and its endpoints: what its EndpointSlices say about each Pod, now and in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kubelab import waiting
from kubelab.objects import KubernetesObject, Pod
from kubelab.polling import poll
from kubelab.states import State
from kubelab.store import Informer, Snapshot
from kubelab.timeline import Change, Timeline
from kubelab.waiting import WITHIN, WaitFailed

SERVICE_NAME = "kubernetes.io/service-name"
"""The label by which an EndpointSlice belongs to a Service."""


@dataclass(frozen=True)
class Endpoint:
    """One address behind a Service."""

    who: str
    """The Pod's name; the address itself where a slice made by hand names no Pod."""
    ip: str
    node: str | None
    ready: bool
    serving: bool
    terminating: bool
    for_nodes: tuple[str, ...]
    """The nodes whose clients should use it: the hints of `trafficDistribution`."""

    @property
    def state(self) -> str:
        """ready, not ready, serving while it terminates, or terminating."""
        if self.terminating:
            return "terminating, still serving" if self.serving else "terminating"
        return "ready" if self.ready else "not ready"

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Endpoint:
        """From an EndpointSlice, where conditions that are not there count as the API says."""
        conditions = raw.get("conditions", {})
        ip = raw["addresses"][0]
        ready = conditions.get("ready", True)
        return cls(
            raw.get("targetRef", {}).get("name", ip),
            ip,
            raw.get("nodeName"),
            ready,
            conditions.get("serving", ready),
            conditions.get("terminating", False),
            tuple(hint["name"] for hint in raw.get("hints", {}).get("forNodes", [])),
        )


class Service(KubernetesObject):
    """A live Service."""

    @property
    def ip(self) -> str | None:
        """Its cluster IP; `None` as text for a headless one."""
        address: str | None = (self.object or {}).get("spec", {}).get("clusterIP")
        return address

    @property
    def node_port(self) -> int | None:
        """The node port of its first port; None where it has none."""
        ports = (self.object or {}).get("spec", {}).get("ports", [{}])
        port: int | None = ports[0].get("nodePort")
        return port

    @property
    def external_ip(self) -> str | None:
        """The address that a load balancer's provider wrote into its status; None while pending."""
        status = (self.object or {}).get("status", {}).get("loadBalancer", {})
        return next((ingress.get("ip") for ingress in status.get("ingress", [])), None)

    def external_ip_history(self) -> list[str | None]:
        """Return what its status said of the external address since apply, in order.

        None stands for a status without an address, as it is right after creation.
        """
        history: list[str | None] = []
        for snapshot in self.snapshots():
            status = (snapshot.object or {}).get("status", {}).get("loadBalancer", {})
            address = next((one.get("ip") for one in status.get("ingress", [])), None)
            if snapshot.object and history[-1:] != [address]:
                history.append(address)
        return history

    @property
    def endpoints(self) -> EndpointSlices:
        """Its EndpointSlices, to iterate over and to wait for."""
        return EndpointSlices(self)


class EndpointSlices:
    """The EndpointSlices of a Service, seen as one. Deleted slices are left out."""

    kind = "EndpointSlice"

    def __init__(self, service: Service) -> None:
        self.lab, self.start = service.lab, service.start
        self._informer = service.lab.informer("discovery.k8s.io/v1", "EndpointSlice")
        self._check = service.check
        self._service = service.name
        spec = (service.object or {}).get("spec", {})
        has_slices = spec.get("type") != "ExternalName"
        self._selector = spec.get("selector", {}) if has_slices else {}

    def __str__(self) -> str:
        return f"endpoints of {self._service}"

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(endpoints_in(self.object))

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def informer(self) -> Informer:
        """What the watch on EndpointSlices has seen, if that is still the truth."""
        self._check()
        if self._informer.error:
            raise self._informer.error
        return self._informer

    @property
    def name(self) -> str:
        """The first slice's name; the Service's where there is none."""
        return next((name for name in self.informer.names() if self._has(name)), self._service)

    @property
    def describe_command(self) -> str:
        """The kubectl command that shows the first slice."""
        return f"kubectl describe endpointslice/{self.name} -n {self.lab.namespace}"

    @property
    def object(self) -> dict[str, Any] | None:
        """The endpoints of all slices as one object; None where there is no slice yet."""
        snapshots = self.snapshots()
        return snapshots[-1].object if snapshots else None

    def snapshots(self) -> list[Snapshot]:
        """The endpoints of all slices after each change of a slice."""
        news = [
            (snapshot.at, name, snapshot.object)
            for name in self.informer.names()
            if self._has(name)
            for snapshot in self.informer.snapshots(name)
            if snapshot.object
        ]
        slices: dict[str, list[dict[str, Any]]] = {}
        found = []
        for at, name, obj in sorted(news, key=lambda item: item[0]):
            slices[name] = obj.get("endpoints") or []
            together = [endpoint for each in slices.values() for endpoint in each]
            found.append(Snapshot(at, {"kind": "EndpointSlice", "endpoints": together}))
        return found

    @property
    def timeline(self) -> Timeline:
        """When each endpoint came, changed and went."""
        until = self.informer.clock() - self.start
        return Timeline(str(self), tuple(_changes(self.snapshots(), self.start)), until)

    def last_events(self) -> list[str]:
        """None: no component records Events about an EndpointSlice."""
        return []

    def wait(self, until: State, within: float = WITHIN) -> Timeline:
        """Return once `until` holds; WaitFailed after `within` seconds."""
        return waiting.wait(self, until, within)

    def hold(self, state: State, during: float) -> Timeline:
        """Watch for `during` seconds whether `state` stays true; the timeline's `held` tells."""
        return waiting.hold(self, state, during)

    def wait_for_pods(self, within: float = WITHIN) -> None:
        """Return once the ready endpoints are the ready Pods that the Service's selector matches.

        WaitFailed after `within` seconds.

        The EndpointSlices follow the Pods a moment later. Those of a Service without a selector
        follow no Pods, and an ExternalName Service has none.
        """
        if not self._selector:
            return
        for _ in poll(within, f"waiting until the {self} are its ready Pods"):
            pods = {pod.name for pod in self.lab.pods(self._selector) if _may_be_asked(pod)}
            endpoints = {endpoint.who for endpoint in self if endpoint.ready}
            if endpoints == pods:
                return
        raise WaitFailed(
            f"{self} are {sorted(endpoints) or 'none'} after {within:g} s, and the Pods that are "
            f"ready and match are {sorted(pods) or 'none'}"
        )

    def _has(self, name: str) -> bool:
        obj = self.informer.snapshots(name)[-1].object
        labels = (obj or {}).get("metadata", {}).get("labels", {})
        return bool(labels.get(SERVICE_NAME) == self._service)


def _may_be_asked(pod: Pod) -> bool:
    return pod.ready and "deletionTimestamp" not in (pod.object or {})["metadata"]


def endpoints_in(obj: dict[str, Any] | None) -> list[Endpoint]:
    """The endpoints of an EndpointSlice as the API gives it."""
    return [Endpoint.of(raw) for raw in (obj or {}).get("endpoints") or []]


def ready_endpoints(count: int) -> State:
    """The Service has so many endpoints that are ready, no more and no fewer."""
    return State(
        f"{count} ready endpoint{'s' * (count != 1)}",
        lambda obj: sum(endpoint.ready for endpoint in endpoints_in(obj)) == count,
        about={"ready_endpoints()": "EndpointSlice"},
    )


def terminating_endpoints(count: int) -> State:
    """The Service has so many endpoints whose Pods are being deleted."""
    return State(
        f"{count} terminating endpoint{'s' * (count != 1)}",
        lambda obj: sum(endpoint.terminating for endpoint in endpoints_in(obj)) == count,
        about={"terminating_endpoints()": "EndpointSlice"},
    )


def _changes(snapshots: Sequence[Snapshot], start: float) -> Iterator[Change]:
    before: dict[str, str] = {}
    for at, obj in snapshots:
        now = {endpoint.who: endpoint.state for endpoint in endpoints_in(obj)}
        for who in before.keys() | now.keys():
            if before.get(who) != now.get(who):
                yield Change(at - start, who, now.get(who, "gone"), "endpoint")
        before = now
