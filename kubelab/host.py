"""The machine that the lab runs on, as a client: it reaches the ports mapped to 127.0.0.1."""

from __future__ import annotations

import os
import shutil
import subprocess

from kubelab.connection import COMMAND_SECONDS
from kubelab.probes import Client


class Host(Client):
    """Asks from the host itself. On Linux it reaches the nodes' addresses too; Docker Desktop keeps
    them in a virtual machine, where only mapped ports lead."""

    where = ""

    def run(self, *command: str) -> tuple[int, str, str]:
        if not shutil.which(command[0]):
            raise FileNotFoundError(
                f"this machine has no {command[0]}\n  Next: install {command[0]} and try again"
            )
        # Without the user's variables: a proxy or a ~/.curlrc would answer for the cluster.
        ran = subprocess.run(
            command,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        return ran.returncode, ran.stdout, ran.stderr
