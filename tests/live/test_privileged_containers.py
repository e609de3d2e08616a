"""The engine that runs here starts privileged containers, as kind's nodes are."""

import time

import pytest

from cluster import daemon, engine, release
from cluster.engine import Engine


@pytest.fixture(scope="module")
def running() -> Engine:
    return engine.connect()


@pytest.fixture(scope="module")
def node(running: Engine) -> str:
    """The id of one of the cluster's nodes."""
    return running.docker("ps", "--quiet", "--filter", release.current().node_filter).split()[0]


def test_the_next_command_finds_it_at_once(running):
    start = time.monotonic()
    assert engine.connect().owned == running.owned
    assert time.monotonic() - start < 1


def test_a_privileged_container_starts_with_a_limit_above_the_machines(running, node):
    image = running.docker("inspect", "--format", "{{.Image}}", node)
    said = running.docker(
        *("run", "--rm", "--privileged", "--network", "none", "--ulimit", "nofile=1048576"),
        *("--entrypoint", "/bin/sh", image, "-c", "mount -t tmpfs none /mnt && ulimit -H -n"),
    )
    assert int(said) <= 1048576


def test_a_command_starts_in_a_privileged_container(running, node):
    assert running.docker("exec", "--privileged", node, "echo", "started") == "started"


def test_data_lie_below_the_state_folder_exactly_if_the_engine_is_the_projects_own(running):
    root = running.docker("info", "--format", "{{.DockerRootDir}}")
    assert (root == str(daemon.DATA)) == running.owned
