"""How many runs of labs go on at the same time: as many as the machine has room for.

Most of a run is waiting, for kubelets and for probes. But where the processors are busy, a run more
makes each one slower, until a kubelet reports so late that claims about moments fail.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubelab import runs

ALWAYS = 2
"""So many may run however busy the machine is."""
BUSY = 75.0
"""Per cent of the time; when somebody waits for a processor longer than that, no more may begin."""
PRESSURE = Path("/proc/pressure/cpu")
"""https://docs.kernel.org/accounting/psi.html"""


@contextmanager
def room(workers: int) -> Iterator[None]:
    """Begin when there is room for one more run, of as many as pytest has workers."""
    folder = runs.RUNS.parent / "room"
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for number in range(ALWAYS if pressure() > BUSY else workers):
            with (folder / str(number)).open("w") as place:
                try:
                    fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield
                return
        time.sleep(0.5)


def pressure() -> float:
    """For how much of the last 10 s somebody waited for a processor, in per cent.

    Macs and kernels without pressure stall information don't say. There it is estimated from the
    load: BUSY is about 8 processes for each processor.
    """
    try:
        return float(re.search(r"^some avg10=([\d.]+)", PRESSURE.read_text())[1])
    except OSError:
        return BUSY / 8 * os.getloadavg()[0] / os.cpu_count()
