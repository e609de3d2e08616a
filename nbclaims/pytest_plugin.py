"""The pytest plugin: reports on labs and mutants, and keeps the verdicts on mutants as evidence.

Register it with `pytest_plugins = ["nbclaims.pytest_plugin"]` or `-p nbclaims.pytest_plugin`. The
book's folder is pytest's root folder. Mark tests that run labs with `runs_labs`, and record the
verdicts on mutants with the fixture `record_verdicts`.

With `--pending` only those tests run whose evidence is missing or doesn't count. Mark a test that
runs a lab with `leaves_evidence(lab)`, and one that runs mutants with
`leaves_evidence(lab, mutants)`.
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
from nbclaims.mutants import Mutant, Verdict
from nbclaims.pending import Pending
from nbclaims.provenance import Provenance

RecordVerdicts = Callable[[Path, Iterable[Verdict], Provenance, Iterable[Mutant]], None]
"""Takes the lab, the verdicts, what their run was made of, and the mutants that ran."""

PROPERTY = "verdict"
"""The user property of a test's report that carries a verdict; xdist sends it to the controller."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin's markers."""
    config.addinivalue_line("markers", "runs_labs: runs labs; slow ones only with SLOW=1")
    config.addinivalue_line(
        "markers", "leaves_evidence(lab, mutants=None): runs the lab, or some of its mutants"
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's option."""
    parser.addoption(
        "--pending",
        action="store_true",
        help="leave out labs and mutants that have valid evidence; FORCE=1 leaves out none",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --pending, deselect the tests whose evidence is valid."""
    if not config.getoption("pending"):
        return
    pending = Pending(config.rootpath)
    valid = [item for item in items if _has_valid_evidence(item, pending)]
    config.hook.pytest_deselected(items=valid)
    items[:] = [item for item in items if item not in valid]


def _has_valid_evidence(item: pytest.Item, pending: Pending) -> bool:
    marker = item.get_closest_marker("leaves_evidence")
    if marker is None:
        return False
    match marker.args:
        case [lab]:
            return not pending.lab(lab).reason
        case [lab, wanted]:
            return not any(finding.reason for finding in pending.mutants(lab, wanted))
        case _:
            raise TypeError(f"{item.nodeid}: leaves_evidence takes a lab, and its mutants")


@pytest.fixture
def record_verdicts(record_property: Callable[[str, object], None]) -> RecordVerdicts:
    """Return a function that records the verdicts on a lab's mutants in the test's report."""

    def record(
        lab: Path, verdicts: Iterable[Verdict], taken: Provenance, ran: Iterable[Mutant]
    ) -> None:
        digests = {(mutant.mutant, mutant.claim): mutant.digest for mutant in ran}
        for verdict in verdicts:
            made_of = taken.of_mutant(digests[verdict.mutant, verdict.claim])
            stated = replace(verdict, provenance=made_of)
            record_property(PROPERTY, {"lab": lab.stem, **stated.to_json()})

    return record


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the kill matrix and the labs that were left out, and keep the verdicts."""
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
        _keep(verdicts, config.rootpath)


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


def _keep(verdicts: dict[str, list[Verdict]], root: Path) -> None:
    """Keep each verdict in place of the earlier one on the same mutant."""
    store = EvidenceStore.of_book(root)
    for lab in labs.sources(root):
        if of_lab := verdicts.get(lab.stem):
            store.update_verdicts(lab.stem, of_lab, mutants.of(lab))
