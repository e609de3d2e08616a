"""Wait for a condition of which no event tells."""

import time
from collections.abc import Callable


def poll(condition: Callable[[], bool], within: float, pause: float = 0.1) -> bool:
    """Evaluate a condition until it is true or the time is over.

    Args:
        condition: What to wait for. It is evaluated at least once.
        within: The time limit in seconds.
        pause: Seconds between two evaluations.

    Returns:
        Whether the condition became true.
    """
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
