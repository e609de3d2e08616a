"""Install Debian and Ubuntu packages, and record which were new."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence

from cluster import paths
from cluster.commands import tail
from cluster.errors import CommandError


def can_install() -> bool:
    """Return whether apt-get is there and this process is root, so that no password is needed."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(packages: Sequence[str], why: str) -> None:
    """Install packages with apt-get, and record them with the dependencies that were new.

    Args:
        packages: Names of packages.
        why: The reason, which is printed.

    Raises:
        CommandError: apt-get failed; the message ends with its last lines.
    """
    print(f"Installing {' '.join(packages)} with apt-get ({why}) ...", flush=True)
    start = time.monotonic()
    installed = _apt_get("install", *packages)
    if installed.returncode != 0:
        # A new machine has no package lists, and old lists name versions that were removed.
        _apt_get("update")
        installed = _apt_get("install", *packages)
    new = re.findall(
        r"^Selecting previously unselected package ([^\s:]+?)(?::\w+)?\.$", installed.stdout, re.M
    )
    if new:
        paths.STATE.mkdir(exist_ok=True)
        with paths.INSTALLED_PACKAGES.open("a") as record:
            record.writelines(f"{name}\n" for name in new)
    if installed.returncode != 0:
        raise CommandError(
            f"apt-get could not install {' '.join(packages)}:\n{tail(installed.stdout, 8)}",
            f"apt-get update && apt-get install {' '.join(packages)}",
        )
    print(f"  {len(new)} packages in {time.monotonic() - start:.0f} s", flush=True)


def installed_by_project() -> list[str]:
    """Return the packages that `install` added to the machine, dependencies included."""
    if not paths.INSTALLED_PACKAGES.exists():
        return []
    return sorted(set(paths.INSTALLED_PACKAGES.read_text().split()))


def _apt_get(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        *("apt-get", "--quiet", "--yes", "--no-install-recommends"),
        # Another apt-get may run (unattended upgrades): wait for it instead of failing.
        *("-o", "DPkg::Lock::Timeout=300"),
        *("-o", "Dpkg::Use-Pty=0"),
        *arguments,
    ]
    process = subprocess.Popen(
        command,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # In its own session, because Ctrl-C would leave dpkg with half-configured packages.
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        print("Waiting until apt-get has finished ...", flush=True)
        process.communicate()
        raise
    return subprocess.CompletedProcess(command, process.returncode, output)
