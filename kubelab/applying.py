"""Apply manifests so that a cell can be edited and run again.

An object that exists is updated. Where the API server doesn't update it, because the changed fields
are fixed at its creation, it is deleted and created again.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kubelab.connection import Api
from kubelab.errors import ApiError, NotFound
from kubelab.manifests import Document
from kubelab.store import Store
from kubelab.waiting import WaitFailed

GONE_WITHIN = 60
"""Seconds until a deleted object no longer exists. A Pod takes 1 to 3 s."""
GRACE = 1
"""Grace period in seconds of a Pod that is recreated, after a learner edited its manifest."""
SHOWN_FIELDS = 3

MUTABLE_IN_PODS = re.compile(r"spec\.(initC|c)ontainers\[\d+\]\.image")


@dataclass(frozen=True)
class Applied:
    """What became of one document: the object, and the informer's time before it was sent."""

    document: Document
    live: dict[str, Any]
    start: float


class Applier:
    """Applies documents in a lab's namespace.

    Args:
        api: the connection.
        namespace: the lab's.
        informer: gives the informer for an apiVersion and a kind.
    """

    def __init__(self, api: Api, namespace: str, informer: Callable[[str, str], Store]) -> None:
        self._api, self._namespace, self._informer = api, namespace, informer
        self._sent: dict[tuple[str, str], dict[str, Any]] = {}

    def apply(self, documents: Sequence[Document]) -> list[Applied]:
        """Apply all documents or none.

        Raises:
            ApiError: The API server rejected one. What this call created is deleted again.
        """
        if len(documents) > 1:
            self._check(documents)
        done: list[Applied] = []
        created: list[Document] = []
        try:
            for document in documents:
                existed = document.name in self._store(document).names()
                done.append(self._apply(document))
                if not existed:
                    created.append(document)
        except BaseException:
            for document in reversed(created):
                with contextlib.suppress(ApiError):
                    self._delete(document)
                    print(f"{document.reference} deleted again: of a file all or nothing applies")
            raise
        return done

    def _check(self, documents: Sequence[Document]) -> None:
        """Send each document in a dry run, so that a rejection comes before the first creation."""
        for document in documents:
            try:
                self._send(document, dry_run=True)
            except ApiError as error:
                # What an earlier document of the file creates doesn't exist in a dry run.
                if "not found" in error.message or self._can_take(document, error):
                    continue
                raise _about(error, document) from None

    def _apply(self, document: Document) -> Applied:
        store = self._store(document)
        start = store.clock()
        try:
            live = self._send(document)
            if live["metadata"].get("deletionTimestamp"):
                print(f"{document.reference} is being deleted: it is created once it is gone")
                self._await_end(document, live)
                start, live = store.clock(), self._send(document)
        except ApiError as error:
            try:
                if _fields_of_others(error):
                    live = self._take_back(document, error)
                elif rejected := self._rejected_change(document, error):
                    self._delete(document, gracePeriodSeconds=GRACE)
                    self._await_end(document, rejected.live)
                    start, live = store.clock(), self._send(document)
                    print(
                        f"{document.reference} deleted and created again: these fields can't be "
                        f"changed ({rejected.fields})"
                    )
                else:
                    raise
            except ApiError as final:
                raise _about(final, document) from None
        store.put("ADDED", live)
        self._sent[_key(document)] = document.manifest
        return Applied(document, live, start)

    def _send(self, document: Document, **options: Any) -> dict[str, Any]:
        live: dict[str, Any] = self._api.apply(document.manifest, self._namespace, **options)
        return live

    def _take_back(self, document: Document, error: ApiError) -> dict[str, Any]:
        live = self._send(document, force=True)
        fields = ", ".join(cause.field.lstrip(".") for cause in error.causes[:SHOWN_FIELDS])
        print(
            f"{document.reference}: the file's value replaces what another command set ({fields})"
        )
        return live

    def _can_take(self, document: Document, error: ApiError) -> bool:
        return bool(_fields_of_others(error) or self._rejected_change(document, error))

    def _rejected_change(self, document: Document, error: ApiError) -> Rejected | None:
        """Return the live object if the API server rejects only that it changes.

        It does, if it takes the same manifest as a new object. That holds for all kinds, whatever
        they call it: "field is immutable", "may not change once set", "updates are forbidden".
        """
        if error.status != 422 or "name" not in document.manifest["metadata"]:
            return None
        try:
            live = self._api.request("get", self._path(document))
        except NotFound:
            return None
        name = f"{document.name[:40].rstrip('-.')}-{secrets.token_hex(3)}"
        manifest = document.manifest
        new = manifest | {"metadata": manifest["metadata"] | {"name": name}}
        try:
            taken = self._api.apply(new, self._namespace, dry_run=True)
        except ApiError as also:
            if also.status in (400, 422):
                return None
            # Such as a quota, which the object that exists uses up.
            taken = manifest
        before = self._sent.get(_key(document), {})
        return Rejected(live, _changed(error, manifest, before, live, taken))

    def _delete(self, document: Document, **options: Any) -> None:
        options["propagationPolicy"] = "Background"
        self._api.request("delete", self._path(document), **options)

    def _await_end(self, document: Document, live: dict[str, Any]) -> None:
        """Return when the informer has seen the object's end, so that no change comes late."""
        store, uid = self._store(document), live["metadata"]["uid"]
        deadline = store.clock() + GONE_WITHIN
        while True:
            count = store.count
            last = store.snapshots(document.name)[-1:]
            if not last or not last[0].object or last[0].object["metadata"]["uid"] != uid:
                return
            if store.error:
                raise store.error
            if store.clock() >= deadline:
                raise WaitFailed(
                    f"{document.subject} is still there {GONE_WITHIN} s after its deletion\n"
                    f"  Next: kubectl get {document.reference} -n {self._namespace} -o yaml; "
                    "metadata.finalizers names what it waits for"
                )
            store.sleep_until_change(count, deadline - store.clock())

    def _store(self, document: Document) -> Store:
        return self._informer(document.manifest["apiVersion"], document.manifest["kind"])

    def _path(self, document: Document) -> str:
        version, kind = document.manifest["apiVersion"], document.manifest["kind"]
        return self._api.path(version, kind, self._namespace, document.name)


@dataclass(frozen=True)
class Rejected:
    """A change that the API server rejects: the object, and the fields as a text."""

    live: dict[str, Any]
    fields: str


def _about(error: ApiError, document: Document) -> ApiError:
    return error.about(document.subject, document.file, document.line_of)


def _key(document: Document) -> tuple[str, str]:
    return document.manifest["kind"], document.name


def _fields_of_others(error: ApiError) -> bool:
    """Whether other commands own fields: their values differ from the file's."""
    return any(cause.reason == "FieldManagerConflict" for cause in error.causes)


def _changed(
    error: ApiError,
    manifest: dict[str, Any],
    before: dict[str, Any],
    live: dict[str, Any],
    taken: dict[str, Any],
) -> str:
    """The fields of a manifest whose change the API server rejects.

    Compared is the object with what the API server makes of the manifest: both have its defaults
    and its spelling of quantities.
    """
    named = [cause.field for cause in error.causes if cause.field]
    changed = []
    for path in dict.fromkeys([*_leaves(manifest), *_leaves(before)]):
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]
        is_mutable = text.startswith("metadata.") or (
            manifest["kind"] == "Pod" and MUTABLE_IN_PODS.fullmatch(text)
        )
        if not is_mutable and _value(live, path) != _value(taken, path):
            changed.append(text)
    # The API server may name a field that follows from the changed one: `ipFamilies` of a
    # Service's `clusterIP`.
    below = [re.compile(rf"{re.escape(field)}($|[.\[])") for field in named]
    found = [text for text in changed if any(field.match(text) for field in below)] or changed
    shown = found or named or ["it names none"]
    return ", ".join(shown[:SHOWN_FIELDS]) + ", …" * (len(shown) > SHOWN_FIELDS)


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path


def _value(obj: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        try:
            obj = obj[part]
        except (KeyError, IndexError, TypeError):
            return None
    return obj
