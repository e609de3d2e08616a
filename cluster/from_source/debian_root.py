"""Debian root file systems: the base layer of images with a shell, and the root of the node."""

import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from cluster import commands, debian, paths, versions
from cluster.errors import CommandError

BASE = paths.STATE / "build" / "base.tar"
"""A tar file of the small root file system."""
NODE = paths.STATE / "build" / "node"
"""A folder with the node's root file system, which contains the base."""
PACKAGES = paths.STATE / "build" / "packages"
"""A folder per image of Debian packages, with the packages that the base doesn't contain."""

_LEAVE_OUT = (
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
)


def bootstrap() -> None:
    """Create BASE, PACKAGES and NODE in one run of mmdebstrap.

    The signed packages come from the Debian archive that apt is configured for on this machine.

    Raises:
        CommandError: mmdebstrap can't be installed, or failed.
    """
    if shutil.which("mmdebstrap") is None:
        if not debian.can_install():
            raise CommandError(
                "Building the images from source needs root on Debian or Ubuntu.",
                "sudo make cluster, or pull the images instead: IMAGES=pulled make cluster",
            )
        debian.install(
            ["mmdebstrap", "debian-archive-keyring"], "it creates Debian root file systems"
        )
    for old in (NODE, PACKAGES):
        if old.exists():
            shutil.rmtree(old)
    NODE.parent.mkdir(parents=True, exist_ok=True)
    commands.run(
        [
            *("mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"),
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEAVE_OUT),
            f"--include={','.join(versions.BASE_PACKAGES)}",
            # The first hook saves the base. Then the next ones install the node's packages into
            # the same root file system, which saves a second bootstrap.
            f'--customize-hook=tar --create --file={BASE} --directory="$1" --exclude=./dev/* '
            "--exclude=./proc/* --exclude=./sys/* --exclude=./var/cache/* "
            "--exclude=./var/lib/apt/lists/* --exclude=./var/lib/dpkg/info/* "
            # The full Perl, which is only needed to install usrmerge.
            "--exclude=./usr/share/perl --exclude=./usr/lib/*/perl .",
            *(
                f'--customize-hook=mkdir -p "$1/packages/{image}/partial" && '
                'chroot "$1" apt-get install --quiet --yes --no-install-recommends '
                f"--download-only --option Dir::Cache::archives=/packages/{image} "
                f"{' '.join(packages)}"
                for image, packages in versions.IMAGE_PACKAGES.items()
            ),
            f'--customize-hook=mv "$1/packages" {PACKAGES}',
            '--customize-hook=chroot "$1" apt-get install --quiet --yes --no-install-recommends '
            f"{' '.join(versions.NODE_PACKAGES)}",
            versions.DEBIAN_SUITE,
            str(NODE),
        ],
        f"mmdebstrap could not create a {versions.DEBIAN_SUITE} root file system",
    )
    for perl in [NODE / "usr/share/perl", *NODE.glob("usr/lib/*/perl")]:
        shutil.rmtree(perl)


def package_layer(image: str, folder: Path, only: Sequence[str] = ("*",)) -> Path:
    """Write the layer of an image of Debian packages, whose lower layer is BASE.

    The installation scripts of the packages don't run.

    Args:
        image: The short name of the image in versions.toml.
        folder: The folder for the layer.
        only: Patterns of the paths to include.

    Returns:
        The layer, a tar file.
    """
    target = folder / f"{image}.tar"
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as layer:
        for package in sorted((PACKAGES / image).glob("*.deb")):
            with (
                subprocess.Popen(
                    ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
                ) as unpacked,
                tarfile.open(fileobj=unpacked.stdout, mode="r|") as files,
            ):
                for file in files:
                    file.name = _merged(file.name)
                    wanted = any(fnmatch(file.name, pattern) for pattern in only)
                    if wanted and not any(fnmatch(f"/{file.name}", left) for left in _LEAVE_OUT):
                        layer.addfile(file, files.extractfile(file) if file.isreg() else None)
    return target


def _merged(name: str) -> str:
    """Return a package's path for a root file system where /bin, /sbin and /lib link to /usr.

    A layer with a folder /lib would hide the link, and with it all libraries of the base.
    """
    path = name.removeprefix("./")
    return f"usr/{path}" if path.split("/")[0] in ("bin", "sbin", "lib", "lib64") else path


def installed_packages(root: Path) -> str:
    """Return the packages of a root file system with their versions, one per line."""
    return commands.run(
        ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "--show"],
        f"dpkg-query could not list the packages in {root}",
    )
