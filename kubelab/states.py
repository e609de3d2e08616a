"""States of an object that a lab waits for: `phase("Failed") | restarts(2, of="worker")`.

Each says itself in words, and knows when it can no longer come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubelab.timeline import container_statuses, state_of

TERMINAL = ("Succeeded", "Failed")
PHASES = ("Pending", "Running", *TERMINAL, "Unknown")

NO_IMAGE = ("ErrImageNeverPull", "InvalidImageName", "ErrImagePull", "ImagePullBackOff")
"""The reasons of a container that waits because the kubelet can't get its image."""
PULLED_LATER = re.compile(
    r"QPS exceeded|[Tt]oo many requests|503|handshake timeout|reset by peer|EOF"
)
"""In the message of a failed pull: the next attempt may succeed."""
EXPLAINED = (*NO_IMAGE, "CreateContainerConfigError", "CreateContainerError", "RunContainerError")
"""The reasons of a waiting container whose message `describe` shows: it names the cause."""
LONGEST_MESSAGE = 300
"""Characters of a component's message. containerd repeats the image's name at each level."""

STEPS = {
    "Pod": "call it on a Pod, such as the one that `.first_pod()` returns",
    "EndpointSlice": "call it on `.endpoints` of a Service",
}
"""What to write instead of a wait for a state that the object can't have, by the state's kind."""


def _never(obj: dict[str, Any]) -> str | None:
    return None


@dataclass(frozen=True)
class State:
    """A test of an object as the API gives it; a deleted object passes no test but `gone`."""

    text: str
    test: Callable[[dict[str, Any]], bool]
    hopeless: Callable[[dict[str, Any]], str | None] = _never
    """Why this object can no longer reach the state, or None."""
    when_gone: bool = False
    about: Mapping[str, str] = field(default_factory=dict[str, Any])
    """The kind that the object must have, by the call that requires it: `{"running()": "Pod"}`."""

    def __bool__(self) -> bool:
        # `a or b` would be `a`, and the wait would be for one half of what was written.
        raise TypeError(
            f"the state {self.text!r} is neither true nor false: `or`, `and` and `not` don't "
            "combine states\n  Next: write | for or and & for and: running() | finished()"
        )

    def holds(self, obj: dict[str, Any] | None) -> bool:
        """Whether an object is in this state; None stands for a deleted one."""
        return self.when_gone if obj is None else self.test(obj)

    def hopeless_because(self, obj: dict[str, Any]) -> str | None:
        """Why an object can no longer reach this state, or None."""
        return None if self.holds(obj) else self.hopeless(obj)

    def check_kind(self, kind: str) -> None:
        """Raise TypeError if an object of this kind can't have the state."""
        for call, wanted in self.about.items():
            if wanted != kind:
                raise TypeError(
                    f"{call} is about {_with_article(wanted)}; this is {_with_article(kind)}\n"
                    f"  Next: {STEPS[wanted]}"
                )

    def __or__(self, other: State) -> State:
        def hopeless(obj: dict[str, Any]) -> str | None:
            reasons = [self.hopeless_because(obj), other.hopeless_because(obj)]
            known = [reason for reason in reasons if reason]
            return "; ".join(dict.fromkeys(known)) if len(known) == len(reasons) else None

        return State(
            f"{self.text} or {other.text}",
            lambda obj: self.test(obj) or other.test(obj),
            hopeless,
            self.when_gone or other.when_gone,
            {**self.about, **other.about},
        )

    def __and__(self, other: State) -> State:
        return State(
            f"{self.text} and {other.text}",
            lambda obj: self.test(obj) and other.test(obj),
            lambda obj: self.hopeless_because(obj) or other.hopeless_because(obj),
            self.when_gone and other.when_gone,
            {**self.about, **other.about},
        )


def checked(given: object, parameter: str) -> State:
    """Return what a wait was given as its state; explain what else it was given.

    Args:
        given: the argument.
        parameter: its name: `until` or `state`.

    Raises:
        TypeError: it is text, a function that was not called, or no state at all.
    """
    if isinstance(given, State):
        return given
    if isinstance(given, str):
        by_name = {name: f"phase({name!r})" for name in PHASES}
        written = next((by_name[name] for name in PHASES if name.lower() == given.lower()), None)
        problem, step = "is text, not a state", written or "phase('Running'), ready(), running()"
        shown = repr(given)
    elif callable(given):
        shown = getattr(given, "__name__", repr(given))
        problem, step = "is a function, not a state: the parentheses are missing", f"{shown}()"
    else:
        shown, problem = repr(given), f"is of type {type(given).__name__}, not a state"
        step = "phase('Running'), ready(), running()"
    raise TypeError(f"{parameter}={shown} {problem}\n  Next: {parameter}={step}")


def phase(*names: str) -> State:
    """The Pod is in one of these phases; ValueError for one that Pods don't have."""
    if not names or set(names) - set(PHASES):
        unknown = ", ".join(repr(name) for name in names if name not in PHASES)
        raise ValueError(
            (f"Pods have no phase {unknown}" if unknown else "phase() names no phase")
            + f"\n  Next: choose one or more of {', '.join(PHASES)}"
        )
    return State(
        f"phase {' or '.join(names)}",
        lambda pod: pod.get("status", {}).get("phase") in names,
        lambda pod: _finished_pod(pod) or _no_image(pod),
        about={"phase()": "Pod"},
    )


def finished() -> State:
    """The Pod terminated: phase Succeeded or Failed."""
    return State(
        "finished",
        lambda pod: pod.get("status", {}).get("phase") in TERMINAL,
        _no_image,
        about={"finished()": "Pod"},
    )


def ready() -> State:
    """The Pod's Ready condition is True; of a Deployment or its like, all its Pods are ready."""

    def test(obj: dict[str, Any]) -> bool:
        if "replicas" in obj.get("spec", {}):
            return bool(obj["status"].get("readyReplicas", 0) == obj["spec"]["replicas"])
        if "desiredNumberScheduled" in obj.get("status", {}):
            wanted, now = obj["status"]["desiredNumberScheduled"], obj["status"]["numberReady"]
            return bool(0 < wanted == now)
        return condition("Ready").test(obj)

    return State("ready", test, lambda obj: _finished_pod(obj) or _no_image(obj))


def condition(kind: str, status: str = "True") -> State:
    """A condition of the object's status: `condition("Complete")` of a Job."""

    def test(obj: dict[str, Any]) -> bool:
        conditions = obj.get("status", {}).get("conditions", [])
        return any(c["type"] == kind and c["status"] == status for c in conditions)

    return State(f"condition {kind} {status}", test)


def has(field: str, value: object = None) -> State:
    """The object has this field, such as `has("status.hard")` of a ResourceQuota.

    Without a value the field must not be empty; otherwise it must be this value.
    """

    def test(obj: dict[str, Any]) -> bool:
        found: object = obj
        for key in field.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return found not in (None, "", [], {}) if value is None else found == value

    return State(f"with {field}" + f" {value}" * (value is not None), test)


def without(field: str) -> State:
    """The object doesn't have this field, or it is empty: `without("status.loadBalancer")`."""
    return State(f"without {field}", lambda obj: not has(field).test(obj))


def exited(container: str | None = None, times: int = 1) -> State:
    """The container exited so many times or more, with any exit code."""

    def test(pod: dict[str, Any]) -> bool:
        status = container_status(pod, container)
        ended_now = "terminated" in status.get("state", {}) or (
            "waiting" in status.get("state", {}) and "terminated" in status.get("lastState", {})
        )
        # The count goes up when the next run starts, so it is that of the runs that are over.
        return bool(status.get("restartCount", 0) + ended_now >= times)

    who = container or "the container"
    return State(
        f"{who} exited" + f" {times} times" * (times > 1),
        test,
        lambda pod: _no_image(pod, container),
        about={"exited()": "Pod"},
    )


def restarts(at_least: int, of: str | None = None) -> State:
    """The container has been restarted so many times or more."""
    times = "once" if at_least == 1 else f"{at_least} times"
    return State(
        f"{of or 'the container'} restarted {times} or more",
        lambda pod: container_status(pod, of).get("restartCount", 0) >= at_least,
        lambda pod: _finished_pod(pod) or _no_image(pod, of),
        about={"restarts()": "Pod"},
    )


def running(container: str | None = None) -> State:
    """The container runs now."""
    return State(
        f"{container or 'the container'} running",
        lambda pod: "running" in container_status(pod, container).get("state", {}),
        lambda pod: _finished_pod(pod) or _no_image(pod, container),
        about={"running()": "Pod"},
    )


def waiting_for(reason: str, container: str | None = None) -> State:
    """The container waits, and this is the reason it gives: `CrashLoopBackOff`."""

    def test(pod: dict[str, Any]) -> bool:
        state, details = state_of(container_status(pod, container))
        return state == "waiting" and details.get("reason") == reason

    def hopeless(pod: dict[str, Any]) -> str | None:
        # The kubelet goes on to report these reasons, by turns, for as long as there is no image.
        return _finished_pod(pod) or (None if reason in NO_IMAGE else _no_image(pod, container))

    return State(
        f"{container or 'the container'} waiting: {reason}",
        test,
        hopeless,
        about={"waiting_for()": "Pod"},
    )


def gone() -> State:
    """The object no longer exists."""
    return State("gone", lambda obj: False, when_gone=True)


def container_status(pod: dict[str, Any], name: str | None = None) -> dict[str, Any]:
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


def describe(obj: dict[str, Any] | None) -> str:
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
            message = details.get("message") if reason in EXPLAINED else None
            text += f" ({reason}{': ' + shortened(message) if message else ''})"
        parts.append(text + (f", {count} restart{'s' * (count > 1)}" if count else ""))
    if "endpoints" in obj:
        ready = sum(e.get("conditions", {}).get("ready", True) for e in obj["endpoints"])
        parts.append(f"{len(obj['endpoints'])} endpoints, {ready} ready")
    parts += [
        f"not scheduled: {shortened(c.get('message', ''))}"
        for c in status.get("conditions", [])
        if c.get("reason") == "Unschedulable" and c["status"] == "False"
    ]
    true = [c["type"] for c in status.get("conditions", []) if c["status"] == "True"]
    return "; ".join(parts or [f"conditions {', '.join(true)}" if true else "no status yet"])


def _finished_pod(pod: dict[str, Any]) -> str | None:
    now = pod.get("status", {}).get("phase")
    if now in TERMINAL:
        return f"the Pod is {now}, and a Pod that has ended does not run again"
    return None


def _no_image(obj: dict[str, Any], name: str | None = None) -> str | None:
    """Why a container never starts for want of its image; None where it may.

    The reason counts for a container and for the init containers before it; for all containers
    without a name. A Pod with a deadline ends without its image.
    """
    spec = obj.get("spec", {})
    if "activeDeadlineSeconds" in spec:
        return None
    first = [container["name"] for container in spec.get("initContainers", [])]
    images = {
        container["name"]: container.get("image")
        for container in spec.get("initContainers", []) + spec.get("containers", [])
    }
    for container, status in container_statuses(obj).items():
        state, details = state_of(status)
        reason, message = details.get("reason"), details.get("message", "")
        if (
            state != "waiting"
            or reason not in NO_IMAGE
            or (name not in (None, container) and container not in first)
            # Of another image, which has been replaced since. A container that has run keeps the
            # image of that run in its status, so the message tells.
            or status.get("image", images.get(container)) != images.get(container)
            or _names_another_image(message, images.get(container))
            or PULLED_LATER.search(message)
        ):
            continue
        return f"the kubelet can't get the image of {container} ({reason}: {shortened(message)})"
    return None


def _names_another_image(message: str, image: str | None) -> bool:
    named = re.search(r'image "([^"]+)"', message)
    return bool(named and image and named[1] != image)


def shortened(message: str) -> str:
    """Return a component's message on one line, without its middle if it is long.

    The beginning tells what failed, and the end why.
    """
    text = " ".join(message.split())
    if len(text) <= LONGEST_MESSAGE:
        return text
    begin = LONGEST_MESSAGE // 3
    return f"{text[:begin]} … {text[begin + 3 - LONGEST_MESSAGE :]}"


def _with_article(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"
