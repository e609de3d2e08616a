from types import SimpleNamespace

import pytest

import kubelab
from kubelab import (
    WaitFailed,
    exited,
    finished,
    gone,
    phase,
    ready,
    ready_endpoints,
    restarts,
    waiting_for,
)
from kubelab import waiting as waits_and_holds
from kubelab.states import State, describe
from tests.kubelab.scripted import (
    ScriptedStore,
    backing_off,
    ended,
    handle,
    last,
    pod,
    running,
    waits,
)


def test_wait_returns_the_timeline_once_the_state_holds():
    informer = ScriptedStore([(0, pod()), (1.5, pod("Running", running())), (9, pod("Failed"))])
    timeline = handle(informer).wait(until=phase("Running"), within=5)
    assert informer.now == 1.5
    assert timeline.lines() == ["+1.5 s  worker  started", "+1.5 s  Pod     phase Running"]


def test_wait_sees_a_state_that_passed_by_while_it_was_busy():
    informer = ScriptedStore([(0, pod()), (1, pod("Running", backing_off("10s")))])
    informer.script.append((1, pod("Running", running(1))))
    handle(informer).wait(until=waiting_for("CrashLoopBackOff"), within=5)


def test_wait_gives_up_with_the_last_state_and_the_timeline_in_order():
    informer = ScriptedStore(
        [(0, pod()), (1.04, pod("Running", running())), (2.1, pod("Running", ended(0)))]
    )
    with pytest.raises(WaitFailed) as failure:
        handle(informer).wait(until=restarts(2), within=30)
    assert informer.now == 30
    assert str(failure.value) == (
        "gave up after 30.0 s waiting for Pod p: the container restarted 2 times or more\n"
        "\n"
        "  Last seen: phase Running; worker terminated (exit code 0)\n"
        "\n"
        "  What happened, in order:\n"
        "    +1.0 s  worker  started\n"
        "    +1.0 s  Pod     phase Running\n"
        "    +2.1 s  worker  exited 0\n"
        "\n"
        "  Next: kubectl describe pod/p -n lab-1"
    )


def test_wait_stops_as_soon_as_the_state_can_no_longer_come():
    informer = ScriptedStore([(0, pod("Running", running())), (3, pod("Failed", ended(1)))])
    with pytest.raises(WaitFailed) as failure:
        handle(informer).wait(until=ready(), within=60)
    assert informer.now == 3
    assert str(failure.value).splitlines()[0] == (
        "Pod p will not be ready: the Pod is Failed, and a Pod that has ended does not run again"
    )


def test_one_hopeless_half_does_not_end_a_wait_for_either():
    informer = ScriptedStore([(0, pod("Running", running())), (3, pod("Succeeded", ended(0)))])
    handle(informer).wait(until=restarts(1) | finished(), within=60)
    assert informer.now == 3


def test_one_hopeless_half_ends_a_wait_for_both():
    informer = ScriptedStore([(0, pod("Failed", ended(1)))])
    with pytest.raises(WaitFailed, match="will not be the container exited and ready"):
        handle(informer).wait(until=exited() & ready(), within=60)
    assert informer.now == 0


def test_a_deleted_object_ends_every_wait_but_the_one_for_gone():
    script = [(0, pod("Running", running())), (2, None)]
    with pytest.raises(WaitFailed, match="it is gone"):
        handle(ScriptedStore(script)).wait(until=phase("Failed"), within=60)
    handle(ScriptedStore(script)).wait(until=gone(), within=60)


def test_an_unreachable_api_server_is_not_a_state_that_did_not_come():
    informer = ScriptedStore([(0, pod())])
    informer.fail(ConnectionResetError("reset"))
    with pytest.raises(ConnectionResetError):
        handle(informer).wait(until=phase("Running"), within=60)
    assert informer.now == 0


def test_hold_watches_for_the_whole_window():
    informer = ScriptedStore([(0, pod("Failed", ended(1)))])
    timeline = handle(informer).hold(phase("Failed"), during=5)
    assert informer.now == 5
    assert (timeline.held, timeline.state, timeline.broken) == (True, "phase Failed for 5 s", None)


def test_hold_tells_when_and_how_the_state_broke():
    informer = ScriptedStore([(0, pod("Failed", ended(1))), (2.1, pod("Running", running(1)))])
    timeline = handle(informer).hold(phase("Failed"), during=5)
    assert timeline.held is False
    assert timeline.broken == "phase Running; worker running, 1 restart (at +2.1 s)"


def test_hold_does_not_trust_a_watch_that_fell_silent():
    informer = ScriptedStore([(0, pod("Failed", ended(1)))])
    informer.on_refresh = pod("Running", running(1))
    assert handle(informer).hold(phase("Failed"), during=5).held is False


def test_no_state_but_gone_holds_for_what_was_never_seen():
    timeline = handle(ScriptedStore()).hold(phase("Failed"), during=5)
    assert (timeline.held, timeline.broken) == (False, "it does not exist")
    assert handle(ScriptedStore()).hold(gone(), during=5).held


def test_a_namesake_is_another_object():
    namesake = pod("Succeeded", ended(0))
    namesake["metadata"]["uid"] = "uid-2"
    p = handle(ScriptedStore([(0, pod("Running", running())), (1, None), (2, namesake)]))
    p.wait(until=gone(), within=5)
    p.informer.sleep_until_change(p.informer.count, 5)
    assert p.phase is None


def test_a_pod_with_several_containers_wants_to_know_which():
    p = handle(ScriptedStore([(0, pod("Running", running(name="a"), running(name="b")))]))
    with pytest.raises(ValueError, match="Pod p has the containers a, b: say which one"):
        p.wait(until=exited(), within=5)
    with pytest.raises(ValueError, match="there is no 'c'"):
        p.container("c")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (phase("Succeeded", "Failed"), "phase Succeeded or Failed"),
        (restarts(1, of="worker") | finished(), "worker restarted once or more or finished"),
        (exited("a") & ready(), "a exited and ready"),
    ],
)
def test_states_say_themselves(state: State, text: str):
    assert state.text == text


@pytest.mark.parametrize(
    ("wanted", "are_ready", "expected"), [(0, 0, False), (3, 2, False), (3, 3, True)]
)
def test_a_daemonset_is_ready_when_all_its_pods_are(wanted, are_ready, expected):
    status = {"desiredNumberScheduled": wanted, "numberReady": are_ready}
    assert ready().holds({"kind": "DaemonSet", "spec": {}, "status": status}) == expected


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        (running(), 0),
        (ended(1), 1),
        (running(1, last=last(1, 0)), 1),
        (ended(1, 1), 2),
        (backing_off("10s", 1), 2),
        (running(2, last=last(1, 1)), 2),
    ],
)
def test_exited_counts_the_ends_of_a_container(status, ends):
    state = pod("Running", status)
    assert [times for times in (1, 2, 3) if exited(times=times).holds(state)] == [
        times for times in (1, 2, 3) if times <= ends
    ]


def test_a_failed_wait_is_no_failed_assertion():
    assert not issubclass(WaitFailed, AssertionError)


@pytest.mark.parametrize(
    ("until", "text"),
    [
        (
            "Running",
            "until='Running' is text, not a state\n  Next: until=phase('Running')",
        ),
        (
            "up",
            "until='up' is text, not a state\n  Next: until=phase('Running'), ready(), running()",
        ),
        (
            kubelab.running,
            "until=running is a function, not a state: the parentheses are missing\n"
            "  Next: until=running()",
        ),
        (
            True,
            "until=True is of type bool, not a state\n"
            "  Next: until=phase('Running'), ready(), running()",
        ),
    ],
)
def test_a_wait_tells_how_to_write_a_state(until: object, text: str):
    with pytest.raises(TypeError) as failure:
        handle(ScriptedStore([(0, pod())])).wait(until=until, within=60)
    assert str(failure.value) == text


def test_a_hold_names_its_own_parameter():
    with pytest.raises(TypeError, match=r"^state='running' is text.*\n  Next: state=phase"):
        handle(ScriptedStore([(0, pod())])).hold("running", during=5)


def test_states_are_not_combined_with_or():
    with pytest.raises(TypeError) as failure:
        _ = kubelab.running() or phase("Succeeded")
    assert str(failure.value) == (
        "the state 'the container running' is neither true nor false: `or`, `and` and `not` don't "
        "combine states\n"
        "  Next: write | for or and & for and: running() | finished()"
    )


def test_an_unknown_phase_is_refused_at_once():
    with pytest.raises(ValueError) as failure:
        phase("running", "Failed")
    assert str(failure.value) == (
        "Pods have no phase 'running'\n"
        "  Next: choose one or more of Pending, Running, Succeeded, Failed, Unknown"
    )
    with pytest.raises(ValueError, match=r"^phase\(\) names no phase\n"):
        phase()


def test_a_state_of_another_kind_is_refused_at_once():
    service = handle(ScriptedStore([(0, pod())]))
    service.kind = "Service"
    with pytest.raises(TypeError) as failure:
        service.wait(until=gone() | kubelab.running(), within=60)
    assert str(failure.value) == (
        "running() is about a Pod; this is a Service\n"
        "  Next: call it on a Pod, such as the one that `.first_pod()` returns"
    )
    with pytest.raises(TypeError) as failure:
        handle(ScriptedStore([(0, pod())])).hold(ready_endpoints(1), during=5)
    assert str(failure.value) == (
        "ready_endpoints() is about an EndpointSlice; this is a Pod\n"
        "  Next: call it on `.endpoints` of a Service"
    )


NEVER = 'Container image "echo:2" is not present with pull policy of Never'


@pytest.mark.parametrize(
    "until", [phase("Running"), ready(), finished(), kubelab.running(), restarts(1), exited()]
)
def test_a_wait_ends_at_once_when_there_is_no_image(until: State):
    informer = ScriptedStore([(0, pod("Pending", waits("ErrImageNeverPull", NEVER)))])
    with pytest.raises(WaitFailed) as failure:
        handle(informer).wait(until=until, within=60)
    assert informer.now == 0
    assert str(failure.value).splitlines()[0] == (
        f"Pod p will not be {until.text}: the kubelet can't get the image of worker "
        f"(ErrImageNeverPull: {NEVER})"
    )


@pytest.mark.parametrize("reason", ["InvalidImageName", "ErrImagePull", "ImagePullBackOff"])
def test_each_reason_for_no_image_ends_a_wait(reason: str):
    informer = ScriptedStore([(0, pod()), (1, pod("Pending", waits(reason, "not found")))])
    with pytest.raises(WaitFailed, match=f"the image of worker \\({reason}: not found\\)"):
        handle(informer).wait(until=ready(), within=60)
    assert informer.now == 1


def test_a_wait_for_the_back_off_of_a_pull_goes_on():
    script = [(0, pod("Pending", waits("ErrImagePull", "not found")))]
    script.append((9, pod("Pending", waits("ImagePullBackOff", "Back-off pulling image"))))
    handle(ScriptedStore(script)).wait(until=waiting_for("ImagePullBackOff"), within=60)


def test_a_wait_goes_on_where_the_image_may_still_come():
    busy = pod("Pending", waits("ErrImagePull", "pull QPS exceeded"))
    replaced = pod("Pending", waits("ErrImagePull", "not found") | {"image": "echo:1"})
    replaced["spec"]["containers"][0]["image"] = "echo:2"
    deadline = pod("Pending", waits("ErrImagePull", "not found"))
    deadline["spec"]["activeDeadlineSeconds"] = 5
    # Patched back: the status has the image of the last run, the message the one in between.
    back = pod("Pending", waits("ErrImageNeverPull", NEVER) | {"image": "echo:1"})
    back["spec"]["containers"][0]["image"] = "echo:1"
    for waiting in (busy, replaced, deadline, back):
        informer = ScriptedStore([(0, waiting), (5, pod("Failed"))])
        handle(informer).wait(until=finished(), within=60)
        assert informer.now == 5


def test_a_container_doesn_t_wait_for_the_image_of_another_one():
    other = waits("ErrImagePull", "not found") | {"name": "other"}
    one = pod("Pending", running(name="one"), other)
    handle(ScriptedStore([(0, one)])).wait(until=kubelab.running("one"), within=5)
    init = pod("Pending", other, waits("PodInitializing", ""))
    init["spec"] = {"containers": [{"name": "worker"}], "initContainers": [{"name": "other"}]}
    with pytest.raises(WaitFailed, match="can't get the image of other"):
        handle(ScriptedStore([(0, init)])).wait(until=kubelab.running("worker"), within=5)


def test_what_keeps_a_pod_from_starting_is_described():
    missing = pod("Pending", waits("CreateContainerConfigError", 'configmap "env" not found'))
    assert describe(missing) == (
        'phase Pending; worker waiting (CreateContainerConfigError: configmap "env" not found)'
    )
    full = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    pending = pod("Pending", conditions=[full | {"message": "0/3 nodes are\navailable"}])
    assert describe(pending) == "phase Pending; not scheduled: 0/3 nodes are available"


def test_a_failed_wait_shows_the_last_events_of_the_object():
    def event(version: int, reason: str, message: str, count: int | None = None) -> dict:
        metadata = {"resourceVersion": str(version)}
        said = {"type": "Warning", "reason": reason, "message": message, "count": count}
        return {"metadata": metadata} | said

    def request(method: str, path: str, fieldSelector: str) -> dict:
        assert (method, path, fieldSelector) == ("get", "/events", "involvedObject.uid=uid-1")
        events = [event(9, "BackOff", "x" * 400, 3)]
        return {"items": events + [event(n, "Failed", f"pull {n}") for n in range(1, 6)]}

    waiting = handle(ScriptedStore([(0, pod())]))
    waiting.lab.api = SimpleNamespace(path=lambda *_: "/events", request=request)
    with pytest.raises(WaitFailed) as failure:
        waiting.wait(until=ready(), within=1)
    assert str(failure.value) == (
        "gave up after 1.0 s waiting for Pod p: ready\n"
        "\n"
        "  Last seen: phase Pending\n"
        "\n"
        "  What happened, in order:\n"
        "    nothing\n"
        "\n"
        "  Last Events:\n"
        "    Warning Failed: pull 2\n"
        "    Warning Failed: pull 3\n"
        "    Warning Failed: pull 4\n"
        "    Warning Failed: pull 5\n"
        f"    Warning BackOff: {'x' * 100} … {'x' * 197} (3 times)\n"
        "\n"
        "  Next: kubectl describe pod/p -n lab-1"
    )


def test_a_wait_does_not_trust_a_watch_that_fell_silent():
    informer = ScriptedStore([(0, pod())])
    informer.on_refresh = pod("Running", running())
    handle(informer).wait(until=phase("Running"), within=60)
    assert informer.now == 15


def test_a_long_wait_shows_the_last_event(monkeypatch: pytest.MonkeyPatch):
    lines = []
    monkeypatch.setattr(waits_and_holds.Progress, "update", lambda self, text: lines.append(text))
    pulling = handle(ScriptedStore([(0, pod()), (16.5, pod("Running"))]))
    pulling.last_events = lambda: ["Normal Scheduled: …", "Normal Pulling: Pulling image"]
    pulling.wait(until=phase("Running"), within=60)
    assert lines[-2:] == [
        "· 16 s of 60 s · phase Pending · Normal Pulling: Pulling image",
        "· came after 16.5 s",
    ]


def test_a_wait_ends_with_the_error_of_a_server_that_fell_silent():
    def refresh(name: str) -> None:
        raise TimeoutError("no answer")

    informer = ScriptedStore([(0, pod())])
    informer.refresh = refresh
    with pytest.raises(TimeoutError):
        handle(informer).wait(until=phase("Running"), within=60)
