"""The environment's real kubectl, for verbs that print what only kubectl formats."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from kubelab.connection import Api
from kubelab.display import echo
from kubelab.limits import REQUEST_TIMEOUT

KUBECTL = Path(sys.executable).with_name("kubectl")


class Printed(str):
    """What kubectl printed. A notebook doesn't show it again as the value of a cell."""

    def _ipython_display_(self) -> None: ...


def kubectl(api: Api, namespace: str, *arguments: str) -> Printed:
    """Run kubectl in a namespace; print the command line and its output.

    Args:
        api: The connection whose kubeconfig and context kubectl uses.
        namespace: The value of `-n`.
        arguments: The verb and what follows it.

    Returns:
        What kubectl printed to stdout.

    Raises:
        RuntimeError: kubectl failed; the message has its error output.
    """
    command = [*arguments, "-n", namespace]
    echo(f"kubectl {shlex.join(command)}")
    where = ["--kubeconfig", str(api.kubeconfig), "--context", api.context]
    limit = f"--request-timeout={sum(REQUEST_TIMEOUT)}s"
    ran = subprocess.run([KUBECTL, *where, limit, *command], capture_output=True, text=True)
    if ran.returncode:
        raise RuntimeError(
            f"kubectl {shlex.join(command)} failed: {ran.stderr.strip()}\n"
            "  Next: correct the kind or the name; if the server doesn't respond, make doctor"
        )
    print(ran.stdout, end="")
    return Printed(ran.stdout)
