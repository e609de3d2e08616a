"""Poll, where no watch tells when something has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0
"""Seconds. Most answers come at once. To those that don't, questions without a pause are part of
the load they wait for: in a lab each of them starts a process in a Pod."""


clock: Callable[[], float] = time.monotonic
"""Tells the time in seconds. Tests replace it where polling should not take any."""


def poll(within: float) -> Iterator[bool]:
    """Yield for each attempt whether it is the last one: for `within` seconds, and once after them.

    The pauses between the attempts grow. A caller that has its answer leaves the loop.
    """
    deadline, pause = clock() + within, FIRST_PAUSE
    while (left := deadline - clock()) > 0:
        yield False
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)
    yield True
