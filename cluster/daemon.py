"""The project's own dockerd: socket, data root, configuration and log below `.state/engine/`.

It outlives the command that starts it, is found again by the next one, and never reads
/etc/docker. `stop` takes back what it changed on the machine (residue.py).
"""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cluster import oci_runtime, paths, residue
from cluster.errors import Stop

START_WITHIN = 60
"""Seconds until it must answer. It takes 1-2 s, more when it has containers to restore."""

STOP_WITHIN = 90
"""Seconds in which it must stop its containers and end."""

PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
"""Where dockerd, containerd, runc and iptables lie; `su` leaves out the sbin directories."""

NAME = "kubernetes-observed-" + hashlib.sha256(bytes(paths.ROOT)).hexdigest()[:8]
"""Names what belongs to the engine of this checkout outside it: control groups, a directory."""

CONFIG = paths.ENGINE / "daemon.json"
DATA = paths.ENGINE / "data"
LOG = paths.ENGINE / "dockerd.log"
PIDFILE = paths.ENGINE / "dockerd.pid"
BEFORE = paths.ENGINE / "machine-before.json"
"""What the machine looked like before the engine was started, see residue.py."""


def _run_directory(below: Path) -> Path:
    """Where its sockets and mount points lie: below `.state/engine/` if their paths fit there."""
    longest = below / "run" / "containerd" / "containerd-debug.sock"
    max_bytes = 107  # sockaddr_un.sun_path without the closing zero
    return below / "run" if len(bytes(longest)) <= max_bytes else Path("/run") / NAME


RUN = _run_directory(paths.ENGINE)
SOCKET = RUN / "docker.sock"


def host() -> str:
    """Its address, as DOCKER_HOST wants it."""
    return f"unix://{SOCKET}"


def answers() -> bool:
    """Whether it runs and answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(SOCKET))
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def start() -> None:
    """Starts it and waits until it answers. Does nothing when it runs already.

    Raises Stop with the end of its log if it ends or does not answer.
    """
    with _one_command_at_a_time():
        if answers():
            return
        started = None
        if _pid() is None:
            print("Starting a Docker engine of the project's own ...", flush=True)
            started = _spawn()
        deadline = time.monotonic() + START_WITHIN
        while not answers():
            if started and started.poll() is not None:
                raise _failed(f"The project's Docker engine ended (exit code {started.returncode})")
            if time.monotonic() > deadline:
                raise _failed(f"The project's Docker engine did not answer in {START_WITHIN} s")
            time.sleep(0.1)


def stop() -> bool:
    """Ends it, and what a killed one left; takes back what it changed. Its data stay.

    Returns whether it was running.
    """
    if not paths.ENGINE.exists():
        return False
    with _one_command_at_a_time():
        pid = _pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_WITHIN
            while _pid() is not None and time.monotonic() < deadline:
                time.sleep(0.1)
        # After a clean end there is nothing left of these; after a kill there is.
        residue.end_processes(str(RUN), NAME)
        residue.unmount_below(DATA, RUN)
        residue.remove_control_groups(NAME)
        if BEFORE.exists():
            residue.restore(json.loads(BEFORE.read_text()), _network_ids())
            BEFORE.unlink()
        shutil.rmtree(RUN, ignore_errors=True)
        PIDFILE.unlink(missing_ok=True)
        return pid is not None


def needs_oci_wrapper() -> bool:
    """Whether privileged containers need oci_runtime.py: CAP_SYS_RESOURCE is out of reach."""
    status = Path("/proc/self/status").read_text()
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    cap_sys_resource = 24  # linux/capability.h
    return not int(bounding, 16) >> cap_sys_resource & 1


def configuration() -> dict:
    """Its daemon.json; nothing of it is a default that Docker would choose by itself."""
    config = {
        "hosts": [host()],
        "data-root": str(DATA),
        "exec-root": str(RUN),
        "pidfile": str(PIDFILE),
        # No docker0: every container of the project is in a network of its own.
        "bridge": "none",
        # A group of its own shows what is ours when the engine was killed. Only the cgroupfs driver
        # takes a name like this, and it works without systemd.
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{NAME}",
    }
    if needs_oci_wrapper():
        # The interpreter itself, not the .venv's link to it: the engine outlives a .venv.
        # -I -S: no site-packages, a third of the start-up time.
        arguments = ["-I", "-S", oci_runtime.__file__]
        interpreter = os.path.realpath(sys.executable)
        config["runtimes"] = {
            "without-sys-resource": {"path": interpreter, "runtimeArgs": arguments}
        }
        config["default-runtime"] = "without-sys-resource"
    return config


def _spawn() -> subprocess.Popen[bytes]:
    # What is left of an engine that was killed or of a machine that was switched off would stop
    # the new one: dockerd refuses to start while any process has the number in its pidfile.
    residue.end_processes(str(RUN), NAME)
    residue.unmount_below(DATA, RUN)
    shutil.rmtree(RUN, ignore_errors=True)
    PIDFILE.unlink(missing_ok=True)
    RUN.mkdir(mode=0o700, parents=True)
    if not BEFORE.exists():
        BEFORE.write_text(json.dumps(residue.snapshot()))
    CONFIG.write_text(json.dumps(configuration(), indent=2))
    with LOG.open("wb") as log:
        return subprocess.Popen(
            ["dockerd", "--config-file", str(CONFIG)],
            env={**os.environ, "PATH": PATH},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Neither Ctrl-C nor the end of the terminal reaches it.
            start_new_session=True,
        )


def _pid() -> int | None:
    """Its process, if it runs; the configuration's path on the command line proves it is ours."""
    try:
        pid = int(PIDFILE.read_text())
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if bytes(CONFIG) in command_line else None


def _network_ids() -> bytes:
    """The database of its networks, which holds the id that a bridge's name begins with."""
    database = DATA / "network" / "files" / "local-kv.db"
    return database.read_bytes() if database.exists() else b""


def _failed(problem: str) -> Stop:
    tail = "\n".join(LOG.read_text(errors="replace").splitlines()[-15:])
    return Stop(f"{problem}. The end of {LOG}:\n{tail}", "make clean, then try again; make doctor")


@contextlib.contextmanager
def _one_command_at_a_time() -> Iterator[None]:
    paths.ENGINE.mkdir(parents=True, exist_ok=True)
    with (paths.ENGINE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
