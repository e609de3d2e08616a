"""`python -m cluster doctor`: what the machine lacks, and the command that mends it."""

import os
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cluster import daemon, debian, engine, paths, registry
from cluster.clean import CLUSTER, NODES
from cluster.engine import Engine

GIB = 1024**3

PORTS = (30080, 30081, 30082)
"""The ports on 127.0.0.1 that the cluster maps, fixed when it is created."""

DISK = {"built": 20, "pulled": 8}
"""GiB on disk by the way the images come. From source most of it is Go's caches (about 15)."""

MEMORY_FOR_THE_CLUSTER, MEMORY_FOR_A_BUILD = 4, 6
"""GiB: three nodes with a lab on them; compiling and linking Kubernetes."""

INOTIFY = {"max_user_instances": 512, "max_user_watches": 524288}
"""What kind asks for; with less, containers on the nodes fail with "too many open files".

https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files
"""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "warning", "missing"]
    """`missing` stops `make cluster`; `warning` costs something but does not."""
    found: str
    mend: str = ""
    """The command that mends it."""


def doctor() -> int:
    """Prints every check; returns 1 if something is missing that stops `make cluster`, else 0."""
    checks = []
    for check in examine():
        checks.append(check)
        print(f"{check.state:9}{check.what}: {check.found}", flush=True)
        if check.mend:
            print(f"{'':9}  {check.mend}", flush=True)
    return report(checks)


def report(checks: Iterable[Check]) -> int:
    """Prints the sum of the checks; returns the exit code."""
    states = [check.state for check in checks]
    missing, warnings = states.count("missing"), states.count("warning")
    if missing:
        print(f"\n{missing} missing: `make cluster` would stop. The commands above mend it.")
        return 1
    print(f"\nNothing is missing for `make cluster`. Warnings: {warnings}.")
    return 0


def examine() -> Iterator[Check]:
    """All checks, each as soon as it is known. Changes nothing on the machine."""
    found = engine.find()
    way = registry.way()
    yield python(sys.version_info[:2])
    yield docker_engine(found)
    yield registries(way)
    yield disk(way, shutil.disk_usage(paths.ROOT).free / GIB)
    if sys.platform == "linux":
        yield memory(way, available_memory() / GIB)
        yield inotify({name: inotify_limit(name) for name in INOTIFY})
        yield control_groups()
        yield capabilities(daemon.needs_oci_wrapper(), found)
    nodes = node_states(found)
    yield ports([port for port in PORTS if is_taken(port)], ours="running" in nodes)
    yield browser(next(filter(shutil.which, BROWSERS), None))
    yield cluster(nodes)


def python(version: tuple[int, int]) -> Check:
    text = ".".join(map(str, version))
    if (3, 11) <= version <= (3, 13):
        return Check("Python", "ok", text)
    return Check("Python", "missing", f"{text}, not 3.11 to 3.13", "make PYTHON=python3.13 .venv")


def docker_engine(found: Engine | None) -> Check:
    what = "Docker engine"
    if found:
        whose = "the project's own" if found.owned else "yours, used as it is"
        version = found.docker("version", "--format", "{{.Server.Version}}")
        return Check(what, "ok", f"{version}, {whose}")
    problem = engine.why_none_can_be_had()
    if problem:
        return Check(what, "missing", problem.problem, problem.next_step)
    return Check(what, "ok", "none answers; `make cluster` installs and starts one of its own")


def registries(way: registry.Way) -> Check:
    what = "Images"
    if os.environ.get("IMAGES"):
        found = f"{way}, because IMAGES={way} says so"
    else:
        silent = [name for name, answers in registry.answers().items() if not answers]
        found = (
            f"built from source, because {', '.join(silent)} did not answer"
            if silent
            else "pulled, because every registry answers"
        )
    if way == "built" and not debian.can_install():
        return Check(what, "missing", f"{found}; that needs root on Debian or Ubuntu", "sudo -i")
    return Check(what, "ok", found)


def disk(way: registry.Way, free: float) -> Check:
    wanted = DISK[way]
    found = f"{free:.0f} GiB free, about {wanted} needed at first (images {way})"
    if free >= wanted:
        return Check("Disk", "ok", found)
    return Check("Disk", "warning", found, "docker system df; .venv/bin/go clean -cache -modcache")


def memory(way: registry.Way, available: float) -> Check:
    wanted = MEMORY_FOR_A_BUILD if way == "built" else MEMORY_FOR_THE_CLUSTER
    found = f"{available:.1f} GiB available, {wanted} needed"
    state = "ok" if available >= wanted else "warning"
    return Check("Memory", state, found, "" if state == "ok" else "end other programs")


def inotify(limits: dict[str, int]) -> Check:
    low = {name: limit for name, limit in limits.items() if limit < INOTIFY[name]}
    if not low:
        return Check("inotify", "ok", "limits are high enough")
    found = ", ".join(f"{name} is {limit}, not {INOTIFY[name]}" for name, limit in low.items())
    settings = " ".join(f"fs.inotify.{name}={INOTIFY[name]}" for name in low)
    return Check("inotify", "warning", found, f"sudo sysctl -w {settings}")


def control_groups() -> Check:
    unified = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    return Check("Control groups", "ok", "cgroup v2" if unified else "cgroup v1")


def capabilities(without_sys_resource: bool, found: Engine | None) -> Check:
    what = "CAP_SYS_RESOURCE"
    if not without_sys_resource:
        return Check(what, "ok", "present")
    if found and not found.owned:
        return Check(what, "warning", "absent: privileged containers may fail in your engine")
    return Check(what, "ok", "absent; the project's engine starts its containers without it")


def ports(taken: list[int], ours: bool) -> Check:
    if not taken:
        return Check("Ports", "ok", f"{PORTS[0]}-{PORTS[-1]} on 127.0.0.1 are free")
    if ours:
        return Check("Ports", "ok", f"{PORTS[0]}-{PORTS[-1]} on 127.0.0.1 lead to the cluster")
    numbers = ", ".join(map(str, taken))
    mend = f"ss -tlnp 'sport = :{taken[0]}'   (shows the program to end)"
    return Check("Ports", "missing", f"{numbers} on 127.0.0.1 taken by another program", mend)


def browser(name: str | None) -> Check:
    what = "Browser for `make test`"
    if name:
        return Check(what, "ok", name)
    if debian.can_install():
        return Check(what, "ok", "none yet; `make test` installs chromium")
    return Check(what, "warning", "no chromium", "sudo apt-get install chromium")


def cluster(nodes: list[str]) -> Check:
    if not nodes:
        return Check("Cluster", "ok", "none yet; `make cluster` makes it")
    running = nodes.count("running")
    if running == len(nodes):
        return Check("Cluster", "ok", f"{CLUSTER}, {running} nodes running")
    found = f"{CLUSTER}, {running} of {len(nodes)} nodes running"
    return Check("Cluster", "warning", found, "make cluster   (mends it or makes it again)")


def node_states(found: Engine | None) -> list[str]:
    """Docker's word for each node's state: running, exited ..."""
    if found is None:
        return []
    return found.docker("ps", "--all", "--filter", NODES, "--format", "{{.State}}").split()


def available_memory() -> int:
    """Bytes that programs can still have."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))


def inotify_limit(name: str) -> int:
    return int(Path("/proc/sys/fs/inotify", name).read_text())


def is_taken(port: int) -> bool:
    """Whether something listens on that port of 127.0.0.1."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            connection.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
