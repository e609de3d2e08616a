"""The cluster is the pinned release of Kubernetes, with all components, and none restarted."""

from __future__ import annotations

import json
import re

import pytest

from cluster import engine, kind, registry, release, versions
from cluster.from_source import binaries

ADD_ONS = {"gateway.networking.k8s.io", "metallb.io"}
"""API groups that are not Kubernetes' own."""


@pytest.fixture(scope="module")
def kubernetes() -> str:
    """Return the version of Kubernetes that the node image should contain."""
    current = release.current()
    return current.version if registry.image_source() == "built" else current.pulled_version


def in_control_plane(*command: str) -> str:
    return engine.connect().docker("exec", release.current().control_plane, *command)


def test_server_and_client_are_of_the_pinned_minor_version(kubernetes):
    version = json.loads(kind.kubectl("version", "--output=json"))
    assert version["serverVersion"]["gitVersion"] == kubernetes
    assert version["clientVersion"]["gitVersion"].startswith(kubernetes.rpartition(".")[0])


def test_every_node_runs_the_pinned_kubelet(kubernetes):
    nodes = json.loads(kind.kubectl("get", "nodes", "--output=json"))["items"]
    assert [node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes] == [kubernetes] * 3


def test_the_components_are_of_the_pinned_release(kubernetes, pods):
    images = {container["image"] for pod in pods for container in pod["spec"]["containers"]}
    for component in ("apiserver", "controller-manager", "scheduler", "proxy"):
        assert f"registry.k8s.io/kube-{component}:{kubernetes}" in images


def test_kubeadm_asks_for_the_images_that_the_node_has():
    asked = set(in_control_plane("kubeadm", "config", "images", "list").split())
    names = in_control_plane("ctr", "--namespace=k8s.io", "images", "list", "--quiet").split()
    assert asked
    assert asked <= set(names)


@pytest.mark.parametrize(
    ("pod", "command", "says"),
    [
        ("etcd", ["etcd", "--version"], "etcd Version: {etcd}"),
        ("kube-apiserver", ["kube-apiserver", "--version"], "Kubernetes {kubernetes}"),
    ],
)
def test_the_static_pods_run_the_programs_their_images_name(pod, command, says, kubernetes):
    etcd = release.current().kubeadm_images["etcd"].rpartition(":")[2].partition("-")[0]
    said = kind.kubectl(
        "exec",
        "--namespace=kube-system",
        f"{pod}-{release.current().control_plane}",
        "--",
        *command,
    )
    assert says.format(etcd=etcd, kubernetes=kubernetes) in said


@pytest.mark.parametrize(
    ("image", "command"),
    [
        ("loki", ["/usr/bin/loki", "-version"]),
        ("prometheus", ["/bin/prometheus", "--version"]),
        ("statsd-exporter", ["/bin/statsd_exporter", "--version"]),
        ("syslog-ng", ["/usr/sbin/syslog-ng", "--version"]),
    ],
)
def test_the_programs_of_the_labs_are_of_the_version_that_their_image_names(image, command):
    reference = versions.IMAGES[image]
    said = in_control_plane(
        *("ctr", "--namespace=k8s.io", "run", "--rm", reference, f"version-{image}", *command)
    )
    assert reference.rpartition(":")[2].removeprefix("v") in said


def test_the_api_server_serves_the_stable_apis_of_the_release_and_no_others():
    source = binaries.module_directory("kubernetes", "k8s.io/kubernetes")
    groups = json.loads((source / "api/discovery/apis.json").read_text())["groups"]
    stable = {
        version["groupVersion"]
        for group in groups
        for version in group["versions"]
        if re.fullmatch(r"v\d+", version["version"])
    }
    served = {
        line
        for line in kind.kubectl("api-versions").split()
        if line != "v1" and line.partition("/")[0] not in ADD_ONS
    }
    assert served == stable


def test_every_container_of_kube_system_is_ready_and_never_restarted(pods):
    wrong = {
        f"{pod['metadata']['name']}/{status['name']}": (status["ready"], status["restartCount"])
        for pod in pods
        for status in pod["status"]["containerStatuses"]
        if not status["ready"] or status["restartCount"]
    }
    assert not wrong, f"not ready, or restarted: {wrong}"


def test_only_the_second_worker_caps_the_back_off():
    capped = {
        node: "maxContainerRestartPeriod: 2s"
        in engine.connect().docker("exec", node, "cat", "/var/lib/kubelet/config.yaml")
        for node in kind.running_nodes(engine.connect())
    }
    assert [node for node, is_capped in capped.items() if is_capped] == [
        f"{release.current().cluster}-worker2"
    ]
