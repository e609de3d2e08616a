"""Kubernetes for labs: a lab's namespace, its objects, waits that watch.

from kubelab import Lab, phase
from nbclaims import claim

lab = Lab("restart-policies")
pod = lab.apply("on-failure-exits-0.yaml")
pod.wait(until=phase("Succeeded"), within=30)
claim("on-failure-leaves-exit-0-alone", …)
lab.close()
"""

from kubelab.connection import NoCluster
from kubelab.differences import differences
from kubelab.display import table
from kubelab.endpoints import ready_endpoints, terminating_endpoints
from kubelab.grids import grid
from kubelab.host import Host
from kubelab.lab import Lab
from kubelab.loki import Loki
from kubelab.objects import Refusal
from kubelab.outcomes import outcomes
from kubelab.plotting import (
    plot_back_off,
    plot_counts,
    plot_distribution,
    plot_requests,
    plot_series,
    plot_timeline,
)
from kubelab.probes import Inside, chi_square, counts
from kubelab.prometheus import Prometheus
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
from kubelab.timeline import Story, gaps, stamps
from kubelab.waiting import WaitFailed

__all__ = [
    "Host",
    "Inside",
    "Lab",
    "Loki",
    "NoCluster",
    "Prometheus",
    "Refusal",
    "Story",
    "WaitFailed",
    "chi_square",
    "condition",
    "counts",
    "differences",
    "exited",
    "finished",
    "gaps",
    "gone",
    "grid",
    "has",
    "outcomes",
    "phase",
    "plot_back_off",
    "plot_counts",
    "plot_distribution",
    "plot_requests",
    "plot_series",
    "plot_timeline",
    "ready",
    "ready_endpoints",
    "restarts",
    "running",
    "stamps",
    "table",
    "terminating_endpoints",
    "waiting_for",
    "without",
]
