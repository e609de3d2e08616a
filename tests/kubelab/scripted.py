"""A cluster in a few lines: Pods as the API gives them, and a watch that follows a script."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kubelab.objects import Pod
from kubelab.store import Store


class ScriptedStore(Store):
    """A store with its own clock, on which each wait moves to the next scripted moment."""

    def __init__(self, script: list[tuple[float, dict | None]] = ()) -> None:
        super().__init__()
        self.now = 0.0
        self.script = list(script)
        self.on_refresh: dict | None = None
        self._deliver()

    def clock(self) -> float:
        return self.now

    def sleep_until_change(self, count: int, timeout: float) -> None:
        end = self.now + timeout
        while self.count <= count and self.script and self.script[0][0] <= end:
            self.now = self.script[0][0]
            self._deliver()
        if self.count <= count:
            self.now = end

    def refresh(self, name: str) -> None:
        if self.on_refresh:
            self.put("MODIFIED", self.on_refresh)

    def _deliver(self) -> None:
        while self.script and self.script[0][0] <= self.now:
            _, obj = self.script.pop(0)
            if obj is None:
                self.put("DELETED", self.snapshots(self.names()[0])[-1].object)
            else:
                self.put("MODIFIED", obj)


_version = iter(range(100, 10**6))


def pod(phase: str = "Pending", *containers: dict, **status: Any) -> dict:
    """A Pod `p` in a phase, with these container statuses."""
    names = [c["name"] for c in containers] or ["worker"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "uid": "uid-1", "resourceVersion": str(next(_version))},
        "spec": {"containers": [{"name": name} for name in names]},
        "status": {"phase": phase, "containerStatuses": list(containers), **status},
    }


def running(run: int = 0, name: str = "worker", last: dict | None = None) -> dict:
    """A container in its run number `run` (0 is the first)."""
    return _status(name, run, {"running": {"startedAt": "…"}}, f"{name}-{run}", last)


def ended(code: int, run: int = 0, name: str = "worker", reason: str | None = None) -> dict:
    return _status(name, run, _end(name, run, code, reason), f"{name}-{run}", None)


def backing_off(wait: str, run: int = 0, code: int = 1, name: str = "worker") -> dict:
    """A container that waits in CrashLoopBackOff after its run number `run`."""
    message = f"back-off {wait} restarting failed container={name} pod=p_default(uid-1)"
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    return _status(name, run, state, f"{name}-{run}", _end(name, run, code, None))


def waits(reason: str, message: str) -> dict:
    """The container `worker`, which has not started yet, and why."""
    waiting = {"waiting": {"reason": reason, "message": message}}
    return _status("worker", 0, waiting, "", None)


def last(code: int, run: int, name: str = "worker") -> dict:
    """The `lastState` of a container whose run number `run` ended so."""
    return _end(name, run, code, None)


def _end(name: str, run: int, code: int, reason: str | None) -> dict:
    reason = reason or ("Error" if code else "Completed")
    end = {"exitCode": code, "reason": reason, "containerID": f"{name}-{run}", "finishedAt": "…"}
    return {"terminated": end}


def _status(name: str, run: int, state: dict, container_id: str, last: dict | None) -> dict:
    return {
        "name": name,
        "restartCount": run,
        "state": state,
        "lastState": last or {},
        "containerID": container_id,
    }


def handle(informer: ScriptedStore) -> Pod:
    """Pod `p`, applied at second 0 of the informer's clock."""
    lab = SimpleNamespace(namespace="lab-1", informer=lambda version, kind: informer)
    live = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "uid": "uid-1"}}
    return Pod(lab, live, 0.0)
