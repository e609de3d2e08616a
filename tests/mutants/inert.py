"""A cluster on which the objects of a lab never come into being, to see the lab's claims fail."""

from __future__ import annotations

import itertools
import time
from typing import Any, ClassVar

from kubelab.connection import Api, Cluster, NoCluster
from kubelab.errors import NotFound
from kubelab.store import Informer, Snapshot

UID = "inert"
"""How the UIDs of objects begin that exist only in a response."""


class InertApi:
    """The connection to a real cluster that doesn't send an apply, and accepts it all the same."""

    def __init__(self, api: Api) -> None:
        self._api, self._numbers = api, itertools.count()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def apply(
        self, manifest: dict, namespace: str, dry_run: bool = False, force: bool = False
    ) -> dict:
        """Return what identifies an object; nothing that a claim could be about."""
        if dry_run:
            return {}
        head = {key: manifest[key] for key in ("apiVersion", "kind")}
        name, uid = manifest["metadata"]["name"], f"{UID}-{next(self._numbers)}"
        metadata = {"name": name, "uid": uid, "resourceVersion": "0"}
        # An empty status, as a lab reads it from snapshots: its claim should fail, not its code.
        return head | {"metadata": metadata, "status": {}}

    def warnings(self, manifest: dict, namespace: str, dry_run: bool) -> list[str]:
        """Accept it without a warning."""
        return []

    def table(self, path: str) -> dict:
        """Return a table without columns for what doesn't exist."""
        try:
            return self._api.table(path)
        except NotFound:
            return {"columnDefinitions": [], "rows": [{"cells": []}]}


class InertInformer(Informer):
    """Sees the end of each applied object at once. Its waits take no time, and its holds break."""

    skipped: ClassVar[float] = 0.0
    """Seconds that all waits together would have taken."""

    @classmethod
    def clock(cls) -> float:
        return time.monotonic() + InertInformer.skipped

    def sleep_until_change(self, count: int, timeout: float) -> None:
        if self.count <= count:
            InertInformer.skipped += max(timeout, 0)

    def put(self, kind: str, obj: dict) -> None:
        super().put(kind, obj)
        if obj["metadata"].get("uid", "").startswith(UID):
            super().put("DELETED", obj)

    def refresh(self, name: str) -> None:
        """Let an object that was applied appear once more and end again.

        `hold` calls this at the end of its window. It breaks also the hold of `gone()`, which would
        else be true of an object that has never been there.
        """
        last = next((seen.object for seen in reversed(self.snapshots(name)) if seen.object), None)
        if last is None or not last["metadata"]["uid"].startswith(UID):
            super().refresh(name)
            return
        with self._changed:
            self._snapshots[name] += [Snapshot(self.clock(), last), Snapshot(self.clock(), None)]
            self._notify()


class InertCluster(Cluster):
    """A cluster where labs create nothing but their namespaces."""

    def __init__(self, real: Cluster) -> None:
        self.api, self.foreign = InertApi(real.api), real.foreign
        self.kubernetes, self.description = real.kubernetes, real.description
        self._environment = real.describe()

    def informer(self, path: str) -> Informer:
        # The namespace is a real one, whose ServiceAccount takes a moment.
        kind = Informer if path.endswith("/serviceaccounts") else InertInformer
        return kind(self.api, path)

    def require(self, need: str) -> None:
        """Refuse a container outside the cluster, which would respond though nothing is applied."""
        super().require(need)
        if need == "external-client":
            raise NoCluster("This cluster starts no external client.", "run the lab itself")
