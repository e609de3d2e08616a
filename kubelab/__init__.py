"""Kubernetes for labs: a lab's namespace, its objects, waits that watch.

from kubelab import Lab, phase
from nbclaims import claim

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
from kubelab.connection import NoCluster
from kubelab.differences import differences
from kubelab.display import table
from kubelab.endpoints import ready_endpoints, terminating_endpoints
from kubelab.errors import ApiError
from kubelab.lab import Lab
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
    "ApiError",
    "Lab",
    "NoCluster",
    "WaitFailed",
    "condition",
    "counts",
    "differences",
    "exited",
    "finished",
    "gone",
    "has",
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
