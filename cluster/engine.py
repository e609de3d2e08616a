"""The Docker engine that the cluster runs on.

An engine that responds is used as it is. Where none runs and the user is root on Debian or Ubuntu,
the project installs Docker and starts its own daemon (daemon.py). The user's Docker
configuration is never changed.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cluster import commands, daemon, debian
from cluster.errors import CommandError

SYSTEM_SOCKET = Path("/var/run/docker.sock")
"""The socket of a Linux system's own engine."""


@dataclass(frozen=True)
class Engine:
    """A Docker engine that responded.

    Attributes:
        env: The whole environment for programs that connect to the engine (docker, kind).
        owned: Whether the engine is the project's own.
    """

    env: dict[str, str]
    owned: bool

    def docker(self, *arguments: commands.Argument, input: str | None = None) -> str:
        """Run `docker ARGUMENTS` and return its output without the last newline.

        Raises:
            CommandError: The command failed; the message ends with its last lines.
        """
        command = ["docker", *(os.fspath(argument) for argument in arguments)]
        problem = f"`{' '.join(command)}` failed"
        return commands.run(command, problem, "make doctor", env=self.env, input=input).rstrip("\n")


def connect() -> Engine:
    """Return the engine to use; install and start the project's own where none runs.

    Raises:
        CommandError: There is no engine, and the project can't start one.
    """
    engine = find()
    if engine:
        return engine
    problem = obstacle()
    if problem:
        raise problem
    _install()
    # Where systemd runs, installing the package also starts the system's engine: use that one.
    engine = find()
    if engine:
        return engine
    daemon.start()
    return _own()


def find() -> Engine | None:
    """Return the engine that responds now, or None; start and change nothing."""
    if daemon.responds():
        return _own()
    env = dict(os.environ)
    if os.environ.get("DOCKER_HOST") == daemon.host():
        # The environment has the address of the project's own engine, which isn't running.
        del env["DOCKER_HOST"]
    return Engine(env, owned=False) if _responds(env) else None


def stop() -> bool:
    """Stop the project's own engine, and no other; its images and volumes stay.

    Returns:
        Whether it was running.
    """
    return daemon.stop()


def obstacle() -> CommandError | None:
    """Return why no engine can be used, or None where the project can start its own."""
    chosen = _chosen_by_the_user()
    if chosen:
        return CommandError(
            f"The Docker engine chosen by {chosen} doesn't respond.",
            "start it, or: unset DOCKER_HOST DOCKER_CONTEXT; docker context use default",
        )
    if sys.platform == "darwin":
        return CommandError("No Docker engine responds.", "open -a Docker   (Docker Desktop)")
    if sys.platform != "linux":
        return CommandError(
            "No Docker engine responds.", "start Docker Desktop, and use a shell inside WSL 2"
        )
    if debian.can_install():
        return None
    if SYSTEM_SOCKET.exists() and not os.access(SYSTEM_SOCKET, os.W_OK):
        return CommandError(
            f"This user isn't allowed to use the Docker engine at {SYSTEM_SOCKET}.",
            'sudo usermod -aG docker "$USER" && newgrp docker',
        )
    if shutil.which("dockerd", path=daemon.PATH):
        return CommandError(
            "Docker is installed, but its engine isn't running.", "sudo systemctl start docker"
        )
    if shutil.which("apt-get"):
        return CommandError("No Docker engine is installed.", "sudo apt-get install docker.io")
    return CommandError(
        "No Docker engine responds, and the project can install one only on Debian and Ubuntu.",
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


def _responds(env: dict[str, str]) -> bool:
    if not shutil.which("docker"):
        return False
    try:
        command = ["docker", "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(command, env=env, capture_output=True, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _chosen_by_the_user() -> str | None:
    """Return how the user chose another engine than the machine's usual one, if they did."""
    host = os.environ.get("DOCKER_HOST")
    if host and host != daemon.host():
        return f"DOCKER_HOST={host}"
    if host or not shutil.which("docker"):
        return None
    shown = commands.attempt(["docker", "context", "inspect", "--format", "{{.Name}}"])
    context = shown.stdout.strip()
    return None if context in ("", "default") else f"the Docker context {context!r}"


def _install() -> None:
    """Install what the project's own engine needs and the machine lacks."""
    missing = []
    if not shutil.which("dockerd", path=daemon.PATH):
        missing += ["docker.io", "containerd", "runc"]
    if not shutil.which("iptables", path=daemon.PATH):
        missing += ["iptables"]
    if missing:
        debian.install(missing, why="no Docker engine responds")
    if not shutil.which("docker"):
        # Since Debian 13, the package docker.io doesn't contain the docker command.
        debian.install(["docker-cli"], why="the docker command")
