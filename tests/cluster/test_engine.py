"""Which engine is used, and what is said where none can be had."""

import sys
from pathlib import Path

import pytest

from cluster import daemon, debian, engine
from cluster.errors import Stop


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


def said() -> str:
    return str(engine.why_none_can_be_had())


def test_root_on_debian_lacks_nothing(monkeypatch):
    monkeypatch.setattr(debian, "can_install", lambda: True)
    assert engine.why_none_can_be_had() is None


def test_macos_is_told_to_start_docker_desktop(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert said() == "No Docker engine answers.\n  Next: open -a Docker   (Docker Desktop)"


def test_windows_is_told_to_work_inside_wsl(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert "work inside WSL 2" in said()


def test_a_socket_that_may_not_be_written_asks_for_the_docker_group(monkeypatch, tmp_path):
    socket = tmp_path / "docker.sock"
    socket.touch()
    monkeypatch.setattr(engine, "SYSTEM_SOCKET", socket)
    monkeypatch.setattr(engine.os, "access", lambda path, mode: False)
    assert said() == (
        f"A Docker engine is there, but this user may not talk to it ({socket}).\n"
        '  Next: sudo usermod -aG docker "$USER" && newgrp docker'
    )


def test_an_engine_that_is_installed_but_stopped_is_to_be_started(monkeypatch):
    has_programs(monkeypatch, "dockerd")
    assert said() == (
        "Docker is installed, but its engine does not run.\n  Next: sudo systemctl start docker"
    )


def test_a_debian_user_gets_the_apt_command(monkeypatch):
    has_programs(monkeypatch, "apt-get")
    assert said() == "No Docker engine is installed.\n  Next: sudo apt-get install docker.io"


def test_another_linux_is_sent_to_dockers_instructions():
    assert "only on Debian and Ubuntu" in said()
    assert "https://docs.docker.com/engine/install/" in said()


def test_a_chosen_engine_that_is_silent_is_never_replaced(monkeypatch):
    monkeypatch.setattr(debian, "can_install", lambda: True)
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2376")
    with pytest.raises(Stop) as stopped:
        engine.connect()
    assert "chosen by DOCKER_HOST=tcp://192.0.2.1:2376 does not answer" in str(stopped.value)
    assert "unset DOCKER_HOST" in stopped.value.next_step


def test_a_chosen_context_is_respected_too(monkeypatch, command):
    command("docker", "echo colima")
    has_programs(monkeypatch, "docker")
    assert "chosen by the Docker context 'colima' does not answer" in said()


def test_the_address_of_the_projects_own_engine_is_no_choice(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", daemon.host())
    monkeypatch.setattr(debian, "can_install", lambda: True)
    assert engine.why_none_can_be_had() is None


def test_an_engine_that_answers_is_used_with_the_users_environment(monkeypatch, command):
    command("docker", "echo 29.0.1")
    has_programs(monkeypatch, "docker")
    monkeypatch.setenv("DOCKER_HOST", "ssh://builder")
    found = engine.find()
    assert found is not None
    assert not found.owned
    assert found.env["DOCKER_HOST"] == "ssh://builder"


def test_the_projects_own_engine_is_reached_past_the_users_choices(monkeypatch):
    monkeypatch.setattr(daemon, "answers", lambda: True)
    monkeypatch.setenv("DOCKER_CONTEXT", "colima")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    found = engine.find()
    assert found is not None
    assert found.owned
    assert found.env["DOCKER_HOST"] == f"unix://{daemon.SOCKET}"
    assert not {"DOCKER_CONTEXT", "DOCKER_TLS_VERIFY"} & set(found.env)


def test_a_failed_docker_command_says_what_docker_said(command):
    path = command("docker", "echo 'no such image: x' >&2; exit 125")
    found = engine.Engine({"PATH": str(Path(path).parent)}, owned=False)
    with pytest.raises(Stop) as stopped:
        found.docker("run", "x")
    assert stopped.value.problem == ("`docker run x` ended with exit code 125:\nno such image: x")
