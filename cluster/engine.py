"""The Docker engine that the cluster runs on.

The engine that answers is used as it is. Where none runs and the user is root on Debian or Ubuntu,
the project installs one and starts a daemon of its own (daemon.py). A user's Docker configuration
is never changed.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cluster import daemon, debian
from cluster.errors import Stop

SYSTEM_SOCKET = Path("/var/run/docker.sock")
"""Where a Linux system's own engine listens."""


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answered."""

    env: dict[str, str]
    """The whole environment for programs that talk to it (docker, kind)."""

    owned: bool
    """Whether it is the project's own."""

    def docker(self, *arguments: str | os.PathLike[str], input: str | None = None) -> str:
        """What `docker ARGUMENTS` printed, without the last newline. Raises Stop if it failed."""
        command = ["docker", *map(os.fspath, arguments)]
        result = subprocess.run(command, env=self.env, input=input, capture_output=True, text=True)
        if result.returncode != 0:
            raise Stop(
                f"`{' '.join(command)}` ended with exit code {result.returncode}:\n"
                f"{result.stderr.strip()}",
                "make doctor",
            )
        return result.stdout.rstrip("\n")


def connect() -> Engine:
    """The engine to use; installs and starts the project's own where that is the way.

    Raises Stop with what is missing and the command that mends it.
    """
    engine = find()
    if engine:
        return engine
    problem = why_none_can_be_had()
    if problem:
        raise problem
    _install()
    # Where systemd runs, installing the package has started the system's engine: use that one.
    engine = find()
    if engine:
        return engine
    daemon.start()
    return _own()


def find() -> Engine | None:
    """The engine that answers now, without any side effect; None if none does."""
    if daemon.answers():
        return _own()
    env = dict(os.environ)
    if os.environ.get("DOCKER_HOST") == daemon.host():
        # Somebody exported the address of the project's own engine, which is not running.
        del env["DOCKER_HOST"]
    return Engine(env, owned=False) if _answers(env) else None


def stop() -> bool:
    """Ends the project's own engine, if it runs; its images and volumes stay. Never another's.

    Returns whether there was one to end.
    """
    return daemon.stop()


def why_none_can_be_had() -> Stop | None:
    """What is missing until an engine answers; None where the project starts one by itself."""
    chosen = _chosen_by_the_user()
    if chosen:
        return Stop(
            f"The Docker engine chosen by {chosen} does not answer.",
            "start it, or: unset DOCKER_HOST DOCKER_CONTEXT; docker context use default",
        )
    if sys.platform == "darwin":
        return Stop("No Docker engine answers.", "open -a Docker   (Docker Desktop)")
    if sys.platform != "linux":
        return Stop("No Docker engine answers.", "start Docker Desktop and work inside WSL 2")
    if debian.can_install():
        return None
    if SYSTEM_SOCKET.exists() and not os.access(SYSTEM_SOCKET, os.W_OK):
        return Stop(
            f"A Docker engine is there, but this user may not talk to it ({SYSTEM_SOCKET}).",
            'sudo usermod -aG docker "$USER" && newgrp docker',
        )
    if shutil.which("dockerd", path=daemon.PATH):
        return Stop(
            "Docker is installed, but its engine does not run.", "sudo systemctl start docker"
        )
    if shutil.which("apt-get"):
        return Stop("No Docker engine is installed.", "sudo apt-get install docker.io")
    return Stop(
        "No Docker engine answers, and the project installs one only on Debian and Ubuntu.",
        "install and start Docker, see https://docs.docker.com/engine/install/",
    )


def _own() -> Engine:
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"}
    }
    # Debian's Docker has no buildx, without which a newer docker command refuses to build.
    return Engine({**env, "DOCKER_HOST": daemon.host(), "DOCKER_BUILDKIT": "0"}, owned=True)


def _answers(env: dict[str, str]) -> bool:
    if not shutil.which("docker"):
        return False
    try:
        command = ["docker", "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(command, env=env, capture_output=True, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _chosen_by_the_user() -> str | None:
    """How the user named an engine other than the machine's usual one, if they did."""
    host = os.environ.get("DOCKER_HOST")
    if host and host != daemon.host():
        return f"DOCKER_HOST={host}"
    if host or not shutil.which("docker"):
        return None
    command = ["docker", "context", "inspect", "--format", "{{.Name}}"]
    context = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return None if context in ("", "default") else f"the Docker context {context!r}"


def _install() -> None:
    """Installs what an engine of the project's own needs and the machine lacks."""
    missing = []
    if not shutil.which("dockerd", path=daemon.PATH):
        missing += ["docker.io", "containerd", "runc"]
    if not shutil.which("iptables", path=daemon.PATH):
        missing += ["iptables"]
    if missing:
        debian.install(missing, why="no Docker engine answers")
    if not shutil.which("docker"):
        # Debian 13 has taken the command out of docker.io.
        debian.install(["docker-cli"], why="the docker command")
