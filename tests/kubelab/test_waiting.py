import pytest

from kubelab import WaitFailed, exited, finished, gone, phase, ready, restarts, waiting_for
from kubelab.states import State
from tests.kubelab.scripted import ScriptedStore, backing_off, ended, handle, last, pod, running


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
