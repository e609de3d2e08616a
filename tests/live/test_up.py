"""`make cluster` on a cluster that is there already."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from cluster import kind, paths


def up(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cluster", "up"],
        cwd=paths.ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_healthy_cluster_is_reused_within_3_seconds():
    created = kind.kubectl("get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}")
    start = time.monotonic()
    said = up().stdout
    took = time.monotonic() - start
    assert "The cluster is up" in said
    assert took < 3, f"took {took:.1f} s:\n{said}"
    assert created == kind.kubectl(
        "get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}"
    )


def test_the_users_kubeconfig_stays_as_it_is(tmp_path):
    theirs = tmp_path / ".kube" / "config"
    theirs.parent.mkdir()
    theirs.write_text("current-context: production\n")
    # The engine is named, because Docker, too, looks for its settings below HOME.
    up(HOME=str(tmp_path), KUBECONFIG=str(theirs))
    assert theirs.read_text() == "current-context: production\n"
    assert [path.name for path in theirs.parent.iterdir()] == ["config"]
