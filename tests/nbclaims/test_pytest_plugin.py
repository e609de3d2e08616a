"""What the plugin prints and keeps, in a book with two labs and no cluster."""

from pathlib import Path

import pytest
from nbformat.v4 import new_notebook

from nbclaims.evidence import EvidenceStore
from nbclaims.provenance import Book

TEXT = """\
---
kernelspec: {{display_name: Python 3, language: python, name: python3}}
lab: {{slow: {slow}}}
---
"""
MUTANTS = """\
- {mutant: one, claim: a, file: n.txt, find: "0", replace: "1", seen: {n: 1}}
- {mutant: two, claim: b, file: n.txt, find: "0", replace: "2", seen: {n: 2}}
"""
TESTS = """\
from pathlib import Path

import pytest

from nbclaims import mutants
from nbclaims.mutants import Verdict
from nbclaims.provenance import Book

LAB = Path("labs/quick/quick.md").absolute()
ONE, TWO = mutants.of(LAB)
pytestmark = pytest.mark.runs_labs

CONTROL = mutants.control(ONE.claim)

@pytest.mark.parametrize(("mutant", "verdict"), [
    pytest.param(ONE, "killed", id="one", marks=pytest.mark.leaves_evidence(LAB, [ONE])),
    pytest.param(TWO, "survived", id="two", marks=pytest.mark.leaves_evidence(LAB, [TWO])),
    pytest.param(CONTROL, "held", id="same", marks=pytest.mark.leaves_evidence(LAB, [CONTROL])),
])
def test_mutant(mutant, verdict, record_verdicts):
    taken = Book(Path.cwd()).take_for_mutants(LAB)
    verdicts = [Verdict(mutant.mutant, mutant.claim, verdict, "so")]
    record_verdicts(LAB, verdicts, taken, [mutant])
    assert verdict in ("killed", "held")

@pytest.mark.leaves_evidence(LAB)
def test_lab(): ...
"""


@pytest.fixture
def book(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CI", "FORCE", "SLOW"):
        monkeypatch.delenv(name, raising=False)
    for lab, slow in (("quick", "false"), ("slow", "true")):
        folder = pytester.path / "labs" / lab
        folder.mkdir(parents=True)
        (folder / f"{lab}.md").write_text(TEXT.format(slow=slow))
    (pytester.path / "labs" / "quick" / "mutants.yaml").write_text(MUTANTS)
    pytester.makepyfile(test_mutants=TESTS)
    return pytester.path


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(
        "-p", "nbclaims.pytest_plugin", "-p", "no:xdist", *arguments
    )


def test_the_kill_matrix_is_printed_and_kept(book: Path, pytester: pytest.Pytester):
    run(pytester).stdout.fnmatch_lines(
        [
            "slow labs, not run: slow (run them with SLOW=1)",
            "*= mutants =*",
            "killed    a * one",
            "survived  b * two",
            "1 killed, 1 survived, 0 void",
            "controls: 1 held, 0 failed",
        ]
    )
    kept = EvidenceStore.of_book(book).verdicts("quick")
    found = [(one.mutant, one.claim, one.verdict) for one in kept]
    assert found == [("", "a", "held"), ("one", "a", "killed"), ("two", "b", "survived")]


def test_a_selection_of_mutants_is_kept_beside_the_others(book: Path, pytester: pytest.Pytester):
    store = EvidenceStore.of_book(book)
    run(pytester, "-k", "two")
    assert [one.mutant for one in store.verdicts("quick")] == ["two"]
    run(pytester, "-k", "one").stdout.fnmatch_lines(["1 killed, 0 survived, 0 void"])
    assert [one.mutant for one in store.verdicts("quick")] == ["one", "two"]


def test_pending_leaves_out_mutants_that_were_killed(
    book: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    run(pytester, "--pending").assert_outcomes(passed=3, failed=1)
    run(pytester, "--pending").assert_outcomes(passed=1, failed=1, deselected=2)
    run(pytester).assert_outcomes(passed=3, failed=1)
    monkeypatch.setenv("FORCE", "1")
    run(pytester, "--pending").assert_outcomes(passed=3, failed=1)


def test_pending_leaves_out_labs_with_valid_evidence(book: Path, pytester: pytest.Pytester):
    lab = book / "labs" / "quick" / "quick.md"
    store = EvidenceStore.of_book(book)
    store.write_notebook("quick", new_notebook(), Book(book).take(lab))
    run(pytester, "--pending", "-k", "test_lab").assert_outcomes(deselected=4)
    (lab.parent / "n.txt").write_text("1")
    run(pytester, "--pending", "-k", "test_lab").assert_outcomes(passed=1, deselected=3)


def test_tests_that_run_no_lab_say_nothing_of_labs(book: Path, pytester: pytest.Pytester):
    pytester.makepyfile(test_mutants="def test_nothing(): ...")
    result = run(pytester)
    result.assert_outcomes(passed=1)
    output = result.stdout
    output.no_fnmatch_line("slow labs*")
    output.no_fnmatch_line("*= mutants =*")
