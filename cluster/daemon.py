"""The project's own dockerd: socket, data root, configuration and log below `.state/engine/`.

It keeps running after the command that starts it, the next command finds it by its socket, and it
never reads /etc/docker. `stop` reverts what it changed on the machine (host_cleanup.py).
"""

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from cluster import host_cleanup, locks, oci_runtime, paths
from cluster.commands import tail
from cluster.errors import CommandError
from cluster.names import PROJECT
from cluster.polling import poll

START_WITHIN = 60
"""Seconds until it must respond. It takes 1 to 2 s, and more when it restores containers."""

STOP_WITHIN = 90
"""Seconds in which it must stop its containers and exit."""

PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
"""Where dockerd, containerd, runc and iptables are; `su` leaves out the sbin directories."""

NAME = f"{PROJECT}-" + hashlib.sha256(bytes(paths.ROOT)).hexdigest()[:8]
"""The name of its control groups, and of its run directory outside this checkout."""

CONFIG = paths.ENGINE / "daemon.json"
DATA = paths.ENGINE / "data"
LOG = paths.ENGINE / "dockerd.log"
PIDFILE = paths.ENGINE / "dockerd.pid"
BEFORE = paths.ENGINE / "machine-before.json"
"""The state of the machine before the engine was started, see host_cleanup.py."""


def _run_directory(below: Path) -> Path:
    """Return the folder for sockets and mount points: `.state/engine/run` if paths fit there."""
    longest = below / "run" / "containerd" / "containerd-debug.sock"
    max_bytes = 107  # sockaddr_un.sun_path without the closing zero
    return below / "run" if len(bytes(longest)) <= max_bytes else Path("/run") / NAME


RUN = _run_directory(paths.ENGINE)
SOCKET = RUN / "docker.sock"


def host() -> str:
    """Return its address in the form of DOCKER_HOST."""
    return f"unix://{SOCKET}"


def responds() -> bool:
    """Return whether it runs and responds."""
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
    """Start it, unless it runs already, and wait until it responds.

    Raises:
        CommandError: It exited or doesn't respond; the message has the end of its log.
    """
    with _lock():
        if responds():
            return
        started = None
        if _pid() is None:
            print("Starting the project's own Docker engine ...", flush=True)
            started = _spawn()

        def is_up() -> bool:
            if started and started.poll() is not None:
                raise _failed(f"The project's Docker engine exited with code {started.returncode}")
            return responds()

        if not poll(is_up, START_WITHIN):
            raise _failed(f"The project's Docker engine didn't respond within {START_WITHIN} s")


def stop() -> bool:
    """Stop it, and revert what it changed on the machine, also after it was killed.

    Its images and volumes stay.

    Returns:
        Whether it was running.
    """
    if not paths.ENGINE.exists():
        return False
    with _lock():
        pid = _pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            poll(lambda: _pid() is None, STOP_WITHIN)
        # A dockerd that exits cleanly leaves none of these; one that was killed does.
        host_cleanup.kill_processes(str(RUN), NAME)
        host_cleanup.unmount_below(DATA, RUN)
        host_cleanup.remove_control_groups(NAME)
        if BEFORE.exists():
            host_cleanup.restore(json.loads(BEFORE.read_text()), _network_ids())
            BEFORE.unlink()
        shutil.rmtree(RUN, ignore_errors=True)
        PIDFILE.unlink(missing_ok=True)
        return pid is not None


def needs_oci_wrapper() -> bool:
    """Return whether privileged containers need oci_runtime.py, for want of CAP_SYS_RESOURCE."""
    status = Path("/proc/self/status").read_text()
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    cap_sys_resource = 24  # linux/capability.h
    return not int(bounding, 16) >> cap_sys_resource & 1


def configuration() -> dict[str, Any]:
    """Return the content of its daemon.json; every entry differs from Docker's default."""
    config: dict[str, Any] = {
        "hosts": [host()],
        "data-root": str(DATA),
        "exec-root": str(RUN),
        "pidfile": str(PIDFILE),
        # No docker0: the project's containers use networks that it creates.
        "bridge": "none",
        # A separate control group identifies the containers of an engine that was killed. Only the
        # cgroupfs driver accepts a name like this, and it works without systemd.
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{NAME}",
    }
    if needs_oci_wrapper():
        # The interpreter itself, not the link in the .venv, which may be removed while the engine
        # runs. -I -S: no site-packages, a third of the start-up time.
        arguments = ["-I", "-S", oci_runtime.__file__]
        interpreter = os.path.realpath(sys.executable)
        config["runtimes"] = {
            "without-sys-resource": {"path": interpreter, "runtimeArgs": arguments}
        }
        config["default-runtime"] = "without-sys-resource"
    return config


def _spawn() -> subprocess.Popen[bytes]:
    # Left-over processes of an engine that was killed, or a pidfile from before a reboot, would
    # stop the new one: dockerd refuses to start while any process has the number in its pidfile.
    host_cleanup.kill_processes(str(RUN), NAME)
    host_cleanup.unmount_below(DATA, RUN)
    shutil.rmtree(RUN, ignore_errors=True)
    PIDFILE.unlink(missing_ok=True)
    RUN.mkdir(mode=0o700, parents=True)
    if not BEFORE.exists():
        BEFORE.write_text(json.dumps(host_cleanup.snapshot()))
    CONFIG.write_text(json.dumps(configuration(), indent=2))
    with LOG.open("wb") as log:
        return subprocess.Popen(
            ["dockerd", "--config-file", str(CONFIG)],
            env={**os.environ, "PATH": PATH},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # In its own session, which Ctrl-C and closing the terminal don't reach.
            start_new_session=True,
        )


def _pid() -> int | None:
    """Return its process id if it runs; its command line has to contain the configuration file."""
    try:
        pid = int(PIDFILE.read_text())
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if bytes(CONFIG) in command_line else None


def _network_ids() -> bytes:
    """Return the database of its networks, which contains the ids that bridges are named after."""
    database = DATA / "network" / "files" / "local-kv.db"
    return database.read_bytes() if database.exists() else b""


def _failed(problem: str) -> CommandError:
    log = tail(LOG.read_text(errors="replace"), 15)
    return CommandError(
        f"{problem}. The end of {LOG}:\n{log}", "make clean, then run the same command again"
    )


def _lock() -> locks.Lock:
    """Return the lock that keeps two commands from starting or stopping the engine at once."""
    return locks.exclusive(paths.ENGINE / "lock")
