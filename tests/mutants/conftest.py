"""Compute the runs of the mutants once: each worker of pytest-xdist collects them."""

from __future__ import annotations

import os

import pytest

from cluster import paths
from nbclaims import labs, mutants


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the controls that were left out."""
    if os.environ.get("CONTROLS") != "all":
        runs = (run for lab in labs.to_run(paths.ROOT) for run in mutants.runs(lab))
        left_out = sum(len(run.controls) for run in runs if not run.mutants)
        terminalreporter.write_line(f"controls, not run: {left_out} (run them with CONTROLS=all)")


def pytest_configure(config: pytest.Config) -> None:
    """Fill the cache of computed runs before the workers start."""
    if not hasattr(config, "workerinput"):
        for lab in labs.to_run(paths.ROOT):
            mutants.runs(lab)
