"""The kill matrix: printed at the end, and kept as evidence for the book's ledger."""

from __future__ import annotations

import json
from collections import Counter

import mutants
import notebooks
import pytest

from cluster import paths


def pytest_configure(config: pytest.Config) -> None:
    """Compute the runs once, for all workers."""
    if not hasattr(config, "workerinput"):
        for lab in notebooks.to_run():
            mutants.runs(lab)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for group in ("passed", "failed") for r in terminalreporter.stats.get(group, [])]
    verdicts = [value for r in reports for key, value in r.user_properties if key == "mutant"]
    controls = [value for r in reports for key, value in r.user_properties if key == "control"]
    if not verdicts + controls:
        return
    terminalreporter.section("mutants")
    for verdict in sorted(verdicts, key=lambda v: (v["lab"], v["claim"], v["mutant"])):
        line = f"{verdict['verdict']:<9} {verdict['claim']:<45} {verdict['mutant']}"
        terminalreporter.write_line(line, red=verdict["verdict"] != "killed")
    counts = Counter(verdict["verdict"] for verdict in verdicts)
    terminalreporter.write_line(
        ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("killed", "survived", "void"))
    )
    held = Counter(control["verdict"] for control in controls)
    terminalreporter.write_line(f"controls: {held['held']} held, {held['failed']} failed")
    for control in controls:
        if control["verdict"] != "held":
            terminalreporter.write_line(f"control failed: {control['claim']}", red=True)
    by_claim = {(control["lab"], control["claim"]): control["verdict"] for control in controls}
    for verdict in verdicts:
        verdict["control"] = by_claim.get((verdict["lab"], verdict["claim"]), "not run")
    for lab in notebooks.sources():
        ours = [verdict for verdict in verdicts if verdict["lab"] == lab.stem]
        complete = all(verdict["control"] != "not run" for verdict in ours)
        # A part of them (pytest -k) must not pass for the whole matrix.
        if complete and len(ours) == len(mutants.of(lab)) > 0:
            _keep(lab.stem, ours)


def _keep(lab: str, verdicts: list[dict]) -> None:
    path = paths.BUILD / "evidence" / "mutants" / f"{lab}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(sorted(verdicts, key=lambda v: v["mutant"]), indent=2))
    unfinished.replace(path)
