"""`wait` until something becomes true, `hold` to see that something stays true: both on a watch."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from kubelab.display import Progress
from kubelab.states import State, describe
from kubelab.timeline import Story

if TYPE_CHECKING:
    from kubelab.objects import Handle

WITHIN = 180.0
"""Seconds that a wait may take unless it says otherwise: as long as a busy machine needs for what
comes within 5 s elsewhere, and never longer than it takes to come."""

PROGRESS_EVERY = 1.0
"""Seconds between two updates of the progress line."""


class WaitFailed(AssertionError):
    """The state did not come, or can no longer come: the message tells what came instead.

    It is not `ClaimFailed`: nothing was claimed yet.
    """

    def _render_traceback_(self) -> list[str]:
        # IPython's protocol: the message tells the story, frames inside kubelab do not.
        return [f"WaitFailed: {self}"]


def wait(handle: Handle, until: State, within: float = WITHIN) -> Story:
    """Return once `until` holds for the object; WaitFailed after `within` seconds or when hopeless.

    An API server that stops answering ends the wait with its own error.
    """
    feed, start = handle.feed, handle.feed.clock()
    deadline = start + within
    progress = Progress(f"waiting for {handle}: {until.text}")
    seen = max(len(handle.versions()) - 1, 0)
    try:
        while True:
            count = feed.count
            versions = handle.versions()
            for version in versions[seen:]:
                if until.holds(version.object):
                    progress.update(f"· came after {feed.clock() - start:.1f} s")
                    return handle.story
                reason = (
                    "it is gone"
                    if version.object is None
                    else until.hopeless_because(version.object)
                )
                if reason:
                    raise _gave_up(handle, until, feed.clock() - start, reason)
            seen = len(versions)
            if feed.error:
                raise feed.error
            if not handle.applied:
                raise _gave_up(handle, until, 0, "nothing was applied")
            remaining = deadline - feed.clock()
            if remaining <= 0:
                raise _gave_up(handle, until, within, None)
            progress.update(
                f"· {within - remaining:.0f} s of {within:g} s · {describe(handle.object)}"
            )
            feed.sleep_until_change(count, min(remaining, PROGRESS_EVERY))
    except BaseException as error:
        # Ctrl-C too: the line must not claim that somebody still waits.
        progress.update(f"· ended by {type(error).__name__} after {feed.clock() - start:.1f} s")
        raise


def hold(handle: Handle, state: State, during: float) -> Story:
    """Watch for `during` seconds that `state` holds, and tell so in the story's `held`.

    The story is meant as a claim's evidence: a claim fails when its evidence did not hold.
    """
    progress = Progress(f"watching {handle} for {during:g} s: {state.text}")
    broken = _what_broke(handle, state, during, progress)
    progress.update(f"· did not hold: {broken}" if broken else "· held")
    return dataclasses.replace(
        handle.story, state=f"{state.text} for {during:g} s", held=not broken, broken=broken
    )


def _what_broke(handle: Handle, state: State, during: float, progress: Progress) -> str | None:
    """What there was instead of the state, and when; None if it held all the time."""
    if not handle.applied:
        return "nothing was applied"
    feed, end = handle.feed, handle.feed.clock() + during
    seen, last_look = max(len(handle.versions()) - 1, 0), False
    while True:
        count = feed.count
        versions = handle.versions()
        for at, obj in versions[seen:]:
            if not state.holds(obj):
                return f"{describe(obj)} (at +{at - handle.start:.1f} s)"
        if last_look:
            return None
        if feed.error:
            raise feed.error
        seen, remaining = len(versions), end - feed.clock()
        if remaining > 0:
            progress.update(f"· {during - remaining:.0f} s of {during:g} s")
            feed.sleep_until_change(count, min(remaining, PROGRESS_EVERY))
        else:
            # A watch may lag or have died unseen: one direct read closes the window.
            feed.refresh(handle.name)
            last_look = True


def _gave_up(handle: Handle, until: State, after: float, reason: str | None) -> WaitFailed:
    head = f"gave up after {after:.1f} s waiting for {handle}: {until.text}"
    if reason:
        head = f"{handle} will not be {until.text}: {reason}"
    story = "\n".join(f"    {line}" for line in handle.story.lines())
    return WaitFailed(
        f"{head}\n\n"
        f"  Last seen: {describe(handle.object)}\n\n"
        f"  What happened, in order:\n{story}\n\n"
        f"  Next: kubectl describe {handle.reference} -n {handle.namespace}"
    )
