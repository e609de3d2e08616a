"""What a failed run of a lab leaves: objects of every kind, logs, and no secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kubelab import ApiError
from tests.labs import dumps

OWN = {
    "/api/v1": ["Pod", "Event", "Secret", "Endpoints", "ResourceQuota"],
    "/apis/apps/v1": ["StatefulSet", "DaemonSet"],
    "/apis/events.k8s.io/v1": ["Event"],
    "/apis/gateway.networking.k8s.io/v1": ["Gateway", "HTTPRoute"],
}


class FakeApi:
    """One object of each kind; the server of `/apis/metrics.example/v1` is away."""

    def request(self, method: str, path: str) -> dict[str, Any]:
        assert method == "get"
        if path == "/apis":
            versions = [one.removeprefix("/apis/") for one in OWN if one.startswith("/apis")]
            versions.append("metrics.example/v1")
            return {"groups": [{"preferredVersion": {"groupVersion": one}} for one in versions]}
        if path in OWN:
            return {"resources": [resource(kind) for kind in OWN[path]] + NOT_LISTABLE}
        if path.startswith("/apis/metrics.example"):
            raise refused(503)
        if path.endswith("/daemonsets"):
            raise refused(403)
        assert "/namespaces/lab-1/" in path
        return {"items": [object_of(path.rsplit("/", 1)[1])]}

    def text(self, path: str, **query: str) -> str:
        if query["previous"] == "true":
            raise refused(400)
        return f"log of {query['container']}\n"


def resource(kind: str) -> dict[str, Any]:
    return {"name": f"{kind.lower()}s", "kind": kind, "namespaced": True, "verbs": ["list", "get"]}


NOT_LISTABLE = [
    resource("Binding") | {"verbs": ["create"]},
    resource("Node") | {"namespaced": False},
]


def refused(status: int) -> ApiError:
    return ApiError(status, f"status {status}", "refused")


def object_of(resources: str) -> dict[str, Any]:
    metadata = {"name": f"a-{resources}", "namespace": "lab-1", "resourceVersion": "1"}
    found: dict[str, Any] = {"metadata": metadata | {"managedFields": [{"manager": "kubelab"}]}}
    if resources == "pods":
        found["spec"] = {"containers": [{"name": "app"}], "initContainers": [{"name": "init"}]}
    if resources == "secrets":
        found |= {"type": "Opaque", "data": {"password": "aHVudGVyMg=="}}
        found["metadata"]["annotations"] = {"last-applied": "password: aHVudGVyMg=="}
    if resources == "events":
        metadata["creationTimestamp"] = "2026-11-29T20:00:00Z"
        found |= {"metadata": metadata, "reason": "Started", "message": "started"}
        found["involvedObject"] = {"kind": "Pod", "name": "a-pods"}
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dumps.dump(FakeApi(), "lab-1", tmp_path)
    return tmp_path


def test_every_kind_that_can_be_listed_is_dumped(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "a-pods.app.log",
        "a-pods.app.previous.log",
        "a-pods.init.log",
        "a-pods.init.previous.log",
        "daemonset.error.txt",
        "events.txt",
        "gateway.yaml",
        "httproute.yaml",
        "pod.yaml",
        "resourcequota.yaml",
        "secret.yaml",
        "statefulset.yaml",
    ]
    assert (folder / "events.txt").read_text() == (
        "2026-11-29T20:00:00Z  Pod a-pods  Started (x1)  started\n"
    )
    assert (folder / "daemonset.error.txt").read_text() == "status 403\n"
    assert (folder / "a-pods.init.log").read_text() == "log of init\n"


def test_a_dump_has_no_values_of_secrets_and_no_managed_fields(folder: Path) -> None:
    text = "".join(path.read_text() for path in folder.iterdir())
    assert "aHVudGVyMg==" not in text
    assert "managedFields" not in text
    [secret] = yaml.safe_load_all((folder / "secret.yaml").read_text())
    assert secret["keys"] == ["password"]
