"""One call of pytest is one run: its labs' namespaces carry one label, and go with it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from kubelab import NoCluster, connection, runs
from kubelab.errors import ApiError
from kubelab.store import Informer
from tests.concurrency import slot

pytest_plugins = ["nbclaims.pytest_plugin", "pytester"]

NAMESPACES_GONE_WITHIN = 180
"""Seconds, on a busy machine; on a quiet one it takes 5 to 10."""


@pytest.fixture
def slot_for_a_run() -> Iterator[None]:
    with slot(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))):
        yield


def pytest_configure(config: pytest.Config) -> None:
    # xdist's workers are started after this and inherit it.
    os.environ.setdefault("KUBELAB_RUN", f"tests-{secrets.token_hex(4)}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove what the run made, also after a failure, a killed kernel or Ctrl-C."""
    run = os.environ["KUBELAB_RUN"]
    is_worker = hasattr(session.config, "workerinput")
    if is_worker or not (runs.RUNS / run).exists():
        return
    try:
        left = _remove_namespaces(f"{runs.LABEL}={run}")
    except (NoCluster, ApiError) as error:
        left = [f"those of run {run} ({error})"]
    if left:
        print(f"\nnamespaces not gone after {NAMESPACES_GONE_WITHIN} s: {', '.join(left)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    else:
        (runs.RUNS / run).unlink(missing_ok=True)


def _remove_namespaces(selector: str) -> list[str]:
    """Delete these namespaces, and wait; return the names of those that still exist."""
    api = connection.cluster().api
    informer = Informer(api, "/api/v1/namespaces", labelSelector=selector)
    runs.delete(api, runs.namespaces(api, selector))
    deadline = informer.clock() + NAMESPACES_GONE_WITHIN
    while informer.names() and not informer.error and informer.clock() < deadline:
        informer.sleep_until_change(informer.count, 1)
    informer.stop()
    return informer.names()
