"""What labs import: a lab's namespace, waits that watch, claims that compare.

from kubelab import Lab, claim, phase

lab = Lab("restart-policies")
pod = lab.apply("on-failure-exits-0.yaml")
pod.wait(until=phase("Succeeded"), within=30)
claim("on-failure-leaves-exit-0-alone", …)
lab.close()

What few labs need is imported from its module: `kubelab.plots`, `kubelab.loki`,
`kubelab.prometheus`, `kubelab.outcomes`, `kubelab.grids`, and `kubelab.timeline` and
`kubelab.answers` for times in logs and for distributions.
"""

from kubelab.answers import counts
from kubelab.claims import ClaimFailed, claim
from kubelab.connection import NoCluster
from kubelab.differences import differences
from kubelab.endpoints import ready_endpoints, terminating_endpoints
from kubelab.lab import Lab
from kubelab.matchers import at_least, at_most, between, contains, one_of
from kubelab.notebook import table
from kubelab.states import (
    condition,
    exited,
    finished,
    gone,
    has,
    phase,
    ready,
    restarts,
    running,
    waiting_for,
    without,
)
from kubelab.waiting import WaitFailed

__all__ = [
    "ClaimFailed",
    "Lab",
    "NoCluster",
    "WaitFailed",
    "at_least",
    "at_most",
    "between",
    "claim",
    "condition",
    "contains",
    "counts",
    "differences",
    "exited",
    "finished",
    "gone",
    "has",
    "one_of",
    "phase",
    "ready",
    "ready_endpoints",
    "restarts",
    "running",
    "table",
    "terminating_endpoints",
    "waiting_for",
    "without",
]
