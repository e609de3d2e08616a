"""A Service and its endpoints: what its EndpointSlices say about each Pod, now and in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubelab.feed import Version
from kubelab.objects import Handle, Pod
from kubelab.polling import again
from kubelab.states import State
from kubelab.timeline import Event, Story
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
    def of(cls, raw: dict) -> Endpoint:
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


class Service(Handle):
    """A live Service."""

    @property
    def ip(self) -> str | None:
        """Its cluster IP; `None` as text for a headless one."""
        return (self.object or {}).get("spec", {}).get("clusterIP")

    @property
    def node_port(self) -> int | None:
        """The node port of its first port; None where it has none."""
        ports = (self.object or {}).get("spec", {}).get("ports", [{}])
        return ports[0].get("nodePort")

    @property
    def external_ip(self) -> str | None:
        """The address that a load balancer's provider wrote into its status; None while pending."""
        status = (self.object or {}).get("status", {}).get("loadBalancer", {})
        return next((ingress.get("ip") for ingress in status.get("ingress", [])), None)

    @property
    def endpoints(self) -> Endpoints:
        """What is behind it, to look at and to wait for."""
        return Endpoints(self)


class Endpoints(Handle):
    """The EndpointSlices of a Service, seen as one. Slices that are gone are left out."""

    def __init__(self, service: Service) -> None:
        self.lab, self.namespace = service.lab, service.namespace
        self.kind, self.api_version = "EndpointSlice", "discovery.k8s.io/v1"
        self.uid, self.applied, self.start = service.uid, service.applied, service.start
        self.feed = service.lab.feed(self.api_version, self.kind)
        self._service = service.name
        spec = (service.object or {}).get("spec", {})
        has_slices = spec.get("type") != "ExternalName"
        self._selector = spec.get("selector", {}) if has_slices else {}

    def __str__(self) -> str:
        return f"endpoints of {self._service}"

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(endpoints_in(self.object))

    @property
    def name(self) -> str:
        return next((name for name in self.feed.names() if self._has(name)), self._service)

    def versions(self) -> list[Version]:
        news = [
            (version.at, name, version.object)
            for name in self.feed.names()
            if self._has(name)
            for version in self.feed.versions(name)
            if version.object
        ]
        slices: dict[str, list[dict]] = {}
        found = []
        for at, name, obj in sorted(news, key=lambda item: item[0]):
            slices[name] = obj.get("endpoints") or []
            together = [endpoint for each in slices.values() for endpoint in each]
            found.append(Version(at, {"kind": self.kind, "endpoints": together}))
        return found

    @property
    def story(self) -> Story:
        """When each endpoint came, changed and went."""
        until = self.feed.clock() - self.start
        return Story(str(self), tuple(_events(self.versions(), self.start)), until)

    def wait_for_pods(self, within: float = WITHIN) -> None:
        """Return once the ready endpoints are the ready Pods that the Service's selector matches,
        and no others; WaitFailed after `within` seconds.

        The EndpointSlices follow the Pods a moment later. Those of a Service without a selector
        follow nobody, and an ExternalName Service has none.
        """
        if not self._selector:
            return
        for _ in again(within):
            pods = {pod.name for pod in self.lab.pods(self._selector) if _may_be_asked(pod)}
            endpoints = {endpoint.who for endpoint in self if endpoint.ready}
            if endpoints == pods:
                return
        raise WaitFailed(
            f"{self} are {sorted(endpoints) or 'none'} after {within:g} s, and the Pods that are "
            f"ready and match are {sorted(pods) or 'none'}"
        )

    def _has(self, name: str) -> bool:
        obj = self.feed.versions(name)[-1].object
        return (obj or {}).get("metadata", {}).get("labels", {}).get(SERVICE_NAME) == self._service


def _may_be_asked(pod: Pod) -> bool:
    return pod.ready and "deletionTimestamp" not in pod.object["metadata"]


def endpoints_in(obj: dict | None) -> list[Endpoint]:
    """The endpoints of an EndpointSlice as the API gives it."""
    return [Endpoint.of(raw) for raw in (obj or {}).get("endpoints") or []]


def ready_endpoints(count: int) -> State:
    """The Service has so many endpoints that are ready, no more and no fewer."""
    return State(
        f"{count} ready endpoint{'s' * (count != 1)}",
        lambda obj: sum(endpoint.ready for endpoint in endpoints_in(obj)) == count,
    )


def terminating_endpoints(count: int) -> State:
    """The Service has so many endpoints whose Pods are being deleted."""
    return State(
        f"{count} terminating endpoint{'s' * (count != 1)}",
        lambda obj: sum(endpoint.terminating for endpoint in endpoints_in(obj)) == count,
    )


def _events(versions: Sequence[Version], start: float) -> Iterator[Event]:
    before: dict[str, str] = {}
    for at, obj in versions:
        now = {endpoint.who: endpoint.state for endpoint in endpoints_in(obj)}
        for who in before.keys() | now.keys():
            if before.get(who) != now.get(who):
                yield Event(at - start, who, now.get(who, "gone"), "endpoint")
        before = now
