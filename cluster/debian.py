"""Debian and Ubuntu packages, installed quietly and written down."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence

from cluster import paths
from cluster.errors import Stop


def can_install() -> bool:
    """Whether packages can be installed here without asking anybody: apt-get, and root."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(packages: Sequence[str], why: str) -> None:
    """Installs packages with apt-get and writes down all that came with them.

    Raises Stop with the end of apt-get's output when they cannot be had.
    """
    print(f"Installing {' '.join(packages)} with apt-get ({why}) ...", flush=True)
    start = time.monotonic()
    installed = _apt_get("install", *packages)
    if installed.returncode != 0:
        # The lists are missing on a fresh image, and name versions that are gone on an old one.
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
        tail = "\n".join(installed.stdout.splitlines()[-8:])
        raise Stop(
            f"apt-get could not install {' '.join(packages)}:\n{tail}",
            f"apt-get update && apt-get install {' '.join(packages)}",
        )
    print(f"  {len(new)} packages in {time.monotonic() - start:.0f} s", flush=True)


def installed_by_us() -> list[str]:
    """The packages that `install` brought, dependencies included."""
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
        # Out of reach of Ctrl-C, which would leave dpkg with half-configured packages.
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        print("Letting apt-get finish first ...", flush=True)
        process.communicate()
        raise
    return subprocess.CompletedProcess(command, process.returncode, output)
