"""An informer against an API server that forgets, resets connections and goes away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from urllib3.exceptions import ProtocolError

from kubelab import store as store_module
from kubelab.store import Informer
from tests.kubelab.scripted import pod, running


class FakeApi:
    """Answers each list and each watch with the next scripted one, then keeps quiet."""

    def __init__(self, lists: list[Any], watches: list[list[Any]]) -> None:
        self.lists, self.watches, self.asked = lists, watches, []

    def request(self, method: str, path: str) -> dict:
        answer = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        if isinstance(answer, Exception):
            raise answer
        return {
            "kind": "PodList",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": "7"},
            "items": answer,
        }

    def watch(self, path: str, version: str) -> FakeWatch:
        self.asked.append(version)
        return FakeWatch(self.watches.pop(0) if self.watches else [FakeWatch.SILENCE])


class FakeWatch:
    SILENCE = object()

    def __init__(self, notices: list[Any]) -> None:
        import threading

        self.notices, self.stopped = notices, threading.Event()

    def __iter__(self) -> Iterator[dict]:
        for notice in self.notices:
            if notice is self.SILENCE:
                self.stopped.wait(5)
            elif isinstance(notice, Exception):
                raise notice
            else:
                yield notice

    def stop(self) -> None:
        self.stopped.set()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "FIRST_PAUSE", 0.001)


def phases_once(api: FakeApi, count: int) -> list[str | None]:
    """The phases of Pod `p` once the informer has seen so many changes."""
    informer = Informer(api, "/pods")
    informer.sleep_until_change(count - 1, 5)
    informer.stop()
    return [v.object and v.object["status"]["phase"] for v in informer.snapshots("p")]


def test_a_watch_goes_on_from_the_list():
    api = FakeApi([[pod()]], [[{"type": "MODIFIED", "object": pod("Running", running())}]])
    assert phases_once(api, 2) == ["Pending", "Running"]
    assert api.asked[0] == "7"


def test_a_watch_that_ended_goes_on_from_the_last_version_it_saw():
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "90"}}}
    api = FakeApi([[pod()]], [[bookmark], [{"type": "MODIFIED", "object": pod("Running")}]])
    assert phases_once(api, 2) == ["Pending", "Running"]
    assert api.asked[:2] == ["7", "90"]


def test_410_gone_reads_everything_again():
    expired = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
    api = FakeApi([[pod()], [pod("Running")]], [[expired]])
    assert phases_once(api, 2) == ["Pending", "Running"]


def test_a_reset_connection_reads_everything_again_and_sees_what_is_gone():
    api = FakeApi([[pod()], []], [[ProtocolError("reset")]])
    assert phases_once(api, 2) == ["Pending", None]


def test_an_api_server_that_stays_away_ends_the_informer_with_its_error():
    away = ProtocolError("refused")
    api = FakeApi([[pod()], away], [[away]])
    informer = Informer(api, "/pods")
    informer.sleep_until_change(1, 5)
    assert informer.error is away


def test_old_news_changes_nothing():
    old, new = pod("Pending"), pod("Running")
    api = FakeApi([[new]], [[{"type": "MODIFIED", "object": old}]])
    assert phases_once(api, 1) == ["Running"]


def test_a_late_response_does_not_bring_back_what_is_gone():
    informer = store_module.Store()
    first, late = pod(), pod()
    informer.put("ADDED", first)
    informer.put("DELETED", first)
    informer.put("MODIFIED", late)
    assert informer.names() == []
    namesake = pod()
    namesake["metadata"]["uid"] = "uid-2"
    informer.put("ADDED", namesake)
    assert informer.names() == ["p"]
