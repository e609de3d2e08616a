"""`wait` until something becomes true, `hold` to see that something stays true: both on a watch."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from kubelab.display import Progress
from kubelab.states import State, checked, describe
from kubelab.store import Informer, Snapshot
from kubelab.timeline import Timeline

WITHIN = 180.0
"""Seconds that a wait may take unless it says otherwise: as long as a busy machine needs for what
comes within 5 s elsewhere, and never longer than it takes to come."""

PROGRESS_EVERY = 1.0
"""Seconds between two updates of the progress line."""

LOOK_EVERY = 15.0
"""Seconds after which a wait reads the object itself, because a watch on a server that no longer
answers is as silent as a watch on an object that doesn't change; and its last Event, because a long
pull of an image changes nothing in the object."""


class WaitFailed(RuntimeError):
    """The state did not come, or can no longer come; the message tells what came instead.

    It is not a `ClaimFailed`: the cluster has shown nothing about a claim.
    """

    def _render_traceback_(self) -> list[str]:
        # IPython calls this instead of printing a traceback, whose frames are kubelab's own.
        return [f"WaitFailed: {self}"]


class Watched(Protocol):
    """What `wait` and `hold` need of the thing that they watch."""

    @property
    def informer(self) -> Informer:
        """The informer whose changes wake the wait."""

    @property
    def start(self) -> float:
        """When the thing was applied, by the informer's clock."""

    @property
    def kind(self) -> str:
        """The kind of object, which a state may require."""

    @property
    def name(self) -> str:
        """The object to read once more at the end of a `hold`."""

    @property
    def object(self) -> dict[str, Any] | None:
        """The last snapshot's object; None when it no longer exists."""

    @property
    def timeline(self) -> Timeline:
        """What happened since `start`."""

    @property
    def describe_command(self) -> str:
        """The kubectl command that a failed wait suggests."""

    def snapshots(self) -> list[Snapshot]:
        """Every snapshot so far, in order."""

    def last_events(self) -> list[str]:
        """The last Kubernetes Events about the thing, as lines, oldest first."""

    def __str__(self) -> str: ...


def wait(watched: Watched, until: State, within: float = WITHIN) -> Timeline:
    """Return once `until` holds for the object; WaitFailed after `within` seconds or when hopeless.

    An API server that stops answering ends the wait with its own error.
    """
    until = checked(until, "until")
    until.check_kind(watched.kind)
    informer, start = watched.informer, watched.informer.clock()
    deadline = start + within
    progress = Progress(f"waiting for {watched}: {until.text}")
    seen, looked, last_look = max(len(watched.snapshots()) - 1, 0), start, False
    event = ""
    try:
        while True:
            count = informer.count
            snapshots = watched.snapshots()
            for snapshot in snapshots[seen:]:
                if until.holds(snapshot.object):
                    progress.update(f"· came after {informer.clock() - start:.1f} s")
                    return watched.timeline
                reason = (
                    "it is gone"
                    if snapshot.object is None
                    else until.hopeless_because(snapshot.object)
                )
                if reason:
                    raise _gave_up(watched, until, informer.clock() - start, reason)
            seen = len(snapshots)
            if informer.error:
                raise informer.error
            if last_look:
                raise _gave_up(watched, until, within, None)
            remaining = deadline - informer.clock()
            last_look = remaining <= 0
            if last_look or informer.clock() - looked >= LOOK_EVERY:
                looked = informer.clock()
                informer.refresh(watched.name)
                event = "".join(f" · {line}" for line in watched.last_events()[-1:])
                continue
            progress.update(
                f"· {within - remaining:.0f} s of {within:g} s · {describe(watched.object)}{event}"
            )
            informer.sleep_until_change(count, min(remaining, PROGRESS_EVERY))
    except BaseException as error:
        # Ctrl-C too: the line must not say that the cell still waits.
        progress.update(f"· ended by {type(error).__name__} after {informer.clock() - start:.1f} s")
        raise


def hold(watched: Watched, state: State, during: float) -> Timeline:
    """Watch for `during` seconds that `state` holds, and tell so in the timeline's `held`.

    The timeline is meant as a claim's evidence: a claim fails when its evidence did not hold.
    """
    state = checked(state, "state")
    state.check_kind(watched.kind)
    progress = Progress(f"watching {watched} for {during:g} s: {state.text}")
    broken = _what_broke(watched, state, during, progress)
    progress.update(f"· did not hold: {broken}" if broken else "· held")
    return dataclasses.replace(
        watched.timeline, state=f"{state.text} for {during:g} s", held=not broken, broken=broken
    )


def _what_broke(watched: Watched, state: State, during: float, progress: Progress) -> str | None:
    """What there was instead of the state, and when; None if it held all the time."""
    informer, end = watched.informer, watched.informer.clock() + during
    seen, last_look = max(len(watched.snapshots()) - 1, 0), False
    while True:
        count = informer.count
        snapshots = watched.snapshots()
        for at, obj in snapshots[seen:]:
            if not state.holds(obj):
                return f"{describe(obj)} (at +{at - watched.start:.1f} s)"
        if last_look:
            # Nothing changed where nothing was seen at all, which is a separate state.
            return None if snapshots or state.holds(None) else describe(None)
        if informer.error:
            raise informer.error
        seen, remaining = len(snapshots), end - informer.clock()
        if remaining > 0:
            progress.update(f"· {during - remaining:.0f} s of {during:g} s")
            informer.sleep_until_change(count, min(remaining, PROGRESS_EVERY))
        else:
            # A watch may lag or have died unseen: one direct read closes the window.
            informer.refresh(watched.name)
            last_look = True


def _gave_up(watched: Watched, until: State, after: float, reason: str | None) -> WaitFailed:
    head = f"gave up after {after:.1f} s waiting for {watched}: {until.text}"
    if reason:
        head = f"{watched} will not be {until.text}: {reason}"
    parts = [head, f"  Last seen: {describe(watched.object)}"]
    for title, lines in (
        ("What happened, in order", watched.timeline.lines()),
        ("Last Events", watched.last_events()),
    ):
        if lines:
            parts.append("\n".join([f"  {title}:", *(f"    {line}" for line in lines)]))
    return WaitFailed("\n\n".join([*parts, f"  Next: {watched.describe_command}"]))
