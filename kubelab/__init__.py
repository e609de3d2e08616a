"""What labs import: a lab's namespace, waits that watch, claims that compare.

from kubelab import Lab, claim, phase

lab = Lab("restart-policies")
pod = lab.apply("on-failure-exits-0.yaml")
pod.wait(until=phase("Succeeded"), within=30)
claim("on-failure-leaves-exit-0-alone", …)
lab.close()
"""

from kubelab.claims import ClaimFailed, claim
from kubelab.connection import NoCluster
from kubelab.differences import differences
from kubelab.endpoints import ready_endpoints, terminating_endpoints
from kubelab.grids import grid
from kubelab.host import Host
from kubelab.lab import Lab
from kubelab.loki import Loki
from kubelab.matchers import at_least, at_most, between, contains, one_of
from kubelab.notebook import table
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
    "ClaimFailed",
    "Host",
    "Inside",
    "Lab",
    "Loki",
    "NoCluster",
    "Prometheus",
    "Refusal",
    "Story",
    "WaitFailed",
    "at_least",
    "at_most",
    "between",
    "chi_square",
    "claim",
    "condition",
    "contains",
    "counts",
    "differences",
    "exited",
    "finished",
    "gaps",
    "gone",
    "grid",
    "has",
    "one_of",
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
