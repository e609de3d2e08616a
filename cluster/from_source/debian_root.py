"""Debian root file systems: the base layer of the images with a shell, and the node's."""

import shutil
import subprocess
from pathlib import Path

from cluster import debian, paths, versions
from cluster.errors import Stop

BASE = paths.STATE / "build" / "base.tar"
"""A tar file of the small root file system."""
NODE = paths.STATE / "build" / "node"
"""A folder with the node's root file system, which is the base and more."""

_LEAVE_OUT = (
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
)


def bootstrap() -> None:
    """Makes BASE and NODE in one run of mmdebstrap.

    The packages come, signed, from the Debian archive as apt on this machine is set up to
    reach it. Raises Stop where mmdebstrap cannot be installed or fails.
    """
    if shutil.which("mmdebstrap") is None:
        if not debian.can_install():
            raise Stop(
                "Building the images from source needs root on Debian or Ubuntu.",
                "sudo make cluster, or bring a container registry within reach (IMAGES=pulled)",
            )
        debian.install(
            ["mmdebstrap", "debian-archive-keyring"], "it makes Debian root file systems"
        )
    if NODE.exists():
        shutil.rmtree(NODE)
    NODE.parent.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        [
            *("mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"),
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEAVE_OUT),
            f"--include={','.join(versions.BASE_PACKAGES)}",
            # The base is taken when it is complete, then the same root grows into the node's:
            # one bootstrap instead of two.
            f'--customize-hook=tar --create --file={BASE} --directory="$1" --exclude=./dev/* '
            "--exclude=./proc/* --exclude=./sys/* --exclude=./var/cache/* "
            "--exclude=./var/lib/apt/lists/* --exclude=./var/lib/dpkg/info/* "
            # The full Perl, which only usrmerge's installation needs.
            "--exclude=./usr/share/perl --exclude=./usr/lib/*/perl .",
            '--customize-hook=chroot "$1" apt-get install --quiet --yes --no-install-recommends '
            f"{' '.join(versions.NODE_PACKAGES)}",
            versions.DEBIAN_SUITE,
            str(NODE),
        ],
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        tail = "\n".join(line[:300] for line in made.stderr.splitlines()[-12:])
        raise Stop(
            f"mmdebstrap could not make a {versions.DEBIAN_SUITE} root file system:\n{tail}",
            "make doctor, then the same command again",
        )

    for perl in [NODE / "usr/share/perl", *NODE.glob("usr/lib/*/perl")]:
        shutil.rmtree(perl)


def installed_packages(root: Path) -> str:
    """The packages of a root file system with their versions, one a line."""
    return subprocess.run(
        ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "--show"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
