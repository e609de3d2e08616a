from kubelab.timeline import Change, Timeline, intervals, log_timestamps
from tests.kubelab.scripted import ScriptedStore, backing_off, ended, handle, last, pod, running


def lines(*script: tuple[float, dict | None]) -> list[str]:
    """The timeline that a watch tells when it sees these versions."""
    informer = ScriptedStore(script)
    while informer.script:
        informer.sleep_until_change(informer.count, 60)
    return handle(informer).timeline.lines()


def test_runs_and_their_ends_in_order():
    assert lines(
        (0, pod()),
        (1, pod("Running", running())),
        (3.1, pod("Running", ended(1))),
        (4, pod("Running", running(1, last=last(1, 0)))),
        (16, pod("Running", ended(0, 1))),
        (16.2, pod("Succeeded", ended(0, 1))),
    ) == [
        " +1.0 s  worker  started",
        " +1.0 s  Pod     phase Running",
        " +3.1 s  worker  exited 1",
        " +4.0 s  worker  started (restart 1)",
        "+16.0 s  worker  exited 0",
        "+16.2 s  Pod     phase Succeeded",
    ]


def test_a_run_that_was_over_before_the_kubelet_reported_it_is_not_lost():
    assert lines(
        (0, pod()),
        (1, pod("Running", ended(1))),
        (2, pod("Running", running(1, last=last(1, 0)))),
        (3, pod("Running", backing_off("10s", 1))),
        (14, pod("Running", ended(1, 2))),
    ) == [
        " +1.0 s  worker  started",
        " +1.0 s  worker  exited 1",
        " +1.0 s  Pod     phase Running",
        " +2.0 s  worker  started (restart 1)",
        " +3.0 s  worker  exited 1",
        " +3.0 s  worker  waiting: CrashLoopBackOff, back-off 10 s",
        "+14.0 s  worker  started (restart 2)",
        "+14.0 s  worker  exited 1",
    ]


def test_a_first_version_that_already_waits_tells_the_run_before():
    assert lines((2, pod("Running", backing_off("10s", 1)))) == [
        "+2.0 s  worker  started (restart 1)",
        "+2.0 s  worker  exited 1",
        "+2.0 s  worker  waiting: CrashLoopBackOff, back-off 10 s",
        "+2.0 s  Pod     phase Running",
    ]


def test_each_announced_back_off_counts_once_by_the_restart_it_comes_before():
    informer = ScriptedStore(
        [
            (0, pod("Running", backing_off("10s", 1))),
            (5, pod("Running", backing_off("10s", 1))),
            (11, pod("Running", backing_off("20s", 2))),
            (40, pod("Running", backing_off("1m20s", 4))),
        ]
    )
    informer.sleep_until_change(99, 60)
    assert handle(informer).timeline.back_offs("worker") == {2: 10, 3: 20, 5: 80}


def test_an_exit_by_a_signal_says_why():
    assert lines((1, pod("Failed", ended(137, reason="OOMKilled"))))[1] == (
        "+1.0 s  worker  exited 137 (OOMKilled)"
    )


def test_conditions_count_when_they_change_and_routine_ones_never():
    def conditions(ready: str) -> list[dict]:
        return [
            {"type": "Ready", "status": ready},
            {"type": "ContainersReady", "status": ready},
            {"type": "PodScheduled", "status": "True"},
        ]

    assert lines(
        (0, pod("Pending", conditions=conditions("False"))),
        (1, pod("Pending", conditions=conditions("True"))),
        (2, pod("Pending", conditions=conditions("False"))),
    ) == ["+1.0 s  Pod  condition Ready True", "+2.0 s  Pod  condition Ready False"]


def test_deletion_is_told_when_asked_for_and_when_done():
    alive, deleting = pod("Running", running()), pod("Running", running())
    deleting["metadata"]["deletionTimestamp"] = "…"
    assert lines((0, alive), (1, deleting), (3, None))[-2:] == [
        "+1.0 s  Pod     is being deleted",
        "+3.0 s  Pod     gone",
    ]


def test_a_timeline_without_changes_says_so():
    assert str(handle(ScriptedStore()).timeline) == "Pod p\n  nothing"


def test_log_timestamps_are_lines_that_end_with_an_epoch_time():
    log = "started 1795366800.123456\nhello 12\nexits with 1 1795366801.000001\n"
    assert log_timestamps(log) == [
        ("started", 1795366800.123456),
        ("exits with 1", 1795366801.000001),
    ]


def test_intervals_reach_from_each_timestamp_to_the_next_of_the_other_kind():
    log = [("started", 1.0), ("exits", 2.0), ("started", 2.5), ("exits", 3.0), ("started", 13.25)]
    assert intervals(log, after="exits", until="started") == [0.5, 10.25]


def test_an_interval_that_is_not_over_is_left_out():
    assert intervals([("exits", 2.0)], after="exits", until="started") == []


def of_runs(*changes: tuple[float, str, str], until: float = 20) -> Timeline:
    """A timeline of container changes: `(1.0, "app", "started")`."""
    events = tuple(Change(at, who, kind, kind) for at, who, kind in changes)
    return Timeline("Pod p", events, until)


ONE_AFTER_THE_OTHER = of_runs((1, "a", "started"), (3, "a", "exited"), (3, "b", "started"))


def test_starts_before_compares_first_starts():
    timeline = of_runs((1, "a", "started"), (2, "b", "started"), (2, "c", "started"))
    assert timeline.starts_before("a", "b")
    assert not timeline.starts_before("b", "a")
    assert not timeline.starts_before("b", "c") and not timeline.starts_before("c", "b")
    assert timeline.starts_before("a", "never") and not timeline.starts_before("never", "a")
    assert not timeline.starts_before("never", "neither")


def test_ends_before_compares_the_last_exit_with_the_first_start():
    assert ONE_AFTER_THE_OTHER.ends_before("a", starts="b")
    assert ONE_AFTER_THE_OTHER.ends_before("a", starts="never")
    assert not ONE_AFTER_THE_OTHER.ends_before("b", starts="a")
    assert not ONE_AFTER_THE_OTHER.ends_before("never", starts="b")
    again = of_runs(
        *((1, "a", "started"), (2, "a", "exited"), (3, "b", "started"), (4, "a", "started"))
    )
    assert not again.ends_before("a", starts="b")
    late = of_runs((1, "a", "started"), (2, "b", "started"), (3, "a", "exited"))
    assert not late.ends_before("a", starts="b")


def test_overlaps_compares_every_run():
    assert not ONE_AFTER_THE_OTHER.overlaps("a", "b")
    assert not ONE_AFTER_THE_OTHER.overlaps("a", "never")
    both = of_runs((1, "a", "started"), (2, "b", "started"))
    assert both.overlaps("a", "b") and both.overlaps("b", "a")
    second = of_runs(
        *((1, "a", "started"), (2, "a", "exited"), (3, "b", "started"), (4, "a", "started"))
    )
    assert second.overlaps("a", "b")


def test_restarts_are_the_starts_after_the_first():
    timeline = of_runs((1, "a", "started"), (2, "a", "exited"), (3, "a", "started"))
    assert (timeline.restarts("a"), timeline.restarts("never")) == (1, 0)
