from types import SimpleNamespace

import pytest

from kubelab import WaitFailed, has, polling, without
from kubelab.errors import ApiError
from tests.kubelab.scripted import ScriptedStore, handle, pod


def test_what_a_condition_said_comes_once_each_and_in_order():
    waits = {
        "type": "Initialized",
        "status": "False",
        "reason": "ContainersNotInitialized",
        "message": "containers with incomplete status: [first]",
    }
    script = [
        (0.0, pod()),
        (1.0, pod(conditions=[waits])),
        (2.0, pod(conditions=[waits, {"type": "Ready", "status": "False"}])),
        (3.0, pod("Running", conditions=[{"type": "Initialized", "status": "True"}])),
    ]
    informer = ScriptedStore(script)
    informer.sleep_until_change(4, 10)
    assert handle(informer).condition_history("Initialized") == [
        "False ContainersNotInitialized containers with incomplete status: [first]",
        "True",
    ]


def test_the_reason_of_a_pod_is_none_where_it_has_none():
    assert handle(ScriptedStore([(0.0, pod("Failed"))])).reason is None
    late = handle(ScriptedStore([(0.0, pod("Failed", reason="DeadlineExceeded"))]))
    assert late.reason == "DeadlineExceeded"


@pytest.mark.parametrize(
    ("status", "there"),
    [({}, False), ({"hard": {}}, False), ({"hard": {"cpu": "1"}}, True), ({"hard": 0}, True)],
)
def test_a_field_is_there_when_it_says_something(status, there):
    assert has("status.hard").holds({"status": status}) is there
    assert has("status.hard").text == "with status.hard"
    assert without("status.hard").holds({"status": status}) is not there


def test_a_field_may_have_to_say_one_thing():
    state = has("spec.ingressClassName", "lab")
    assert [state.holds({"spec": {"ingressClassName": name}}) for name in ("lab", "x")] == [1, 0]
    assert not state.holds({"spec": {}})
    assert state.text == "with spec.ingressClassName lab"


def test_columns_are_those_that_kubectl_prints_without_wide():
    asked = handle(ScriptedStore([(0.0, pod())]))
    columns = [("Name", 0), ("Ready", 0), ("Restarts", 0), ("Node", 1)]
    table = {
        "columnDefinitions": [{"name": name, "priority": n} for name, n in columns],
        "rows": [{"cells": ["p", "1/2", 3, "worker"]}],
    }
    asked.lab.api = SimpleNamespace(path=lambda *_: "/p", table={"/p": table}.get)
    assert asked.get() == {"NAME": "p", "READY": "1/2", "RESTARTS": "3"}


@pytest.mark.parametrize(("subresource", "path"), [("", "/p"), ("status", "/p/status")])
def test_a_status_is_patched_at_a_path_of_its_own(subresource, path, capsys):
    asked = handle(ScriptedStore([(0.0, pod())]))
    sent = []

    def request(method, path, body, **_):
        sent.append((method, path))
        return pod("Running")

    asked.lab.api = SimpleNamespace(path=lambda *_: "/p", request=request)
    assert asked.patch({"status": {"phase": "Running"}}, subresource=subresource).accepted
    assert sent == [("patch", path)]
    option = "--subresource=status" in capsys.readouterr().out
    assert option == bool(subresource)


def test_a_pod_may_be_given_another_grace_period_when_it_is_deleted(capsys):
    doomed, requests = handle(ScriptedStore([(0.0, pod())])), []
    doomed.lab.api = SimpleNamespace(
        path=lambda *_: "/p", request=lambda *where, **options: requests.append((where, options))
    )
    doomed.delete(grace=60)
    assert requests == [
        (("delete", "/p"), {"propagationPolicy": "Background", "gracePeriodSeconds": 60})
    ]
    assert "--grace-period=60 --wait=false" in capsys.readouterr().out


def test_the_first_pod_is_waited_for():
    owner = handle(ScriptedStore([(2.0, pod())]))
    assert owner.first_pod(within=5) is owner
    assert owner.informer.now == 2.0
    with pytest.raises(WaitFailed, match="Pod p has created no Pod within 5 s"):
        handle(ScriptedStore()).first_pod(within=5)


def test_log_timestamps_are_read_again_until_there_are_enough(monkeypatch):
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0)
    asked = handle(ScriptedStore([(0.0, pod())]))
    begun, done = "started 1795366800.500\n", "started 1795366800.500\nexits 1795366801.500\n"
    logs = iter(["", begun, done])
    asked.lab.api = SimpleNamespace(path=lambda *_: "/p", text=lambda *_: next(logs))
    assert asked.log_timestamps() == []
    assert asked.log_timestamps(least=2) == [("started", 1795366800.5), ("exits", 1795366801.5)]


def test_log_order_sorts_the_lines_of_all_containers_by_their_times():
    spec = {"initContainers": [{"name": "first"}], "containers": [{"name": "app"}]}
    first = "started 1795366800.500\nended 1795366802.500\n"
    logs = {"first": first, "app": "started 1795366801.500\n"}
    found = handle(ScriptedStore([(0.0, pod() | {"spec": spec})]))
    found.lab.api = SimpleNamespace(path=lambda *_: "/p", text=lambda _, container: logs[container])
    assert found.log_order() == ["first started", "app started", "first ended"]
    assert found.log_order("app") == ["app started"]


def test_the_log_of_a_run_that_was_just_removed_is_asked_for_again(monkeypatch):
    def text(_):
        if next(removed):
            raise ApiError(400, "BadRequest", "…")
        return "started 1795366800.500\n"

    monkeypatch.setattr(polling, "FIRST_PAUSE", 0)
    asked, removed = handle(ScriptedStore([(0.0, pod())])), iter([True, False])
    asked.lab.api = SimpleNamespace(path=lambda *_: "/p", text=text)
    assert asked.log_timestamps() == [("started", 1795366800.5)]
