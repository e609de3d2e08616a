"""What a watch saw: every snapshot of every object of one kind in one namespace, in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from urllib3.exceptions import ProtocolError

from kubelab.errors import NotFound

GONE = 410
ATTEMPTS = 4
FIRST_PAUSE = 1.0
"""The pauses double; a watch that cannot be opened again in so many attempts has failed."""


class Watch(Protocol):
    """The API server's change notices, one dict each."""

    def __iter__(self) -> Iterator[dict[str, Any]]: ...

    def stop(self) -> None:
        """End the watch; another thread may iterate over it."""


class Source(Protocol):
    """What an informer needs of the connection to the API server."""

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Return the response body of a request, as a dict."""

    def watch(self, path: str, resource_version: str, **selection: str) -> Watch:
        """Begin a watch right after `resource_version`."""


class Snapshot(NamedTuple):
    """An object as it was at one moment of the clock; no object means that it was deleted."""

    at: float
    object: dict[str, Any] | None


class Store:
    """Snapshots by object name. Each new one wakes the threads that wait."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._changed = threading.Condition()
        self._snapshots: dict[str, list[Snapshot]] = {}
        self._count = 0

    @staticmethod
    def clock() -> float:
        """Tell the time of the snapshots, in seconds."""
        return time.monotonic()

    def put(self, kind: str, obj: dict[str, Any]) -> None:
        """Record a change notice of `kind` ADDED, MODIFIED or DELETED, unless it is old news."""
        metadata = obj["metadata"]
        deleted = kind == "DELETED"
        with self._changed:
            snapshots = self._snapshots.setdefault(metadata["name"], [])
            last = next((v.object for v in reversed(snapshots) if v.object), None)
            # An apply's response and the watch bring the same version, in either order. Resource
            # versions of one resource may be compared as numbers: KEP-5504, Kubernetes 1.35.
            if last and int(metadata["resourceVersion"]) < int(last["metadata"]["resourceVersion"]):
                return
            if last and not deleted and last == obj and snapshots[-1].object:
                return
            # The response to a patch that took off the last finalizer may come after the end.
            gone = last and not snapshots[-1].object
            if last and gone and last["metadata"].get("uid") == metadata.get("uid"):
                return
            snapshots.append(Snapshot(self.clock(), None if deleted else obj))
            self._notify()

    def fail(self, error: Exception) -> None:
        """Record that no more changes will come, and wake everything that waits."""
        with self._changed:
            self.error = error
            self._notify()

    def _notify(self) -> None:
        self._count += 1
        self._changed.notify_all()

    def snapshots(self, name: str) -> list[Snapshot]:
        """Return all snapshots of the objects of this name, oldest first."""
        with self._changed:
            return list(self._snapshots.get(name, ()))

    def names(self) -> list[str]:
        """The objects that exist now."""
        with self._changed:
            return [name for name, seen in self._snapshots.items() if seen[-1].object]

    @property
    def count(self) -> int:
        """How many changes came so far; `sleep_until_change` takes it."""
        return self._count

    def sleep_until_change(self, count: int, timeout: float) -> None:
        """Return when there are more than `count` changes, or after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._count > count, timeout)


class Informer(Store):
    """A store that follows the API server from before the first apply until `stop`."""

    def __init__(self, api: Source, path: str, **selection: str) -> None:
        """`selection` is the query's: `labelSelector`, `fieldSelector`."""
        super().__init__()
        self._api, self._path, self._selection = api, path, selection
        self._watch: Watch | None = None
        self._stopped = threading.Event()
        version = self._list()
        threading.Thread(target=self._follow, args=[version], daemon=True, name=path).start()

    def stop(self) -> None:
        """End the watch."""
        self._stopped.set()
        if self._watch:
            self._watch.stop()

    def refresh(self, name: str) -> None:
        """Read one object now: nothing that happened before this call can be missing after it."""
        try:
            self.put("MODIFIED", self._api.request("get", f"{self._path}/{name}"))
        except NotFound:
            self._lost(name)

    def _list(self) -> str:
        answer = self._api.request("get", self._path, **self._selection)
        listed = {item["metadata"]["name"] for item in answer["items"]}
        # The items of a list come without apiVersion and kind; a watch sends them.
        head = {
            "apiVersion": answer["apiVersion"],
            "kind": answer["kind"].removesuffix("List"),
        }
        for item in answer["items"]:
            self.put("ADDED", head | item)
        for name in set(self.names()) - listed:
            self._lost(name)
        version: str = answer["metadata"]["resourceVersion"]
        return version

    def _lost(self, name: str) -> None:
        last = next((v.object for v in reversed(self.snapshots(name))), None)
        if last:
            self.put("DELETED", last)

    def _follow(self, version: str) -> None:
        attempt = 0
        while not self._stopped.is_set():
            try:
                if attempt:
                    self._stopped.wait(FIRST_PAUSE * 2 ** (attempt - 1))
                    version = self._list()
                attempt = 0
                version = self._follow_once(version)
            except Exception as error:  # a reset, a restart, a time-out: read everything again
                attempt += 1
                if attempt == ATTEMPTS:
                    self.fail(error)
                    return

    def _follow_once(self, version: str) -> str:
        """Follow one watch until it closes; return the version to go on from."""
        self._watch = self._api.watch(self._path, version, **self._selection)
        for notice in self._watch:
            kind, obj = notice["type"], notice["object"]
            if kind == "ERROR":
                # 410 Gone: the API server no longer has this version; read everything again.
                if obj["code"] == GONE:
                    return self._list()
                raise ProtocolError(f"the watch on {self._path} ended: {obj['message']}")
            version = obj["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                self.put(kind, obj)
        return version
