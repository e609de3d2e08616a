"""Poll, where no watch tells when something has changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from kubelab.display import Progress

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0
"""Seconds. Most answers come at once. To those that don't, questions without a pause are part of
the load they wait for: in a lab each of them starts a process in a Pod."""


def nothing_is_applied() -> bool:
    """Whether the tests keep labs from making anything, to see their claims fail."""
    return os.environ.get("KUBELAB_APPLY") == "nothing"


def poll(within: float, what: str) -> Iterator[bool]:
    """Yield for each attempt whether it is the last one: for `within` seconds, and once after them.

    The pauses between the attempts grow. A caller that has its answer leaves the loop. After a
    first attempt without an answer a line in the notebook shows how long the loop goes on.

    Args:
        within: seconds.
        what: what the loop is for: `waiting for an answer from echo`.
    """
    # What nobody applies does not come: the tests would wait for an hour, all in all.
    if nothing_is_applied():
        within = 0
    start, pause, progress = time.monotonic(), FIRST_PAUSE, None
    try:
        while (left := start + within - time.monotonic()) > 0:
            yield False
            progress = progress or Progress(what)
            progress.update(f"· {within - left:.0f} s of {within:g} s")
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)
        yield True
    finally:
        # Python closes the generator where the caller leaves the loop.
        if progress:
            progress.update(f"· ended after {time.monotonic() - start:.1f} s")
