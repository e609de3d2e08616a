import subprocess

import pytest

from cluster import engine
from kubelab import NoCluster
from kubelab.nodes import Node


def test_a_command_runs_in_the_container_of_the_node_on_the_cluster_s_engine(monkeypatch, capsys):
    calls = []

    def run(command, env, **options):
        calls.append((command, env))
        return subprocess.CompletedProcess(command, 0, stdout="a74d75f154357\n")

    its_engine = engine.Engine({"DOCKER_HOST": "unix:///its.sock"}, owned=True)
    monkeypatch.setattr(engine, "connect", lambda: its_engine)
    monkeypatch.setattr(engine.subprocess, "run", run)
    assert Node("worker").run("crictl", "pods", "--name", "a b") == "a74d75f154357"
    assert calls == [
        (["docker", "exec", "worker", "crictl", "pods", "--name", "a b"], its_engine.env)
    ]
    assert capsys.readouterr().out == "$ docker exec worker crictl pods --name 'a b'\n"


def test_the_nodes_of_another_cluster_are_left_alone(monkeypatch):
    monkeypatch.setenv("KUBELAB_CONTEXT", "production")
    with pytest.raises(NoCluster, match="not the project's"):
        Node("worker")
