import pytest
from scripted import ScriptedFeed, handle, pod

from kubelab import has


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
    feed = ScriptedFeed(script)
    feed.sleep_until_change(4, 10)
    assert handle(feed).condition_history("Initialized") == [
        "False ContainersNotInitialized containers with incomplete status: [first]",
        "True",
    ]


def test_the_reason_of_a_pod_is_none_where_it_has_none():
    assert handle(ScriptedFeed([(0.0, pod("Failed"))])).reason is None
    late = handle(ScriptedFeed([(0.0, pod("Failed", reason="DeadlineExceeded"))]))
    assert late.reason == "DeadlineExceeded"


@pytest.mark.parametrize(
    ("status", "there"),
    [({}, False), ({"hard": {}}, False), ({"hard": {"cpu": "1"}}, True), ({"hard": 0}, True)],
)
def test_a_field_is_there_when_it_says_something(status, there):
    assert has("status.hard").holds({"status": status}) is there
    assert has("status.hard").text == "with status.hard"
