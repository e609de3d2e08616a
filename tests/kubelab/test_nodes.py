import subprocess
from types import SimpleNamespace

import pytest

from cluster import engine
from kubelab import WaitFailed
from kubelab.endpoints import Endpoint
from kubelab.nodes import Connection, Node


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


def test_a_sandbox_is_found_by_the_uid_of_its_pod(monkeypatch):
    commands = []
    monkeypatch.setattr(Node, "run", lambda self, *command: commands.append(command) or "5f3c")
    assert Node("worker").sandbox(SimpleNamespace(uid="u-1")) == "5f3c"
    [command] = commands
    assert command[0] == "crictl" and command[-1] == "io.kubernetes.pod.uid=u-1"


def test_the_grace_of_a_container_is_read_from_containerd_s_log(monkeypatch):
    line = 'msg="StopContainer for \\"5f3c\\" with timeout 10 (s)"'
    commands = []
    monkeypatch.setattr(Node, "run", lambda self, *command: commands.append(command) or line)
    assert Node("worker").grace_of(SimpleNamespace(id="containerd://5f3c")) == 10
    assert "StopContainer for .*5f3c.* with timeout" in commands[0][-1]


def test_a_container_is_killed_by_its_id(monkeypatch):
    commands = []
    monkeypatch.setattr(Node, "run", lambda node, *command: commands.append(command))
    forwarder = SimpleNamespace(id="containerd://a74d75f154357")
    pod = SimpleNamespace(container=lambda name: {"forwarder": forwarder}[name])
    Node("worker").kill(pod, "forwarder")
    assert commands == [("crictl", "--timeout", "60s", "stop", "--timeout", "0", "a74d75f154357")]


def test_a_container_that_has_not_started_can_t_be_killed():
    pod = SimpleNamespace(container=lambda name: SimpleNamespace(id=None))
    with pytest.raises(ValueError, match="has not started"):
        Node("worker").kill(pod, "forwarder")


RULES = """\
-A KUBE-SEP-A -p tcp -m comment --comment "lab/echo:http" -j DNAT --to-destination 10.244.1.9:8080
-A KUBE-SVC-A -m comment --comment "lab/echo:http -> 10.244.1.2:8080" -m statistic -j KUBE-SEP-B
-A KUBE-SVC-A -m comment --comment "lab/echo:http -> 10.244.2.3:8080" -j KUBE-SEP-C
-A KUBE-SVC-D -m comment --comment "lab/echo-2 -> 10.244.2.4:8080" -j KUBE-SEP-D
-A KUBE-SVC-E -m comment --comment "lab/near -> 10.244.1.2:8080" -j KUBE-SEP-E
-A KUBE-SVL-F -m comment --comment "lab/local -> 10.244.1.2:8080" -j KUBE-SEP-F
-A KUBE-SVC-G -m comment --comment "lab/sticky -> 10.244.1.2:8080" -m recent --rcheck -j KUBE-SEP-G
-A KUBE-SVC-G -m comment --comment "lab/sticky -> 10.244.1.2:8080" -j KUBE-SEP-G
"""


def service(name, *ready, leaving=(), hints=(), **spec):
    endpoints = [endpoint(ip, True, hints) for ip in ready]
    endpoints += [endpoint(ip, False, hints) for ip in leaving]
    found = {"endpoints": Following(endpoints), "object": {"spec": spec}}
    return SimpleNamespace(namespace="lab", name=name, **found)


class Following(list):
    """Endpoints that are the ready Pods already."""

    def wait_for_pods(self, within):
        pass


def endpoint(ip, ready, hints):
    node = "worker" if ip.startswith("10.244.1.") else "worker2"
    for_nodes = (node,) if hints else ()
    return Endpoint(ip, ip, node, ready, ready, False, for_nodes)


def test_one_can_wait_until_a_node_follows_the_endpoints_of_a_service(monkeypatch):
    its_engine = SimpleNamespace(docker=lambda *command: RULES)
    monkeypatch.setattr(engine, "connect", lambda: its_engine)

    node = Node("worker")
    node.wait_for_rules(service("echo", "10.244.2.3", "10.244.1.2", leaving=["10.244.1.9"]), 0)
    node.wait_for_rules(service("echo-2", "10.244.2.4"), 0)
    node.wait_for_rules(service("nobody"), 0)
    with pytest.raises(WaitFailed, match=r"lead to \['10.244.1.2', '10.244.2.3'\] after 0 s"):
        node.wait_for_rules(service("echo", "10.244.1.2"), 0)


def test_a_node_follows_a_service_that_prefers_or_allows_only_its_own_pods(monkeypatch):
    its_engine = SimpleNamespace(docker=lambda *command: RULES)
    monkeypatch.setattr(engine, "connect", lambda: its_engine)
    both, only_local = ("10.244.1.2", "10.244.2.3"), {"internalTrafficPolicy": "Local"}
    Node("worker").wait_for_rules(service("near", *both, hints=True), 0)
    Node("worker").wait_for_rules(service("local", *both, **only_local), 0)
    with pytest.raises(WaitFailed):
        Node("worker").wait_for_rules(service("near", *both), 0)
    with pytest.raises(WaitFailed):
        Node("worker2").wait_for_rules(service("local", *both, **only_local), 0)


def test_a_node_follows_the_affinity_of_a_service(monkeypatch):
    its_engine = SimpleNamespace(docker=lambda *command: RULES)
    monkeypatch.setattr(engine, "connect", lambda: its_engine)
    Node("worker").wait_for_rules(service("sticky", "10.244.1.2", sessionAffinity="ClientIP"), 0)
    with pytest.raises(WaitFailed):
        Node("worker").wait_for_rules(service("sticky", "10.244.1.2", sessionAffinity="None"), 0)


def test_a_node_tells_its_addresses_sockets_rules_and_connections(monkeypatch):
    printed = {
        ("hostname", "-I"): "172.18.0.3 10.244.1.1",
        ("cat", "/sys/class/net/eth0/address"): "02:42:ac:12:00:03",
        ("ss", "-Hltn", "sport = :31000"): "",
        ("ss", "-Hltn", "sport = :10250"): "LISTEN 0 4096 *:10250 *:*",
        ("iptables-save", "-t", "nat"): (
            '-A KUBE-NODEPORTS -p tcp -m comment --comment "lab/echo" -m tcp --dport 31000 -j X\n'
            '-A KUBE-NODEPORTS -p tcp -m comment --comment "lab/web" -m tcp --dport 3100 -j Y'
        ),
        ("conntrack", "-L", "-p", "tcp", "-d", "172.18.255.200"): (
            "tcp 6 86 TIME_WAIT src=172.18.0.5 dst=172.18.255.200 sport=40000 dport=80 "
            "src=10.244.2.7 dst=172.18.0.3 sport=8080 dport=2024 [ASSURED] mark=0 use=1\n"
            "conntrack v1.4.8 (conntrack-tools): 1 flow entries have been shown."
        ),
    }
    its_engine = SimpleNamespace(docker=lambda *command: printed[command[2:]])
    monkeypatch.setattr(engine, "connect", lambda: its_engine)

    worker = Node("worker")
    assert worker.addresses == ["172.18.0.3", "10.244.1.1"]
    assert worker.mac == "02:42:ac:12:00:03"
    assert worker.listening_sockets(31000) == []
    assert len(worker.listening_sockets(10250)) == 1
    assert worker.node_port_rules(3100) == [printed["iptables-save", "-t", "nat"].splitlines()[1]]
    found = Connection("172.18.0.5", "172.18.255.200", "172.18.0.3", "10.244.2.7")
    assert worker.connections(to="172.18.255.200") == [found]


def test_the_rules_that_name_a_service_are_counted(monkeypatch):
    its_engine = SimpleNamespace(docker=lambda *command: RULES)
    monkeypatch.setattr(engine, "connect", lambda: its_engine)
    counts = [Node("worker").rule_count(service(name)) for name in ("echo", "echo-2", "alias")]
    assert counts == [3, 1, 0]
