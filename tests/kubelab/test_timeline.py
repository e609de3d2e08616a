from kubelab.timeline import gaps, stamps
from tests.kubelab.scripted import ScriptedFeed, backing_off, ended, handle, last, pod, running


def lines(*script: tuple[float, dict | None]) -> list[str]:
    """The story that a watch tells when it sees these versions."""
    feed = ScriptedFeed(script)
    while feed.script:
        feed.sleep_until_change(feed.count, 60)
    return handle(feed).story.lines()


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
    feed = ScriptedFeed(
        [
            (0, pod("Running", backing_off("10s", 1))),
            (5, pod("Running", backing_off("10s", 1))),
            (11, pod("Running", backing_off("20s", 2))),
            (40, pod("Running", backing_off("1m20s", 4))),
        ]
    )
    feed.sleep_until_change(99, 60)
    assert handle(feed).story.back_offs("worker") == {2: 10, 3: 20, 5: 80}


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


def test_a_story_without_events_says_so():
    assert str(handle(ScriptedFeed()).story) == "Pod p\n  nothing"


def test_stamps_are_lines_that_end_with_an_epoch_time():
    log = "started 1795366800.123456\nhello 12\nexits with 1 1795366801.000001\n"
    assert stamps(log) == [("started", 1795366800.123456), ("exits with 1", 1795366801.000001)]


def test_gaps_reach_from_each_stamp_to_the_next_of_the_other_kind():
    log = [("started", 1.0), ("exits", 2.0), ("started", 2.5), ("exits", 3.0), ("started", 13.25)]
    assert gaps(log, after="exits", until="started") == [0.5, 10.25]


def test_a_gap_that_is_not_over_is_left_out():
    assert gaps([("exits", 2.0)], after="exits", until="started") == []
