"""What a failed run of a lab leaves: a dump of its namespace."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from cluster import paths
from kubelab.connection import Api
from kubelab.errors import ApiError

SAME_OBJECTS_ELSEWHERE = {("events.k8s.io", "Event"), ("", "Endpoints")}
"""Kinds whose objects the dump has under another kind: `v1` Events and EndpointSlices."""


def new_dump(lab: str) -> Path:
    """An empty folder for what a failed run leaves."""
    folder = paths.BUILD / "dumps" / lab
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def kinds(api: Api) -> list[tuple[str, str]]:
    """Return the path and kind of all namespaced objects that the API server can list.

    The kinds come from discovery, so that no kind is missing that a lab or a controller creates.
    """
    groups = api.request("get", "/apis")["groups"]
    versions = [f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups]
    found = []
    for path in ["/api/v1", *versions]:
        group = path.removeprefix("/apis/").partition("/")[0] if path != "/api/v1" else ""
        try:
            resources = api.request("get", path)["resources"]
        except ApiError:
            continue  # The server of an aggregated API is away.
        found += [
            (f"{path}/namespaces/{{}}/{resource['name']}", resource["kind"])
            for resource in resources
            if resource["namespaced"]
            and "list" in resource["verbs"]
            and (group, resource["kind"]) not in SAME_OBJECTS_ELSEWHERE
        ]
    return found


def dump(api: Api, namespace: str, folder: Path) -> None:
    """Write a namespace's objects, its Events in order, and every container's logs.

    Of Secrets, the dump has the names of the keys, and no values.
    """
    for path, kind in kinds(api):
        try:
            items = api.request("get", path.format(namespace))["items"]
        except ApiError as error:
            (folder / f"{kind.lower()}.error.txt").write_text(f"{error.reason}\n")
            continue
        if kind == "Event":
            items.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
            lines = [_event_line(event) for event in items]
            (folder / "events.txt").write_text("\n".join(lines) + "\n")
        elif items:
            shown = [_without_secrets(item) if kind == "Secret" else item for item in items]
            for item in shown:
                item["metadata"].pop("managedFields", None)
            # Two API groups may have a kind of the same name: each is written.
            with (folder / f"{kind.lower()}.yaml").open("a") as file:
                yaml.safe_dump_all(shown, file, explicit_start=True)
        if kind == "Pod":
            for pod in items:
                _dump_logs(api, pod, folder)


def _without_secrets(secret: dict) -> dict:
    """Return a Secret without its values; an annotation may repeat them, so none is kept."""
    metadata = {key: value for key, value in secret["metadata"].items() if key != "annotations"}
    keys = sorted({**secret.get("data", {}), **secret.get("stringData", {})})
    return {"metadata": metadata, "type": secret.get("type"), "keys": keys}


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
                # No such run, or its container was deleted: that is an answer too.
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
