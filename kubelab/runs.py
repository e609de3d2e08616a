"""Runs and what they leave behind.

A run is one notebook session, or one call of the tests with all its processes. Every namespace
carries its run's label, and every process of a run holds a lock on a file of the run's name for as
long as it lives; also `kill -9` lets go of it. So a run whose file is not locked is over, and no
live session is taken for a leftover. Runs of other checkouts have no file here and are let be.

The processes of a run share its lock, which the library filelock doesn't offer.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO, Any

from kubelab.connection import Api
from kubelab.kind import STATE

LABEL = "kubelab/run"
NAME = "kubernetes.io/metadata.name"
"""The label by which the API server itself names each namespace."""
RUNS = STATE / "kubelab" / "runs"

_lock: IO[str] | None = None


def join() -> str:
    """This process's run, which from now on counts as alive; the tests name theirs beforehand."""
    global _lock
    if _lock is None:
        RUNS.mkdir(parents=True, exist_ok=True)
        name = os.environ.get("KUBELAB_RUN") or f"session-{secrets.token_hex(4)}"
        _lock = (RUNS / name).open("w")
        fcntl.flock(_lock, fcntl.LOCK_SH)
    return Path(_lock.name).name


def remove_leftovers(api: Api) -> list[str]:
    """Delete the namespaces of runs that are over, without waiting; return their names."""
    removed = []
    for file in RUNS.iterdir():
        if _has_ended(file):
            left = namespaces(api, f"{LABEL}={file.name}")
            removed += delete(api, left)
            if not left:
                file.unlink(missing_ok=True)
    return removed


def namespaces(api: Api, selector: str) -> list[dict[str, Any]]:
    """The namespaces with these labels."""
    found: list[dict[str, Any]] = api.request("get", "/api/v1/namespaces", labelSelector=selector)[
        "items"
    ]
    return found


def delete(api: Api, namespaces: list[dict[str, Any]]) -> list[str]:
    """Delete those namespaces that aren't being deleted yet; their names."""
    names = [n["metadata"]["name"] for n in namespaces if "deletionTimestamp" not in n["metadata"]]
    for name in names:
        # A namespace goes Pods first, and its Jobs only after them. But of an index that failed
        # the Job keeps the Pod until the next one is made, which is refused by then. Symptom: a
        # namespace with an Indexed Job stays Terminating for good (Kubernetes v1.37).
        jobs = f"/apis/batch/v1/namespaces/{name}/jobs"
        api.request("delete", jobs, propagationPolicy="Background")
        api.request("delete", f"/api/v1/namespaces/{name}")
    return names


def _has_ended(file: Path) -> bool:
    try:
        with file.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:  # its own process lives
        return False
    except FileNotFoundError:  # another run cleaned up meanwhile
        return False
