"""What becomes of several objects, read from one watch."""

from types import SimpleNamespace

import pytest

import nbclaims.display
from kubelab import WaitFailed
from kubelab.objects import Pod
from kubelab.outcomes import outcomes
from tests.kubelab.scripted import ScriptedStore, ended, pod, running

SHOWN: list[dict] = []


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    SHOWN.clear()
    monkeypatch.setattr(nbclaims.display, "show", SHOWN.append)
    return SHOWN


def named(name: str, phase: str, *containers: dict) -> dict:
    obj = pod(phase, *containers)
    obj["metadata"] |= {"name": name, "uid": f"uid-{name}"}
    return obj


def pods(script: list[tuple[float, dict]], *names: str) -> tuple[dict[str, Pod], list[str]]:
    """Handles on Pods of one informer, and the list of what is deleted."""
    informer, deleted = ScriptedStore(script), []
    api = SimpleNamespace(
        path=lambda _version, _kind, _namespace, name: name,
        request=lambda _method, path, **_: deleted.append((informer.now, path)),
    )
    lab = SimpleNamespace(namespace="lab-1", api=api, informer=lambda version, kind: informer)
    manifests = [named(name, "Pending") for name in names]
    return {m["metadata"]["name"]: Pod(lab, m, 0.0) for m in manifests}, deleted


def ended_as(_: str, one: Pod) -> str | None:
    return one.phase if one.phase in ("Succeeded", "Failed") else None


def test_each_outcome_is_taken_and_its_object_deleted_as_soon_as_it_is_known(shown):
    script = [
        (0.0, named("a", "Pending")),
        (0.0, named("b", "Running", running())),
        (1.5, named("b", "Failed", ended(1))),
        (4.0, named("a", "Succeeded", ended(0))),
    ]
    objects, deleted = pods(script, "a", "b")
    assert outcomes(objects, ended_as, within=10) == {"a": "Succeeded", "b": "Failed"}
    assert deleted == [(1.5, "b"), (4.0, "a")]
    assert "+1.5 s worker exited 1; +1.5 s Pod phase Failed" in shown[-1]["text/plain"]


def test_an_outcome_that_does_not_come_is_told_with_the_last_state():
    script = [(0.0, named("a", "Failed", ended(1))), (0.0, named("b", "Running", running()))]
    objects, _ = pods(script, "a", "b")
    with pytest.raises(WaitFailed) as failure:
        outcomes(objects, ended_as, within=30)
    assert str(failure.value) == (
        "gave up after 30 s: the outcome of 1 objects is open\n\n"
        "  b: phase Running; worker running\n\n"
        "  Next: kubectl describe pod/b -n lab-1"
    )


def test_a_watch_that_failed_is_no_outcome():
    objects, _ = pods([(0.0, named("a", "Running", running()))], "a")
    objects["a"].informer.fail(ConnectionResetError("reset"))
    with pytest.raises(ConnectionResetError):
        outcomes(objects, ended_as, within=30)
