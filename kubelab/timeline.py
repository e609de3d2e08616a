"""What happened to an object, in order: the differences between the snapshots a watch saw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import durationpy

from kubelab.store import Snapshot

UNREMARKABLE_WAITS = {"ContainerCreating", "PodInitializing"}
UNREMARKABLE_CONDITIONS = {
    "ContainersReady",
    "Initialized",
    "PodReadyToStartContainers",
    "PodScheduled",
}
"""What every Pod goes through on its way; a timeline that named them would hide the rest."""


@dataclass(frozen=True)
class Change:
    """One change of an object.

    `at` is in seconds since the object was applied, as the watch saw it. The kubelet reports up to
    about a second late, so `log_timestamps` compare orders better.
    """

    at: float
    who: str
    what: str
    kind: str
    """started, exited, waiting, phase, condition, deleting or gone"""
    exit_code: int | None = None
    back_off: float | None = None
    """Seconds of back-off that the kubelet announced in this wait."""
    restart: int | None = None
    """The restart that this back-off comes before: 1 for the first."""


@dataclass(frozen=True)
class Timeline:
    """Changes in order, up to the moment it was taken; from `hold` also whether the state held."""

    subject: str
    """Whose timeline it is: `Pod never-exits-1`."""
    changes: tuple[Change, ...]
    until: float
    """Seconds from apply to when the timeline was taken."""
    state: str | None = None
    """The state that was to hold, in words."""
    held: bool | None = None
    broken: str | None = None
    """What was there instead, when the state did not hold."""

    def of(self, who: str) -> list[Change]:
        """The changes of one container, or of the object itself by its kind (`Pod`)."""
        return [event for event in self.changes if event.who == who]

    def back_offs(self, container: str) -> dict[int, float]:
        """Return the back-offs that the kubelet announced: `{2: 10, 3: 20}`, seconds by restart.

        A back-off that was over before the kubelet reported it is missing.
        """
        waits = (e for e in self.of(container) if e.restart is not None)
        return {e.restart: e.back_off for e in waits if e.restart and e.back_off is not None}

    def exit_codes(self, container: str) -> list[int]:
        """How each run of a container ended, in order."""
        return [e.exit_code for e in self.of(container) if e.exit_code is not None]

    def starts(self, container: str) -> list[float]:
        """When the watch saw each run of a container start, in order."""
        return [change.at for change in self.of(container) if change.kind == "started"]

    def ends(self, container: str) -> list[float]:
        """When the watch saw each run of a container exit, in order."""
        return [change.at for change in self.of(container) if change.kind == "exited"]

    def starts_before(self, a: str, b: str) -> bool:
        """Whether the first run of container `a` started before the first run of `b`.

        The order is the one in which the kubelet reported. The kubelet reports up to about a second
        late, and of two starts in one report neither counts as earlier: compare `log_timestamps`
        where the order within a second matters. False while `a` hasn't started; True once `a` has
        started and `b` has not.
        """
        first, second = self.starts(a), self.starts(b)
        return bool(first) and (not second or first[0] < second[0])

    def ends_before(self, a: str, *, starts: str) -> bool:
        """Whether the last run of container `a` exited before the first run of `starts` started.

        An exit and a start in the same report count as in order, because the kubelet often reports
        both at once. Otherwise the precision is that of `starts_before`. False while `a` runs or
        hasn't run.
        """
        ends, begin = self.ends(a), self.starts(starts)
        if len(ends) < max(len(self.starts(a)), 1):
            return False
        return not begin or ends[-1] <= begin[0]

    def overlaps(self, a: str, b: str) -> bool:
        """Whether a run of container `a` and a run of `b` went on at the same time.

        A run lasts from the report of its start to the report of its exit, or to the end of the
        timeline. Runs that only touch (one report has the exit of the one and the start of the
        other) don't overlap, and a run that was over before the kubelet reported it has no length.
        """
        return any(
            max(start, other_start) < min(end, other_end)
            for start, end in self._runs(a)
            for other_start, other_end in self._runs(b)
        )

    def restarts(self, container: str) -> int:
        """Return how many starts of a container the kubelet reported after the first one.

        Of runs between two reports, the kubelet's statuses show the last two at most. Where the
        exact number matters, compare the container's `restartCount`.
        """
        return max(len(self.starts(container)) - 1, 0)

    def _runs(self, container: str) -> list[tuple[float, float]]:
        ends = [*self.ends(container), self.until]
        return list(zip(self.starts(container), ends, strict=False))

    def lines(self) -> list[str]:
        """The changes as aligned lines: `+2.1 s  worker  exited 0`."""
        times = [f"+{event.at:.1f} s" for event in self.changes]
        wide, who = _width(times), _width([event.who for event in self.changes])
        return [
            f"{time:>{wide}}  {event.who:<{who}}  {event.what}"
            for time, event in zip(times, self.changes, strict=True)
        ] or ["nothing"]

    def records(self) -> list[dict[str, Any]]:
        """Return the events as JSON, for the record of a claim."""
        return [
            {"at": round(event.at, 3), "who": event.who, "what": event.what}
            for event in self.changes
        ]

    def __str__(self) -> str:
        return "\n".join([self.subject, *(f"  {line}" for line in self.lines())])

    __repr__ = __str__


def changes(snapshots: Sequence[Snapshot], start: float) -> Iterator[Change]:
    """Yield the differences between each snapshot and the one before it."""
    before: dict[str, Any] = {}
    for at, obj in snapshots:
        if obj is None:
            yield Change(at - start, before["kind"], "gone", "gone")
            before = {"kind": before["kind"]}
        else:
            yield from _differences(before, obj, at - start)
            before = obj


def container_statuses(obj: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Container statuses by name; init containers come first, as they start first."""
    status = obj.get("status", {})
    found = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    return {container["name"]: container for container in found}


def state_of(container: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The one state a container status is in: `("running", {"startedAt": …})`."""
    return next(iter(container.get("state", {}).items()), ("waiting", {}))


def log_timestamps(log: str) -> list[tuple[str, float]]:
    """The times that containers wrote themselves, to the microsecond.

    A container says `echo "started $EPOCHREALTIME"`; this gives `("started", 1795366800.123456)`.
    Lines of any other form are left out.
    """
    lines = re.findall(r"^(.+) (\d{10}\.\d{3,9})$", log, re.MULTILINE)
    return [(what, float(seconds)) for what, seconds in lines]


def intervals(timestamps: Sequence[tuple[str, float]], after: str, until: str) -> list[float]:
    """Seconds from each timestamp `after` to the next timestamp `until`, in order.

    A timestamp that nothing follows is left out: its interval is not over.
    """
    found, begin = [], None
    for what, at in timestamps:
        if what == until and begin is not None:
            found.append(round(at - begin, 3))
            begin = None
        elif what == after:
            begin = at
    return found


def _differences(before: dict[str, Any], now: dict[str, Any], at: float) -> Iterator[Change]:
    old = container_statuses(before)
    changes = [
        Change(at, name, what, kind, **details)
        for name, container in container_statuses(now).items()
        for what, kind, details in _container_changes(old.get(name, {}), container)
    ]
    yield from changes
    who, old_status, status = now["kind"], before.get("status", {}), now.get("status", {})
    phase = status.get("phase")
    if phase not in (None, "Pending", old_status.get("phase")):
        yield Change(at, who, f"phase {phase}", "phase")
    known = {c["type"]: c["status"] for c in old_status.get("conditions", [])}
    for condition in status.get("conditions", []):
        kind, value = condition["type"], condition["status"]
        if kind in UNREMARKABLE_CONDITIONS or value == known.get(kind, "False"):
            continue
        # A Ready that follows a container's start or end adds nothing; by a probe it does.
        if not (kind == "Ready" and changes):
            yield Change(at, who, f"condition {kind} {value}", "condition")
    if "deletionTimestamp" in now["metadata"] and "deletionTimestamp" not in before.get(
        "metadata", {}
    ):
        yield Change(at, who, "is being deleted", "deleting")


def _container_changes(
    before: dict[str, Any], now: dict[str, Any]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield `(what, kind, further fields)` of each run that started or exited between two statuses.

    It includes runs that no snapshot shows running, because they exited before the kubelet reported
    them.
    """
    known, count = _runs(before), now["restartCount"]
    state, details = state_of(now)
    news = False
    for run, end in _runs(now).items():
        # The count goes up when the next run starts, so while waiting it is that of the last run.
        is_last = state == "waiting" or run == now.get("containerID")
        number = count if is_last else count - 1
        if run not in known:
            news = True
            yield f"started (restart {number})" if number else "started", "started", {}
        if end and not known.get(run):
            code, reason = end["exitCode"], end.get("reason")
            why = "" if reason in (None, "Completed", "Error") else f" ({reason})"
            yield f"exited {code}{why}", "exited", {"exit_code": code}
    if state == "waiting":
        wait, old_wait = _wait(details), _wait(before.get("state", {}).get("waiting", {}))
        reason, back_off = wait
        if reason and reason not in UNREMARKABLE_WAITS and (news or wait != old_wait):
            tail = "" if back_off is None else f", back-off {back_off:g} s"
            restart = None if back_off is None else count + 1
            yield f"waiting: {reason}{tail}", "waiting", {"back_off": back_off, "restart": restart}


def _runs(container: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    """The runs that a status shows, oldest first: how each ended, None while it goes on."""
    runs: dict[str, dict[str, Any] | None] = {}
    for state in (container.get("lastState", {}), container.get("state", {})):
        if end := state.get("terminated"):
            runs[end.get("containerID", end["finishedAt"])] = end
    if "running" in container.get("state", {}):
        runs[container["containerID"]] = None
    return runs


def _wait(waiting: dict[str, Any]) -> tuple[str | None, float | None]:
    """Why a container waits, and the back-off that the kubelet announced with it."""
    announced = re.match(r"back-off (\S+) restarting", waiting.get("message", ""))
    back_off = durationpy.from_str(announced[1]).total_seconds() if announced else None
    return waiting.get("reason"), back_off


def _width(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)
