"""Poll, where no watch tells when something has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from kubelab.display import Progress

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0
"""Seconds. Most answers come at once. To those that don't, questions without a pause are part of
the load they wait for: in a lab each of them starts a process in a Pod."""


clock: Callable[[], float] = time.monotonic
"""Tells the time in seconds. Tests replace it where polling should not take any."""


def poll(within: float, what: str) -> Iterator[bool]:
    """Yield for each attempt whether it is the last one: for `within` seconds, and once after them.

    The pauses between the attempts grow. A caller that has its answer leaves the loop. After a
    first attempt without an answer a line in the notebook shows how long the loop goes on.

    Args:
        within: seconds.
        what: what the loop is for: `waiting for an answer from echo`.
    """
    start, pause, progress = clock(), FIRST_PAUSE, None
    try:
        while (left := start + within - clock()) > 0:
            yield False
            progress = progress or Progress(what)
            progress.update(f"· {within - left:.0f} s of {within:g} s")
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)
        yield True
    finally:
        # Python closes the generator where the caller leaves the loop.
        if progress:
            progress.update(f"· ended after {clock() - start:.1f} s")
