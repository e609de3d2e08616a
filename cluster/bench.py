"""`python -m cluster bench`: measure how fast the cluster comes up, as medians and a ratio.

Machines differ, and their speed varies. So a bare `kind create cluster` of the same image and shape
is timed alternately with the project's cluster, and the ratio of the two is the result that counts.
The cluster is recreated several times.
"""

import os
import shutil
import statistics
import time
from collections.abc import Callable

from cluster import engine as engines
from cluster import kind, paths, release, up
from cluster.engine import Engine
from cluster.errors import CommandError
from cluster.from_source import node_image

GOALS = {
    "source build, Go's caches empty": 15 * 60,
    "source build, Go's caches warm": 60,
    "cluster up, image present": 60,
    "cluster reused": 3,
}
"""Seconds."""

RATIO_GOAL = 1.6
"""The time of `cluster up` divided by the time of a bare `kind create cluster`."""


def bench(rounds: int, cold: bool) -> None:
    """Measure and print the times.

    Args:
        rounds: How often the cluster is created.
        cold: Whether to build from source with empty Go caches as well (at least 10 minutes).
    """
    engine = engines.connect()
    measured: dict[str, list[float]] = {}
    if cold:
        measured["source build, Go's caches empty"] = [_seconds(lambda: _build_cold(engine))]
    measured["source build, Go's caches warm"] = [_seconds(lambda: _build(engine))]
    bare = measured["bare kind create cluster"] = []
    full = measured["cluster up, image present"] = []
    reused = measured["cluster reused"] = []
    for _ in range(rounds):
        kind.delete(engine)
        bare.append(_seconds(lambda: _create_bare(engine)))
        kind.delete(engine)
        full.append(_seconds(up.up))
        reused.append(_seconds(up.up))

    print(f"\n{'':34}  median     all, in seconds")
    for what, seconds in measured.items():
        goal = f"goal {GOALS[what]} s" if what in GOALS else ""
        times = " ".join(f"{each:.1f}" for each in seconds)
        print(f"{what:34}  {statistics.median(seconds):6.1f} s   {times}   {goal}")
    ratio = statistics.median(full) / statistics.median(bare)
    print(f"{'cluster up / bare':34}  {ratio:6.2f}     goal {RATIO_GOAL}")
    image = release.current().built_image
    size = int(engine.docker("image", "inspect", "--format={{.Size}}", image))
    print(f"{'node image':34}  {size / 1e9:6.2f} GB  goal 1.2 GB")


def _seconds(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def _build(engine: Engine) -> None:
    kind.delete(engine)
    engine.docker("image", "rm", "--force", release.current().built_image)
    node_image.build(engine)


def _build_cold(engine: Engine) -> None:
    caches = paths.STATE / "bench"
    before = os.environ.copy()
    os.environ |= {"GOCACHE": str(caches / "build"), "GOMODCACHE": str(caches / "modules")}
    # By default Go makes the folders of modules read-only, and rmtree could not remove them.
    os.environ["GOFLAGS"] = "-modcacherw"
    shutil.rmtree(paths.STATE / "build", ignore_errors=True)
    try:
        _build(engine)
    finally:
        os.environ.clear()
        os.environ |= before
        shutil.rmtree(caches, ignore_errors=True)


def _create_bare(engine: Engine) -> None:
    if kind.start_creating(engine, release.current().built_image).wait() != 0:
        raise CommandError("kind could not create the bare cluster.", f"less {kind.creation_log()}")
