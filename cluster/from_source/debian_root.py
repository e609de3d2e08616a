"""Debian root file systems: the base layer of the images with a shell, and the node's."""

import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from cluster import debian, paths, versions
from cluster.errors import Stop

BASE = paths.STATE / "build" / "base.tar"
"""A tar file of the small root file system."""
NODE = paths.STATE / "build" / "node"
"""A folder with the node's root file system, which is the base and more."""
PACKAGES = paths.STATE / "build" / "packages"
"""A folder for each image of Debian packages, with the packages that the base has not."""

_LEAVE_OUT = (
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
)


def bootstrap() -> None:
    """Makes BASE, PACKAGES and NODE in one run of mmdebstrap.

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
    for old in (NODE, PACKAGES):
        if old.exists():
            shutil.rmtree(old)
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


def package_layer(image: str, folder: Path, only: Sequence[str] = ("*",)) -> Path:
    """Writes the layer of an image of Debian packages into `folder`, to lie on BASE.

    `only` are patterns of the paths to take. No script of a package runs.
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
    """A path of a package in a root where /bin, /sbin and /lib are links to those in /usr.

    A layer with a folder /lib would hide the link, and with it every library of the base.
    """
    path = name.removeprefix("./")
    return f"usr/{path}" if path.split("/")[0] in ("bin", "sbin", "lib", "lib64") else path


def installed_packages(root: Path) -> str:
    """The packages of a root file system with their versions, one a line."""
    return subprocess.run(
        ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "--show"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
