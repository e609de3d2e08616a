"""States of an object that a lab waits for: `phase("Failed") | restarts(2, of="worker")`.

Each says itself in words, and knows when it can no longer come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kubelab.timeline import container_statuses, state_of

TERMINAL = ("Succeeded", "Failed")


def _never(obj: dict) -> str | None:
    return None


@dataclass(frozen=True)
class State:
    """A test of an object as the API gives it; an object that is gone passes no test but `gone`."""

    text: str
    test: Callable[[dict], bool]
    hopeless: Callable[[dict], str | None] = _never
    """Why this object can no longer reach the state, or None."""
    when_gone: bool = False

    def holds(self, obj: dict | None) -> bool:
        return self.when_gone if obj is None else self.test(obj)

    def hopeless_because(self, obj: dict) -> str | None:
        return None if self.holds(obj) else self.hopeless(obj)

    def __or__(self, other: State) -> State:
        def hopeless(obj: dict) -> str | None:
            reasons = [self.hopeless_because(obj), other.hopeless_because(obj)]
            return "; ".join(dict.fromkeys(reasons)) if all(reasons) else None

        return State(
            f"{self.text} or {other.text}",
            lambda obj: self.test(obj) or other.test(obj),
            hopeless,
            self.when_gone or other.when_gone,
        )

    def __and__(self, other: State) -> State:
        return State(
            f"{self.text} and {other.text}",
            lambda obj: self.test(obj) and other.test(obj),
            lambda obj: self.hopeless_because(obj) or other.hopeless_because(obj),
            self.when_gone and other.when_gone,
        )


def phase(*names: str) -> State:
    """The Pod is in one of these phases."""
    return State(
        f"phase {' or '.join(names)}",
        lambda pod: pod.get("status", {}).get("phase") in names,
        _finished_pod,
    )


def finished() -> State:
    """The Pod has ended: phase Succeeded or Failed."""
    return State("finished", lambda pod: pod.get("status", {}).get("phase") in TERMINAL)


def ready() -> State:
    """The Pod's Ready condition is True; of a Deployment or its like, all its Pods are ready."""

    def test(obj: dict) -> bool:
        if "replicas" in obj.get("spec", {}):
            return obj["status"].get("readyReplicas", 0) == obj["spec"]["replicas"]
        if "desiredNumberScheduled" in obj.get("status", {}):
            return 0 < obj["status"]["desiredNumberScheduled"] == obj["status"]["numberReady"]
        return condition("Ready").test(obj)

    return State("ready", test, _finished_pod)


def condition(kind: str, status: str = "True") -> State:
    """A condition of the object's status: `condition("Complete")` of a Job."""

    def test(obj: dict) -> bool:
        conditions = obj.get("status", {}).get("conditions", [])
        return any(c["type"] == kind and c["status"] == status for c in conditions)

    return State(f"condition {kind} {status}", test)


def has(field: str, value: object = None) -> State:
    """The object has this field, and it isn't empty, or is this value:
    `has("status.hard")` of a ResourceQuota.
    """

    def test(obj: dict) -> bool:
        found: object = obj
        for key in field.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return found not in (None, "", [], {}) if value is None else found == value

    return State(f"with {field}" + f" {value}" * (value is not None), test)


def without(field: str) -> State:
    """The object doesn't have this field, or it is empty: `without("status.loadBalancer")`."""
    return State(f"without {field}", lambda obj: not has(field).test(obj))


def exited(container: str | None = None, times: int = 1) -> State:
    """The container has ended so many times or more, whatever came of it."""

    def test(pod: dict) -> bool:
        status = container_status(pod, container)
        ended_now = "terminated" in status.get("state", {}) or (
            "waiting" in status.get("state", {}) and "terminated" in status.get("lastState", {})
        )
        # The count goes up when the next run starts, so it is that of the runs that are over.
        return status.get("restartCount", 0) + ended_now >= times

    who = container or "the container"
    return State(f"{who} exited" + f" {times} times" * (times > 1), test)


def restarts(at_least: int, of: str | None = None) -> State:
    """The container has been restarted so many times or more."""
    times = "once" if at_least == 1 else f"{at_least} times"
    return State(
        f"{of or 'the container'} restarted {times} or more",
        lambda pod: container_status(pod, of).get("restartCount", 0) >= at_least,
        _finished_pod,
    )


def running(container: str | None = None) -> State:
    """The container runs now."""
    return State(
        f"{container or 'the container'} running",
        lambda pod: "running" in container_status(pod, container).get("state", {}),
        _finished_pod,
    )


def waiting_for(reason: str, container: str | None = None) -> State:
    """The container waits, and this is the reason it gives: `CrashLoopBackOff`."""

    def test(pod: dict) -> bool:
        state, details = state_of(container_status(pod, container))
        return state == "waiting" and details.get("reason") == reason

    return State(f"{container or 'the container'} waiting: {reason}", test, _finished_pod)


def gone() -> State:
    """The object no longer exists."""
    return State("gone", lambda obj: False, when_gone=True)


def container_status(pod: dict, name: str | None = None) -> dict:
    """One container's status, `{}` before the kubelet has reported one.

    A Pod with one container needs no name; ValueError when the name is missing or unknown.
    """
    spec = pod["spec"]
    names = [c["name"] for c in spec["containers"]]
    known = names + [c["name"] for c in spec.get("initContainers", [])]
    if (name is None and len(names) > 1) or (name is not None and name not in known):
        raise ValueError(
            f"Pod {pod['metadata']['name']} has the containers {', '.join(known)}: "
            + ("say which one" if name is None else f"there is no {name!r}")
        )
    return container_statuses(pod).get(name or names[0], {})


def describe(obj: dict | None) -> str:
    """An object's state in a few words: `phase Running; worker running, 1 restart`."""
    if obj is None:
        return "it does not exist"
    parts = []
    status = obj.get("status", {})
    if "phase" in status:
        parts.append(f"phase {status['phase']}")
    for name, container in container_statuses(obj).items():
        state, details = state_of(container)
        reason = details.get("reason")
        count = container["restartCount"]
        text = f"{name} {state}"
        if state == "terminated":
            text += f" (exit code {details['exitCode']})"
        elif reason:
            text += f" ({reason})"
        parts.append(text + (f", {count} restart{'s' * (count > 1)}" if count else ""))
    if "endpoints" in obj:
        ready = sum(e.get("conditions", {}).get("ready", True) for e in obj["endpoints"])
        parts.append(f"{len(obj['endpoints'])} endpoints, {ready} ready")
    true = [c["type"] for c in status.get("conditions", []) if c["status"] == "True"]
    return "; ".join(parts or [f"conditions {', '.join(true)}" if true else "no status yet"])


def _finished_pod(pod: dict) -> str | None:
    now = pod.get("status", {}).get("phase")
    if now in TERMINAL:
        return f"the Pod is {now}, and a Pod that has ended does not run again"
    return None
