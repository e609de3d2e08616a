"""`python -m cluster doctor`: check the machine, and print the command that fixes each problem."""

import os
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cluster import daemon, debian, engine, paths, registry, release
from cluster.engine import Engine
from cluster.registry import ImageSource

GIB = 1024**3

DISK = {"built": 20, "pulled": 8}
"""GiB on disk by image source. A build from source needs about 15 GiB for Go's caches."""

MEMORY_FOR_THE_CLUSTER, MEMORY_FOR_A_BUILD = 4, 6
"""GiB: three nodes with a lab on them; compiling and linking Kubernetes."""

INOTIFY = {"max_user_instances": 512, "max_user_watches": 524288}
"""The limits that kind needs; with less, containers in nodes fail with "too many open files".

https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files
"""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        what: What was checked.
        state: With `missing`, `make cluster` fails. With `warning`, it works, with a disadvantage.
        found: What was found.
        fix: The command that fixes the problem.
    """

    what: str
    state: Literal["ok", "warning", "missing"]
    found: str
    fix: str = ""


def doctor() -> int:
    """Print every check, and return 1 if `make cluster` would fail, else 0."""
    checks = []
    for check in examine():
        checks.append(check)
        print(f"{check.state:9}{check.what}: {check.found}", flush=True)
        if check.fix:
            print(f"{'':9}  {check.fix}", flush=True)
    return report(checks)


def report(checks: Iterable[Check]) -> int:
    """Print a summary of the checks, and return the exit code."""
    states = [check.state for check in checks]
    missing, warnings = states.count("missing"), states.count("warning")
    if missing:
        print(f"\n{missing} missing: `make cluster` would fail. The commands above fix it.")
        return 1
    print(f"\nNothing is missing for `make cluster`. Warnings: {warnings}.")
    return 0


def examine() -> Iterator[Check]:
    """Yield the result of each check as soon as it is known; change nothing on the machine."""
    found = engine.find()
    source = registry.image_source()
    yield python(sys.version_info[:2])
    yield docker_engine(found)
    yield registries(source)
    yield disk(source, shutil.disk_usage(paths.ROOT).free / GIB)
    if sys.platform == "linux":
        yield memory(source, available_memory() / GIB)
        yield inotify({name: inotify_limit(name) for name in INOTIFY})
        yield control_groups()
        yield capabilities(daemon.needs_oci_wrapper(), found)
    nodes = node_states(found)
    taken = [port for port in release.current().host_ports if is_taken(port)]
    yield ports(taken, by_cluster="running" in nodes)
    yield browser(next(filter(shutil.which, BROWSERS), None))
    yield cluster(nodes)


def python(version: tuple[int, int]) -> Check:
    """Check the version of Python."""
    text = ".".join(map(str, version))
    if (3, 11) <= version <= (3, 13):
        return Check("Python", "ok", text)
    return Check("Python", "missing", f"{text}, not 3.11 to 3.13", "make PYTHON=python3.13 .venv")


def docker_engine(found: Engine | None) -> Check:
    """Check that an engine responds, or that the project can start one."""
    what = "Docker engine"
    if found:
        owner = "the project's own" if found.owned else "yours, used as it is"
        version = found.docker("version", "--format", "{{.Server.Version}}")
        return Check(what, "ok", f"{version}, {owner}")
    problem = engine.obstacle()
    if problem:
        return Check(what, "missing", problem.problem, problem.next_step)
    return Check(what, "ok", "none responds; `make cluster` installs and starts the project's own")


def registries(source: ImageSource) -> Check:
    """Check that images can be pulled, or built."""
    what = "Images"
    if os.environ.get("IMAGES"):
        found = f"{source}, because IMAGES={source} is set"
    else:
        missing = [name for name, responds in registry.reachable().items() if not responds]
        found = (
            f"built from source, because {', '.join(missing)} can't be reached"
            if missing
            else "pulled, because every registry can be reached"
        )
    if source == "built" and not debian.can_install():
        return Check(what, "missing", f"{found}; that needs root on Debian or Ubuntu", "sudo -i")
    return Check(what, "ok", found)


def disk(source: ImageSource, free: float) -> Check:
    """Check the free disk space in GiB."""
    needed = DISK[source]
    found = f"{free:.0f} GiB free, about {needed} needed at first (images are {source})"
    if free >= needed:
        return Check("Disk", "ok", found)
    return Check("Disk", "warning", found, "docker system df; .venv/bin/go clean -cache -modcache")


def memory(source: ImageSource, available: float) -> Check:
    """Check the available memory in GiB."""
    needed = MEMORY_FOR_A_BUILD if source == "built" else MEMORY_FOR_THE_CLUSTER
    found = f"{available:.1f} GiB available, {needed} needed"
    if available >= needed:
        return Check("Memory", "ok", found)
    return Check("Memory", "warning", found, "close other programs")


def inotify(limits: dict[str, int]) -> Check:
    """Check the kernel's inotify limits."""
    low = {name: limit for name, limit in limits.items() if limit < INOTIFY[name]}
    if not low:
        return Check("inotify", "ok", "the limits are high enough")
    found = ", ".join(f"{name} is {limit}, not {INOTIFY[name]}" for name, limit in low.items())
    settings = " ".join(f"fs.inotify.{name}={INOTIFY[name]}" for name in low)
    return Check("inotify", "warning", found, f"sudo sysctl -w {settings}")


def control_groups() -> Check:
    """Return the version of control groups; the cluster runs on both."""
    unified = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    return Check("Control groups", "ok", "cgroup v2" if unified else "cgroup v1")


def capabilities(without_sys_resource: bool, found: Engine | None) -> Check:
    """Check that privileged containers can start."""
    what = "CAP_SYS_RESOURCE"
    if not without_sys_resource:
        return Check(what, "ok", "present")
    if found and not found.owned:
        found_absent = "absent: privileged containers may fail in your engine"
        return Check(what, "warning", found_absent, "stop your engine; then make cluster")
    return Check(what, "ok", "absent; the project's engine starts its containers without it")


def ports(taken: list[int], by_cluster: bool) -> Check:
    """Check that the host ports are free, or mapped to the cluster that runs."""
    mapped = release.current().host_ports
    if not taken:
        return Check("Ports", "ok", f"{mapped[0]}-{mapped[-1]} on 127.0.0.1 are free")
    if by_cluster:
        return Check("Ports", "ok", f"{mapped[0]}-{mapped[-1]} on 127.0.0.1 forward to the cluster")
    numbers = ", ".join(map(str, taken))
    fix = f"ss -tlnp 'sport = :{taken[0]}'   (shows the program to stop)"
    return Check("Ports", "missing", f"{numbers} on 127.0.0.1 used by another program", fix)


def browser(name: str | None) -> Check:
    """Check that the tests of the HTML pages have a browser."""
    what = "Browser for `make test`"
    if name:
        return Check(what, "ok", name)
    if debian.can_install():
        return Check(what, "ok", "none yet; `make test` installs chromium")
    return Check(what, "warning", "no chromium", "sudo apt-get install chromium")


def cluster(nodes: list[str]) -> Check:
    """Check the states of the nodes."""
    name = release.current().cluster
    if not nodes:
        return Check("Cluster", "ok", "none yet; `make cluster` creates it")
    running = nodes.count("running")
    if running == len(nodes):
        return Check("Cluster", "ok", f"{name}, {running} nodes running")
    found = f"{name}, {running} of {len(nodes)} nodes running"
    return Check("Cluster", "warning", found, "make cluster   (repairs or recreates it)")


def node_states(found: Engine | None) -> list[str]:
    """Return Docker's state of each node, such as `running` or `exited`."""
    if found is None:
        return []
    nodes = ("--filter", release.current().node_filter)
    return found.docker("ps", "--all", *nodes, "--format", "{{.State}}").split()


def available_memory() -> int:
    """Return the bytes of memory that programs can still allocate."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))


def inotify_limit(name: str) -> int:
    """Return one of the kernel's inotify limits."""
    return int(Path("/proc/sys/fs/inotify", name).read_text())


def is_taken(port: int) -> bool:
    """Return whether a program listens on that port of 127.0.0.1."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            connection.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
