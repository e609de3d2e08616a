"""A lab's container outside the cluster is removed with the lab, however the lab stops."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from cluster import engine

WITHIN = 10
"""Seconds for the engine to remove the container; it takes less than one."""

LAB = """
from kubelab import Lab
lab = Lab("outside-test")
print(lab.client("external").container, flush=True)
input()
lab.close()
"""


def exists(container: str) -> bool:
    names = engine.connect().docker("ps", "--all", "--format", "{{.Names}}").split()
    return container in names


@pytest.mark.parametrize("end", ["the lab is closed", "the process is killed"])
def test_container_ends_with(end: str) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", LAB], stdin=pipe, stdout=pipe, text=True) as lab:
        container = next(line.strip() for line in lab.stdout if line.endswith("-outside\n"))
        assert exists(container)
        if end == "the lab is closed":
            lab.communicate("\n")
        else:
            lab.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + WITHIN
    while exists(container):
        assert time.monotonic() < deadline, f"{container} is still there after {WITHIN} s"
        time.sleep(0.2)
