"""`python -m cluster clean`: removes what the project made, and says what it keeps.

Runs without the .venv, on half-made things, and any number of times.
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from cluster import daemon, debian, engine, paths, residue, versions
from cluster.engine import Engine
from cluster.errors import Stop

CLUSTER = "kubernetes-observed"
"""The kind cluster's name."""

NODES = f"label=io.x-k8s.kind.cluster={CLUSTER}"
"""kind's label on its nodes, as a filter of docker."""

BUILT_IMAGES = "label=kubernetes-observed.images"
"""The label on the images built here, as a filter of docker."""

NETWORK = "kind"
"""The Docker network that all kind clusters of an engine share."""


def clean() -> None:
    """Removes the cluster, the project's own engine, `.state/` and `_build/`.

    Raises Stop where the cluster is in an engine that does not answer.
    """
    removed = []
    kept = _kept()
    found = engine.find()
    if found is None and paths.NETWORK_CREATED.exists() and not daemon.DATA.exists():
        raise Stop(
            "The cluster is in a Docker engine that does not answer.",
            "start the engine, then: make clean",
        )
    if found and found.owned:
        removed += _emptied(found)
    elif found:
        removed += _removed_from(found)
        pulled = [versions.PULLED_NODE_IMAGE, *versions.IMAGES.values()]
        there = [image for image in pulled if found.docker("image", "ls", "--quiet", image)]
        if there:
            kept.append(f"images that were pulled: docker image rm {' '.join(there)}")
    daemon.stop()
    # Half-made root file systems may have something mounted, and nothing is deleted through that.
    residue.unmount_below(paths.STATE)
    for folder in (paths.STATE, paths.BUILD):
        if folder.exists():
            shutil.rmtree(folder)
            removed.append(f"{folder.relative_to(paths.ROOT)}/")
    _show("Removed", removed or ["nothing, there was nothing left"])
    _show("Kept", kept)


def _emptied(own: Engine) -> list[str]:
    """Ends all containers of the project's own engine, which then takes 1 s to stop, not 10 s."""
    # Errors don't matter here: daemon.stop() ends what is left the hard way.
    with contextlib.suppress(Stop):
        containers = own.docker("ps", "--all", "--quiet").split()
        if containers:
            own.docker("rm", "--force", *containers)
        networks = own.docker("network", "ls", "--quiet", "--filter", "type=custom").split()
        if networks:
            own.docker("network", "rm", *networks)
    return ["the project's Docker engine with all that was in it"]


def _removed_from(users: Engine) -> list[str]:
    """Removes the project's things from the user's engine, and nothing else."""
    removed = []
    containers = users.docker("ps", "--all", "--quiet", "--filter", NODES).split()
    if containers:
        # Each node's /var is an anonymous volume of 1 GB and more.
        users.docker("rm", "--force", "--volumes", *containers)
        removed.append(f"the kind cluster {CLUSTER} ({len(containers)} containers)")
    images = set(users.docker("image", "ls", "--quiet", "--filter", BUILT_IMAGES).split())
    if images:
        users.docker("image", "rm", "--force", *images)
        removed.append(f"{len(images)} images built here")
    unused = ("--filter", "dangling=true", "--filter", f"name=^{NETWORK}$")
    if paths.NETWORK_CREATED.exists() and users.docker("network", "ls", "--quiet", *unused):
        users.docker("network", "rm", NETWORK)
        removed.append(f"the Docker network {NETWORK}")
    return removed


def _kept() -> list[str]:
    """What stays because it is slow to get again or not ours alone, and how to remove it."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    venv = paths.ROOT / ".venv"
    go = venv / "bin" / "go"
    go_caches = [caches / "go-build", Path.home() / "go" / "pkg" / "mod"]
    if go.exists():
        where = [go, "env", "GOCACHE", "GOMODCACHE"]
        go_caches = subprocess.run(where, capture_output=True, text=True).stdout.split("\n")[:2]
    kept = [
        ("the Python environment", [venv], "rm -r .venv"),
        ("Go's caches", go_caches, ".venv/bin/go clean -cache -modcache"),
        ("pip's cache", [caches / "pip"], "python3 -m pip cache purge"),
    ]
    lines = [
        f"{what} ({size}): {command}" for what, where, command in kept if (size := _size(where))
    ]
    packages = debian.installed_by_us()
    if packages:
        lines.append(
            f"{len(packages)} Debian packages installed for it: "
            f"apt-get remove --purge {' '.join(packages)}"
        )
    return lines


def _size(folders: list[Path]) -> str:
    """The size of the folders that exist, such as `4.3 GB`; empty if none does."""
    existing = [str(folder) for folder in folders if Path(folder).exists()]
    if not existing:
        return ""
    measured = subprocess.run(["du", "-sk", *existing], capture_output=True, text=True).stdout
    kilobytes = sum(int(line.split()[0]) for line in measured.splitlines())
    return f"{kilobytes / 1024**2:.1f} GB"


def _show(title: str, lines: list[str]) -> None:
    print(f"{title}:")
    for line in lines:
        print(f"  {line}")
