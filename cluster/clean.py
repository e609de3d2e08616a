"""`python -m cluster clean`: remove what the project created, and list what it keeps.

It runs without the .venv, after interrupted commands, and any number of times.
"""

import contextlib
import os
import shutil
from pathlib import Path

from cluster import (
    commands,
    daemon,
    debian,
    engine,
    host_cleanup,
    names,
    paths,
    release,
    versions,
)
from cluster.engine import Engine
from cluster.errors import CommandError


def clean() -> None:
    """Remove the cluster, the project's own engine, `.state/` and `_build/`.

    Raises:
        CommandError: The cluster is in an engine that doesn't respond.
    """
    removed = []
    kept = _kept()
    found = engine.find()
    if found is None and paths.NETWORK_CREATED.exists() and not daemon.DATA.exists():
        raise CommandError(
            "The cluster is in a Docker engine that doesn't respond.",
            "start the engine, then: make clean",
        )
    if found and found.owned:
        removed += _emptied(found)
    elif found:
        removed += _removed_from(found)
        pulled = [release.current().kind_image, *versions.IMAGES.values()]
        present = [image for image in pulled if found.docker("image", "ls", "--quiet", image)]
        if present:
            kept.append(f"pulled images: docker image rm {' '.join(present)}")
    daemon.stop()
    # An interrupted build may leave a root file system with mounts; rmtree would follow them.
    host_cleanup.unmount_below(paths.STATE)
    for folder in (paths.STATE, paths.BUILD):
        if folder.exists():
            shutil.rmtree(folder)
            removed.append(f"{folder.relative_to(paths.ROOT)}/")
    _show("Removed", removed or ["nothing, because nothing was left"])
    _show("Kept", kept)


def _emptied(own: Engine) -> list[str]:
    """Remove all containers from the project's own engine, which then stops in 1 s, not in 10 s."""
    # Errors don't matter here: daemon.stop() kills the processes that are left.
    with contextlib.suppress(CommandError):
        containers = own.docker("ps", "--all", "--quiet").split()
        if containers:
            own.docker("rm", "--force", *containers)
        networks = own.docker("network", "ls", "--quiet", "--filter", "type=custom").split()
        if networks:
            own.docker("network", "rm", *networks)
    return ["the project's Docker engine with all its content"]


def _removed_from(users: Engine) -> list[str]:
    """Remove the project's containers, images and network from the user's engine."""
    removed = []
    cluster = release.current()
    containers = users.docker("ps", "--all", "--quiet", "--filter", cluster.node_filter).split()
    if containers:
        # Each node's /var is an anonymous volume of at least 1 GB.
        users.docker("rm", "--force", "--volumes", *containers)
        removed.append(f"the kind cluster {cluster.cluster} ({len(containers)} containers)")
    labelled = ("--filter", f"label={names.IMAGES_LABEL}")
    images = set(users.docker("image", "ls", "--quiet", *labelled).split())
    if images:
        users.docker("image", "rm", "--force", *images)
        removed.append(f"{len(images)} images that the project created")
    unused = ("--filter", "dangling=true", "--filter", f"name=^{names.NETWORK}$")
    if paths.NETWORK_CREATED.exists() and users.docker("network", "ls", "--quiet", *unused):
        users.docker("network", "rm", names.NETWORK)
        removed.append(f"the Docker network {names.NETWORK}")
    return removed


def _kept() -> list[str]:
    """Return what is slow to create again or shared with other programs, and how to remove it."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    venv = paths.ROOT / ".venv"
    go = venv / "bin" / "go"
    go_caches = [caches / "go-build", Path.home() / "go" / "pkg" / "mod"]
    if go.exists():
        output = commands.attempt([go, "env", "GOCACHE", "GOMODCACHE"]).stdout
        go_caches = [Path(line) for line in output.splitlines()]
    kept = [
        ("the Python environment", [venv], "rm -r .venv"),
        ("Go's caches", go_caches, ".venv/bin/go clean -cache -modcache"),
        ("pip's cache", [caches / "pip"], "python3 -m pip cache purge"),
    ]
    lines = [
        f"{what} ({size}): {command}" for what, where, command in kept if (size := _size(where))
    ]
    packages = debian.installed_by_project()
    if packages:
        lines.append(
            f"{len(packages)} Debian packages that the project installed: "
            f"apt-get remove --purge {' '.join(packages)}"
        )
    return lines


def _size(folders: list[Path]) -> str:
    """Return the size of the folders that exist, such as `4.3 GB`, or an empty string."""
    existing = [str(folder) for folder in folders if folder.exists()]
    if not existing:
        return ""
    measured = commands.attempt(["du", "-sk", *existing]).stdout
    kilobytes = sum(int(line.split()[0]) for line in measured.splitlines())
    return f"{kilobytes / 1024**2:.1f} GB"


def _show(title: str, lines: list[str]) -> None:
    print(f"{title}:")
    for line in lines:
        print(f"  {line}")
