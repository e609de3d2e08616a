"""What a failed run of a lab leaves: a dump of its namespace."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from cluster import paths
from kubelab.connection import Api
from kubelab.errors import ApiError

KINDS = {
    "Pod": "v1",
    "Event": "v1",
    "ConfigMap": "v1",
    "Service": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "Ingress": "networking.k8s.io/v1",
}
"""What labs make, or controllers for them."""


def new_dump(lab: str) -> Path:
    """An empty folder for what a failed run leaves."""
    folder = paths.BUILD / "dumps" / lab
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def dump(api: Api, namespace: str, folder: Path) -> None:
    """Write a namespace's objects, its events in order, and every container's logs."""
    for kind, version in KINDS.items():
        items = api.request("get", api.path(version, kind, namespace))["items"]
        if kind == "Event":
            items.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
            lines = [_event_line(event) for event in items]
            (folder / "events.txt").write_text("\n".join(lines) + "\n")
        elif items:
            for item in items:
                item["metadata"].pop("managedFields", None)
            (folder / f"{kind.lower()}.yaml").write_text(yaml.safe_dump_all(items))
        if kind == "Pod":
            for pod in items:
                _dump_logs(api, pod, folder)


def _dump_logs(api: Api, pod: dict, folder: Path) -> None:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    spec = pod["spec"]
    for container in spec.get("initContainers", []) + spec["containers"]:
        for previous in (False, True):
            query = {"container": container["name"], "previous": str(previous).lower()}
            target = folder / f"{name}.{container['name']}{'.previous' * previous}.log"
            try:
                log = api.text(f"/api/v1/namespaces/{namespace}/pods/{name}/log", **query)
            except ApiError as error:
                # No such run, or its container is gone: that is an answer too.
                log = f"{error.message}\n"
            target.write_text(log)


def _event_line(event: dict) -> str:
    at = (
        event.get("eventTime")
        or event.get("lastTimestamp")
        or event["metadata"]["creationTimestamp"]
    )
    involved = event["involvedObject"]
    who = f"{involved['kind']} {involved['name']}"
    count = event.get("count") or event.get("series", {}).get("count", 1)
    return f"{at}  {who}  {event['reason']} (x{count})  {event['message']}"
