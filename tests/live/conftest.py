"""A Pod in the cluster that runs commands for tests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest
import yaml

from cluster import kind, versions

NAMESPACE = "kubernetes-observed-tests"

Ask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def ask() -> Iterator[Ask]:
    """Runs a command in a Pod and returns what it said."""
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "probe", "namespace": NAMESPACE},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "probe", "image": versions.IMAGES["agnhost"]}],
            },
        },
    ]
    kind.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(objects))
    kind.kubectl(
        *("wait", "pod/probe", f"--namespace={NAMESPACE}", "--for=condition=Ready"),
        "--timeout=30s",
    )
    yield lambda *command: kind.try_kubectl(
        "exec", f"--namespace={NAMESPACE}", "probe", "--", *command
    )
    kind.kubectl("delete", "namespace", NAMESPACE)


@pytest.fixture(scope="session")
def pods() -> list[dict]:
    """All Pods of kube-system."""
    found = json.loads(kind.kubectl("get", "pods", "--namespace=kube-system", "--output=json"))
    assert found["items"]
    return found["items"]
