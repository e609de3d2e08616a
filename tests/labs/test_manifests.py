"""The labs' manifests: strictly valid on this API server, from pinned images, and sure to end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import paths, versions
from kubelab import connection
from kubelab.errors import ApiError
from kubelab.results import ApplyResult

MOST_GRACE = 35
"""Seconds; a namespace stays for as long, where a process does not obey SIGTERM."""

KINDS_WITH_PODS = {"CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"}

MANIFESTS = sorted(p for p in (paths.ROOT / "labs").rglob("*.yaml") if p.name != "mutants.yaml")
each_manifest = pytest.mark.parametrize(
    "manifest", MANIFESTS, ids=lambda path: f"{path.parent.name}/{path.name}"
)


@each_manifest
def test_api_server_says_what_the_file_name_says(manifest: Path) -> None:
    """Every manifest passes a strict server-side dry run, but those named `refused-…`."""
    api = connection.cluster().api
    refusals = []
    for document in documents(manifest):
        try:
            api.apply(document, "default", dry_run=True)
        except ApiError as error:
            refusals.append(ApplyResult.of(error).message)
    if manifest.name.startswith("refused-"):
        assert len(refusals) == len(documents(manifest)), "accepted, though its name says refused"
    else:
        assert not refusals


@each_manifest
def test_images_are_pinned_and_on_every_node(manifest: Path) -> None:
    images = {
        value for found in documents(manifest) for key, value in fields(found) if key == "image"
    }
    assert images <= set(versions.IMAGES.values()), "an image that is not in cluster/versions.toml"


@each_manifest
def test_pods_say_how_long_they_may_take_to_end(manifest: Path) -> None:
    for document in documents(manifest):
        specs = [value for _, value in fields(document) if is_pod_spec(value)]
        assert bool(specs) == (document["kind"] in KINDS_WITH_PODS), document["kind"]
        for spec in specs:
            grace = spec.get("terminationGracePeriodSeconds")
            assert grace is not None, "without terminationGracePeriodSeconds it may take 30 s"
            assert grace <= MOST_GRACE, f"terminationGracePeriodSeconds is {grace}"


def is_pod_spec(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.keys() & {"containers", "initContainers"})


def documents(manifest: Path) -> list[dict]:
    found = [document for document in yaml.safe_load_all(manifest.read_text()) if document]
    assert found, "a manifest without an object"
    return found


def fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Every field of a manifest, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)
