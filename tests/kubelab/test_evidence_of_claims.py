"""A timeline is the evidence of a claim."""

import pytest

from kubelab import phase
from nbclaims import ClaimFailed, claim
from nbclaims.record import MIME_TYPE
from tests.kubelab.scripted import ScriptedStore, ended, handle, pod, running

pytestmark = pytest.mark.usefixtures("shown")


def restarted_after_exit_0() -> ScriptedStore:
    informer = ScriptedStore(
        [
            (0, pod("Running", running())),
            (2.1, pod("Running", ended(0))),
            (2.9, pod("Running", running(1))),
        ]
    )
    informer.sleep_until_change(99, 10)
    return informer


def test_a_failed_claim_shows_the_timeline(shown: list[dict]):
    timeline = handle(restarted_after_exit_0()).timeline
    with pytest.raises(ClaimFailed) as failure:
        claim("c", "…", observed={"n": 1}, expected={"n": 0}, because="…", evidence=timeline)
    assert str(failure.value).splitlines()[-5:] == [
        "What happened to Pod p, in order:",
        "  +0.0 s  worker  started",
        "  +0.0 s  Pod     phase Running",
        "  +2.1 s  worker  exited 0",
        "  +2.9 s  worker  started (restart 1)",
    ]
    record = shown[0][MIME_TYPE]
    assert record["timeline"][2] == {"at": 2.1, "who": "worker", "what": "exited 0"}


def test_a_state_that_did_not_hold_fails_the_claim():
    informer = ScriptedStore([(0, pod("Succeeded", ended(0))), (2, pod("Running", running(1)))])
    timeline = handle(informer).hold(phase("Succeeded"), during=5)
    with pytest.raises(ClaimFailed) as failure:
        claim("c", "…", observed={"n": 0}, expected={"n": 0}, because="…", evidence=timeline)
    assert str(failure.value).splitlines()[2] == (
        "  watched   expected phase Succeeded for 5 s  "
        "observed phase Running; worker running, 1 restart (at +2.0 s)"
    )
