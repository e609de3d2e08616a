"""The way of a line, as the chapter draws it, is the one that the manifests lay."""

from __future__ import annotations

import re

import yaml

from cluster import paths
from tests.book.mermaid import first_flowchart

CHAPTER = paths.ROOT / "book" / "pods" / "log-forwarding.md"
LAB = paths.ROOT / "labs" / "log-forwarding"


def test_the_drawn_containers_and_volumes_are_those_of_the_manifest():
    pod = yaml.safe_load((LAB / "manifests/native.yaml").read_text())
    spec = pod["spec"]
    containers = {c["name"]: c for c in spec["containers"] + spec["initContainers"]}
    volumes = {volume["name"] for volume in spec["volumes"] if "emptyDir" in volume}
    assert drawn("Pod") == {pod["metadata"]["name"]}
    assert drawn("container") == containers.keys()
    assert drawn("volume") == volumes

    mounts = {name: {m["name"]: m for m in c["volumeMounts"]} for name, c in containers.items()}
    assert mounts["app"].keys() & volumes == {"logs"}
    assert mounts["forwarder"].keys() & volumes == {"logs", "state"}
    assert mounts["forwarder"]["logs"]["readOnly"], "drawn as read, not written"


def test_the_drawn_store_is_the_one_that_the_forwarder_names():
    services = [
        document["metadata"]["name"]
        for document in yaml.safe_load_all((LAB / "manifests/store.yaml").read_text())
        if document["kind"] == "Service"
    ]
    configuration = yaml.safe_load((LAB / "manifests/forwarder.yaml").read_text())["data"][
        "syslog-ng.conf"
    ]
    assert services
    assert drawn("Service") == set(services)
    assert re.findall(r"http://(\w+):", configuration) == services


def drawn(kind: str) -> set[str]:
    """The names that follow this word in the texts of the chapter's first diagram."""
    texts = first_flowchart(CHAPTER).texts.values()
    return {text.removeprefix(f"{kind} ") for text in texts if text.startswith(f"{kind} ")}
