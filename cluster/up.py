"""`python -m cluster up`: reuse the cluster if it is healthy, else create it."""

import json
import math
import subprocess
import time
from pathlib import Path
from typing import Any

from cluster import (
    addons,
    checks,
    commands,
    egress,
    kind,
    locks,
    names,
    paths,
    pulled,
    registry,
    release,
    versions,
)
from cluster import engine as engines
from cluster.engine import Engine
from cluster.errors import CommandError
from cluster.fingerprint import fingerprint_of
from cluster.from_source import node_image
from cluster.polling import poll
from cluster.progress import step
from cluster.registry import ImageSource

_NODE_IMAGES = {"built": node_image, "pulled": pulled}
"""The module that provides the node image, by image source."""


def up() -> None:
    """Start the cluster and print how to use it.

    Raises:
        CommandError: The cluster could not be created, or isn't healthy in time.
    """
    start = time.monotonic()
    waiting = "Another command is creating the cluster: waiting for it."
    with locks.exclusive(paths.STATE / "cluster.lock", waiting):
        engine = engines.connect()
        source = registry.image_source()
        # Computed before the build: a file that changes during the build isn't in the cluster.
        marker = _marker(source)
        defect = _defect(engine, marker)
        if defect:
            if kind.running_nodes(engine):
                print(f"The existing cluster can't be used: {defect}. Recreating it.", flush=True)
            image = _NODE_IMAGES[source].build(engine)
            with step("Creating the cluster", 45):
                _create(engine, image, marker)
        else:
            egress.block(engine)
    print(
        f"The cluster is up ({time.monotonic() - start:.0f} s).\n"
        f"  kubectl: export KUBECONFIG={paths.KUBECONFIG} PATH={paths.ROOT}/.venv/bin:$PATH"
    )


def _defect(engine: Engine, expected: dict[str, Any]) -> str:
    """Return why the cluster can't be used as it is, or an empty string."""
    if len(kind.running_nodes(engine)) < 3 or not paths.KUBECONFIG.exists():
        return "not all of its nodes are running"
    found = kind.try_kubectl(
        *("get", "configmap", names.MARKER, "--namespace=kube-public", "--output=json"),
        "--request-timeout=2s",
    )
    if found.returncode != 0:
        return "its creation was interrupted, or its API server doesn't respond"
    if json.loads(found.stdout)["data"] != expected["data"]:
        return "it was created from other versions, files or images"
    waiting = checks.not_ready_nodes()
    return f"{', '.join(waiting)} not Ready" if waiting else ""


def _create(engine: Engine, image: str, marker: dict[str, Any]) -> None:
    kind.delete(engine)
    creating = kind.start_creating(engine, image)
    try:
        # The add-ons are applied as soon as the API server is ready, while the workers join.
        _wait_for_api_server(engine, creating)
        addons.apply(engine)
        if creating.wait() != 0:
            raise _not_created()
        egress.block(engine)
        checks.wait_until_up(engine, image)
    except BaseException:
        if creating.poll() is None:
            creating.terminate()
            creating.wait()
        raise
    kind.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(marker))
    # Earlier node images, a gigabyte each, which no node uses any more.
    engine.docker("image", "prune", "--force", "--filter", f"label={names.IMAGES_LABEL}")


def _wait_for_api_server(engine: Engine, creating: subprocess.Popen[bytes]) -> None:
    """Return when the add-ons can be applied, or when `kind create cluster` is finished."""

    def is_ready() -> bool:
        if creating.poll() is not None:
            return True
        if not kind.write_kubeconfig(engine):
            return False
        ready = kind.try_kubectl("get", "--raw=/readyz", "--request-timeout=2s")
        # addons.py replaces CoreDNS's configuration before CoreDNS starts, so it must exist.
        coredns = ("get", "configmap", "coredns", "--namespace=kube-system")
        return ready.stdout == "ok" and kind.try_kubectl(*coredns).returncode == 0

    poll(is_ready, within=math.inf, pause=0.3)
    if creating.returncode:
        raise _not_created()


def _not_created() -> CommandError:
    log = kind.creation_log()
    return CommandError(
        f"kind could not create the cluster:\n{commands.tail(log.read_text(), 25)}\n"
        f"(the whole output: {log})",
        commands.RETRY,
    )


def _marker(source: ImageSource) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": names.MARKER, "namespace": "kube-public"},
        "data": {"project": names.PROJECT, "images": source, "fingerprint": fingerprint(source)},
    }


def fingerprint(source: ImageSource) -> str:
    """Return a digest of all that the cluster is created from; a new one makes `up` recreate it."""
    files = [
        Path(addons.__file__),
        *(versions.HERE / "kubelet-with-capped-back-off").iterdir(),
        *(versions.HERE / "manifests").rglob("*"),
        *(versions.GO_MODULES / unit / "go.mod" for unit in ("gateway-api", "kind", "metallb")),
    ]
    configuration = json.dumps(kind.configuration(release.current()))
    return fingerprint_of(files, configuration, _NODE_IMAGES[source].fingerprint())
