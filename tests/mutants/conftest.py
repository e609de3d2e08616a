"""Compute the runs of the mutants once: each worker of pytest-xdist collects them."""

from __future__ import annotations

import pytest

from cluster import paths
from nbclaims import labs, mutants


def pytest_configure(config: pytest.Config) -> None:
    """Fill the cache of computed runs before the workers start."""
    if not hasattr(config, "workerinput"):
        for lab in labs.to_run(paths.ROOT):
            mutants.runs(lab)
