"""Limits how many labs run at the same time, by how busy the machine is.

Most of a run is waiting, for kubelets and for probes. But on a busy machine one more run makes all
of them slower, until a kubelet reports so late that claims about moments fail.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kubelab import runs

ALWAYS = 2
"""The number of runs that may go on however busy the machine is."""
BUSY = 75.0
"""Per cent of the time. If processes wait for a processor longer, no further run begins."""
PRESSURE = Path("/proc/pressure/cpu")
"""https://docs.kernel.org/accounting/psi.html"""


@contextmanager
def slot(workers: int) -> Iterator[None]:
    """Wait for one of the slots for a run, and hold it.

    There are as many as pytest has workers, and at least two, for single runs beside each other.
    """
    folder = runs.RUNS.parent / "slots"
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for number in range(ALWAYS if pressure() > BUSY else max(workers, ALWAYS)):
            lock = FileLock(folder / str(number))
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            try:
                yield
            finally:
                lock.release()
            return
        time.sleep(0.5)


def pressure() -> float:
    """Return for how much of the last 10 s a process waited for a processor, in per cent.

    Macs and kernels without pressure stall information don't report it. There it is estimated from
    the load: BUSY is about 8 processes for each processor.
    """
    try:
        return float(re.search(r"^some avg10=([\d.]+)", PRESSURE.read_text())[1])
    except OSError:
        return BUSY / 8 * os.getloadavg()[0] / os.cpu_count()
