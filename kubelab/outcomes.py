"""What becomes of many objects at once: each is watched until that is known, and then deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kubelab.display import Progress, echo, table
from kubelab.objects import KubernetesObject
from kubelab.states import describe
from kubelab.waiting import PROGRESS_EVERY, WITHIN, WaitFailed


def outcomes(
    objects: Mapping[str, KubernetesObject],
    read: Callable[[str, KubernetesObject], Any],
    within: float = WITHIN,
) -> dict[str, Any]:
    """What `read` says of each object by its key, and a table of what happened to each.

    `read` returns None while the outcome is open. It is called again after each watch event,
    so it should look for what stays true once it is. An object is deleted as soon as its outcome is
    known: nothing of it goes on being restarted. WaitFailed after `within` seconds.
    """
    found: dict[str, Any] = {}
    happened: dict[str, str] = {}
    pods = next(iter(objects.values())).lab.informer("v1", "Pod")
    deadline = pods.clock() + within
    progress = Progress(f"waiting for the outcome of {len(objects)} objects")
    while len(found) < len(objects):
        count, remaining = pods.count, deadline - pods.clock()
        for key, one in objects.items():
            if one.informer.error:
                raise one.informer.error
            if key not in found and (outcome := read(key, one)) is not None:
                found[key], happened[key] = outcome, _happened(one)
                one.delete(quiet=True)
        if remaining <= 0 and len(found) < len(objects):
            raise _gave_up({key: objects[key] for key in objects if key not in found}, within)
        progress.update(f"· {len(found)} known · {within - remaining:.0f} s of {within:g} s")
        if len(found) < len(objects):
            # The controllers' own watches don't wake this one: hence the short sleep.
            pods.sleep_until_change(count, min(remaining, PROGRESS_EVERY))
    echo("kubectl delete … --wait=false  # each as soon as its outcome was known")
    table({key: {"outcome": found[key], "in order": happened[key]} for key in objects})
    return {key: found[key] for key in objects}


def _happened(one: KubernetesObject) -> str:
    """What the object's Pods went through, in one line."""
    return " | ".join(
        "; ".join(f"+{event.at:.1f} s {event.who} {event.what}" for event in pod.timeline.changes)
        or f"+{pod.informer.clock() - pod.start:.1f} s no container yet"
        for pod in one.pods()
    )


def _gave_up(objects: Mapping[str, KubernetesObject], within: float) -> WaitFailed:
    states = [
        f"  {key}: {', '.join(describe(pod.object) for pod in one.pods()) or describe(one.object)}"
        for key, one in objects.items()
    ]
    example = next(iter(objects.values()))
    return WaitFailed(
        f"gave up after {within:g} s: the outcome of {len(objects)} objects is open\n\n"
        + "\n".join(states)
        + f"\n\n  Next: {example.describe_command}"
    )
