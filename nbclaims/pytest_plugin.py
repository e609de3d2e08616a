"""The pytest plugin: reports on labs and mutants, and keeps the verdicts on mutants as evidence.

Register it with `pytest_plugins = ["nbclaims.pytest_plugin"]` or `-p nbclaims.pytest_plugin`. The
book's folder is pytest's root folder. Mark tests that run labs with `runs_labs`, and record the
verdicts on mutants with the fixture `record_verdicts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbclaims import labs, mutants
from nbclaims.evidence import EvidenceStore
from nbclaims.mutants import Verdict

RecordVerdicts = Callable[[Path, Iterable[Verdict]], None]

PROPERTY = "verdict"
"""The user property of a test's report that carries a verdict; xdist sends it to the controller."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin's marker."""
    config.addinivalue_line("markers", "runs_labs: runs labs; slow ones only with SLOW=1")


@pytest.fixture
def record_verdicts(record_property: Callable[[str, object], None]) -> RecordVerdicts:
    """Return a function that records the verdicts on a lab's mutants in the test's report."""

    def record(lab: Path, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            record_property(PROPERTY, {"lab": lab.stem, **verdict.to_json()})

    return record


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the kill matrix and the labs that were left out, and keep complete verdicts."""
    reports = [
        report
        for group in ("passed", "failed")
        for report in terminalreporter.stats.get(group, [])
        if isinstance(report, pytest.TestReport)
    ]
    if any("runs_labs" in report.keywords for report in reports):
        _print_left_out(terminalreporter, config.rootpath)
    recorded = [
        value for report in reports for key, value in report.user_properties if key == PROPERTY
    ]
    if recorded:
        verdicts = _by_lab(recorded)
        _print_kill_matrix(terminalreporter, verdicts)
        _keep_complete(verdicts, config.rootpath)


def _by_lab(recorded: Iterable[Any]) -> dict[str, list[Verdict]]:
    verdicts: dict[str, list[Verdict]] = {}
    for entry in recorded:
        fields = dict(entry)
        verdicts.setdefault(fields.pop("lab"), []).append(Verdict.from_json(fields))
    return verdicts


def _print_left_out(reporter: pytest.TerminalReporter, root: Path) -> None:
    if names := [source.stem for source in labs.left_out(root)]:
        reporter.write_line(f"slow labs, not run: {', '.join(names)} (run them with SLOW=1)")


def _print_kill_matrix(
    reporter: pytest.TerminalReporter, verdicts: dict[str, list[Verdict]]
) -> None:
    reporter.section("mutants")
    for lab in sorted(verdicts):
        for one in sorted(
            (v for v in verdicts[lab] if v.mutant or not v.good), key=lambda v: (v.claim, v.mutant)
        ):
            line = f"{one.verdict:<9} {one.claim:<45} {one.mutant or 'control'}"
            reporter.write_line(line, red=not one.good)
    counts = Counter(one.verdict for of_lab in verdicts.values() for one in of_lab)
    reporter.write_line(
        ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("killed", "survived", "void"))
    )
    reporter.write_line(f"controls: {counts['held']} held, {counts['failed']} failed")


def _keep_complete(verdicts: dict[str, list[Verdict]], root: Path) -> None:
    """Keep the verdicts of labs whose mutants and controls all ran.

    A selection (`-k`) is no whole matrix.
    """
    store = EvidenceStore.of_book(root)
    for lab in labs.sources(root):
        controls = {one.claim: one.verdict for one in verdicts.get(lab.stem, []) if not one.mutant}
        of_lab = [
            replace(one, control=controls[one.claim])
            for one in verdicts.get(lab.stem, [])
            if one.mutant and one.claim in controls
        ]
        if len(of_lab) == len(mutants.of(lab)) > 0:
            store.write_verdicts(lab.stem, of_lab)
