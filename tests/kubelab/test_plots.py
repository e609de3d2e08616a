import re

from kubelab.plots import (
    plot_back_off,
    plot_counts,
    plot_distribution,
    plot_moments,
    plot_requests,
    plot_series,
    plot_timeline,
)
from kubelab.timeline import Change, Timeline

STORY = Timeline(
    "Pod always-exits-1",
    (
        Change(0.5, "worker", "started", "started"),
        Change(2.0, "worker", "exited 1", "exited", exit_code=1),
        Change(2.1, "worker", "waiting: CrashLoopBackOff, back-off 10 s", "waiting", back_off=10),
        Change(2.1, "Pod", "phase Running", "phase"),
    ),
    until=9,
)
TIMELINE = plot_timeline(STORY, title="One crash")
BACK_OFF = plot_back_off([0, 10, 20], {"measured": [0.4, 10.9]}, title="Predicted & measured")

DASHBOARD = plot_series(
    {
        "visits": [(1001, 1), (1002, 6), (1005, 2), (1006, 7)],
        "up": [(1004, 1), (1005, 1), (1006, 0)],
        "none": [],
    },
    STORY,
    since=1000,
    title="Dashboard",
)


def test_a_picture_can_be_read_without_eyes():
    for picture in (TIMELINE, BACK_OFF, DASHBOARD):
        (ids,) = re.findall(r'<svg [^>]*role="img" aria-labelledby="([^"]+)"', picture.svg)
        for name in ids.split():
            assert f'id="{name}"' in picture.svg
    assert '<desc id="plot-one-crash-description">always-exits-1 / worker: started at 0.5 s; ' in (
        TIMELINE.svg
    )
    assert repr(BACK_OFF) == (
        "Predicted & measured. predicted: 0.0, 10.0, 20.0 s. measured: 0.4, 10.9 s."
    )


def test_a_wait_that_nobody_saw_is_left_out():
    picture = plot_back_off([0, 10, 20], {"announced": [0, None, 20]}, title="One is missing")
    assert repr(picture).endswith("announced: 0.0, ?, 20.0 s.")


def test_a_title_with_markup_stays_text():
    assert '<title id="plot-predicted-measured-title">Predicted &amp; measured</title>' in (
        BACK_OFF.svg
    )


def test_text_and_lines_take_the_colour_of_the_text_around_on_light_and_on_dark():
    for picture in (TIMELINE, BACK_OFF, DASHBOARD):
        assert "currentColor" in picture.svg
        assert not re.search(r"#000000|#ffffff|#010203|black|white", picture.svg)
        # An SVG's text is black unless something says otherwise.
        texts = re.findall(r"<text [^>]*>", picture.svg)
        assert len(texts) == picture.svg.count("<text") > 0
        assert [text for text in texts if "currentColor" not in text] == []


def test_nothing_is_embedded_and_nothing_is_loaded():
    for picture in (TIMELINE, BACK_OFF, DASHBOARD):
        assert not re.search(
            r"<style|<image|@font-face|DejaVu|(?<!xmlns:xlink=\")(?<!xmlns=\")http", picture.svg
        )


def test_the_same_measurements_give_the_same_bytes():
    assert plot_timeline(STORY, title="One crash").svg == TIMELINE.svg


def test_two_pictures_on_a_page_share_no_id():
    ids = re.findall(r'id="([^"]+)"', TIMELINE.svg), re.findall(r'id="([^"]+)"', BACK_OFF.svg)
    assert ids[0] and ids[1]
    assert not set(ids[0]) & set(ids[1])


def test_requests_are_told_beside_the_endpoints_that_answered_them():
    timeline = Timeline("endpoints of echo", (Change(1.0, "echo-1", "ready", "endpoint"),), until=9)
    asked = [("echo-1", 1002.0), ("echo-1", 1003.0), ("curl-exit-code-7", 1004.0)]
    picture = plot_requests(asked, timeline, since=1000.0, title="Requests")
    assert picture.description == (
        "Requests. Requests: echo-1: 2, curl-exit-code-7: 1. Endpoints: echo-1 ready at 1.0 s."
    )


def test_distribution_says_its_counts():
    picture = plot_distribution({"new connections": {"a": 3, "b": 4}}, title="Spread")
    assert picture.description == "Spread. new connections: a 3, b 4."


def test_a_dashboard_tells_its_series_with_their_breaks_beside_the_containers():
    assert DASHBOARD.description == (
        "Dashboard. visits: 1 at 1 s to 6 at 2 s, then 2 at 5 s to 7 at 6 s. "
        "up: 1 at 4 s to 0 at 6 s. none: no sample. "
        "always-exits-1 / worker: started at 0.5 s; exited 1 at 2.0 s; "
        "waiting: CrashLoopBackOff, back-off 10 s at 2.0 s."
    )


def test_counts_say_where_they_begin_and_end_and_what_is_shaded():
    counts = {"written": [(1001.0, 0), (1002.0, 3)], "stored": [(1001.5, 0)], "none": []}
    picture = plot_counts(counts, {"away": (1001.2, 1001.9)}, since=1000.0, title="Lines")
    assert picture.description == (
        "Lines. written: 0 at 1.0 s to 3 at 2.0 s. stored: 0 at 1.5 s to 0 at 1.5 s. "
        "away: from 1.2 s to 1.9 s."
    )


def test_moments_are_told_in_seconds_by_actor():
    picture = plot_moments(
        {"shop": [("SIGTERM", 103.0), ("exits", 106.25)], "wrapper": [("SIGKILL", 110.0)]},
        since=100.0,
        title="Steps",
    )
    assert repr(picture) == (
        "Steps. shop: SIGTERM at 3.0 s; exits at 6.2 s. wrapper: SIGKILL at 10.0 s."
    )
    assert "SIGKILL" in picture.svg
