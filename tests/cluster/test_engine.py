"""Which engine is used, and the message where there is none."""

import sys
from pathlib import Path

import pytest

from cluster import daemon, debian, engine
from cluster.errors import CommandError


@pytest.fixture(autouse=True)
def a_machine_without_an_engine(state, monkeypatch):
    """Linux, not root, nothing of Docker on the PATH, nothing chosen in the environment."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(debian, "can_install", lambda: False)
    monkeypatch.setattr(engine, "SYSTEM_SOCKET", state / "no-socket")
    has_programs(monkeypatch)


def has_programs(monkeypatch, *names: str) -> None:
    monkeypatch.setattr(engine.shutil, "which", lambda name, path=None: name in names or None)


def message() -> str:
    return str(engine.obstacle())


def test_root_on_debian_has_no_obstacle(monkeypatch):
    monkeypatch.setattr(debian, "can_install", lambda: True)
    assert engine.obstacle() is None


def test_on_macos_the_next_step_is_docker_desktop(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert message() == "No Docker engine responds.\n  Next: open -a Docker   (Docker Desktop)"


def test_on_windows_the_next_step_is_wsl(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert "use a shell inside WSL 2" in message()


def test_the_next_step_is_the_docker_group_where_the_socket_is_not_writable(monkeypatch, tmp_path):
    socket = tmp_path / "docker.sock"
    socket.touch()
    monkeypatch.setattr(engine, "SYSTEM_SOCKET", socket)
    monkeypatch.setattr(engine.os, "access", lambda path, mode: False)
    assert message() == (
        f"This user isn't allowed to use the Docker engine at {socket}.\n"
        '  Next: sudo usermod -aG docker "$USER" && newgrp docker'
    )


def test_the_next_step_is_to_start_an_engine_that_is_installed(monkeypatch):
    has_programs(monkeypatch, "dockerd")
    assert message() == (
        "Docker is installed, but its engine isn't running.\n  Next: sudo systemctl start docker"
    )


def test_on_debian_the_next_step_is_apt(monkeypatch):
    has_programs(monkeypatch, "apt-get")
    assert message() == "No Docker engine is installed.\n  Next: sudo apt-get install docker.io"


def test_on_another_linux_the_next_step_is_dockers_documentation():
    assert "only on Debian and Ubuntu" in message()
    assert "https://docs.docker.com/engine/install/" in message()


def test_a_chosen_engine_that_does_not_respond_is_never_replaced(monkeypatch):
    monkeypatch.setattr(debian, "can_install", lambda: True)
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2376")
    with pytest.raises(CommandError) as raised:
        engine.connect()
    assert "chosen by DOCKER_HOST=tcp://192.0.2.1:2376 doesn't respond" in str(raised.value)
    assert "unset DOCKER_HOST" in raised.value.next_step


def test_a_chosen_context_is_respected_too(monkeypatch, command):
    command("docker", "echo colima")
    has_programs(monkeypatch, "docker")
    assert "chosen by the Docker context 'colima' doesn't respond" in message()


def test_the_address_of_the_projects_own_engine_is_not_a_users_choice(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", daemon.host())
    monkeypatch.setattr(debian, "can_install", lambda: True)
    assert engine.obstacle() is None


def test_an_engine_that_responds_is_used_with_the_users_environment(monkeypatch, command):
    command("docker", "echo 29.0.1")
    has_programs(monkeypatch, "docker")
    monkeypatch.setenv("DOCKER_HOST", "ssh://builder")
    found = engine.find()
    assert found is not None
    assert not found.owned
    assert found.env["DOCKER_HOST"] == "ssh://builder"


def test_the_users_choices_do_not_reach_the_projects_own_engine(monkeypatch):
    monkeypatch.setattr(daemon, "responds", lambda: True)
    monkeypatch.setenv("DOCKER_CONTEXT", "colima")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    found = engine.find()
    assert found is not None
    assert found.owned
    assert found.env["DOCKER_HOST"] == f"unix://{daemon.SOCKET}"
    assert not {"DOCKER_CONTEXT", "DOCKER_TLS_VERIFY"} & set(found.env)


def test_the_error_has_the_output_of_a_docker_command_that_failed(command):
    path = command("docker", "echo 'no such image: x' >&2; exit 125")
    found = engine.Engine({"PATH": str(Path(path).parent)}, owned=False)
    with pytest.raises(CommandError) as raised:
        found.docker("run", "x")
    assert raised.value.problem == ("`docker run x` failed:\nno such image: x")
