"""State folders and commands of the tests' own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cluster import daemon, paths


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout with its state folder below tmp_path."""
    root = tmp_path / "checkout"
    engine = root / ".state" / "engine"
    engine.mkdir(parents=True)
    for name, path in {
        "ROOT": root,
        "STATE": root / ".state",
        "BUILD": root / "_build",
        "ENGINE": engine,
        "INSTALLED_PACKAGES": root / ".state" / "installed-packages",
        "NETWORK_CREATED": root / ".state" / "network-created",
    }.items():
        monkeypatch.setattr(paths, name, path)
    for name, path in {
        "CONFIG": engine / "daemon.json",
        "DATA": engine / "data",
        "LOG": engine / "dockerd.log",
        "PIDFILE": engine / "dockerd.pid",
        "BEFORE": engine / "machine-before.json",
        "RUN": engine / "run",
        "SOCKET": engine / "run" / "docker.sock",
        "NAME": "kubernetes-observed-unit-test",
    }.items():
        monkeypatch.setattr(daemon, name, path)
    return root / ".state"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a shell script of that name first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(daemon, "PATH", f"{folder}:/usr/bin:/bin")

    def put(name: str, script: str) -> Path:
        file = folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    return put
