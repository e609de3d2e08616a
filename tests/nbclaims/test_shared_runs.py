"""Which mutants share a run."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from nbclaims import mutants

Runs = Callable[..., list[list[str]]]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Tells the runs of a lab with these mutants, by the mutants' names."""

    def runs(*entries: dict) -> list[list[str]]:
        (tmp_path / "mutants.yaml").write_text(yaml.safe_dump(list(entries)))
        return [[one.mutant for one in run] for run in mutants.runs(tmp_path / "lab.md")]

    return runs


def entry(name: str, **fields: object) -> dict:
    usual = {"mutant": name, "claim": name, "file": f"{name}.yaml", "find": "0", "replace": "1"}
    return usual | {"seen": {"it": 1}} | fields


def test_a_mutant_runs_alone(runs: Runs):
    assert runs(entry("red"), entry("blue")) == [["red"], ["blue"]]


def test_one_change_for_two_claims_is_one_run(runs: Runs):
    same = {"file": "pod.yaml"}
    assert runs(entry("red", **same), entry("blue", **same)) == [["red", "blue"]]


def test_mutants_with_a_number_run_together(runs: Runs):
    found = runs(entry("red", run=1), entry("green"), entry("blue", run=1), entry("grey", run=2))
    assert found == [["red", "blue"], ["green"], ["grey"]]


def test_two_mutants_of_one_claim_cannot(runs: Runs):
    with pytest.raises(ValueError, match="two mutants of run 1 are about red"):
        runs(entry("red", run=1), entry("blue", run=1, claim="red"))
