"""What the plugin prints and keeps, in a book with two labs and no cluster."""

from pathlib import Path

import pytest

from nbclaims.evidence import EvidenceStore

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

from nbclaims.mutants import Verdict

pytestmark = pytest.mark.runs_labs

@pytest.mark.parametrize(("claim", "mutant", "verdict"), [
    ("a", "one", "killed"), ("b", "two", "survived"), ("a", "", "held"), ("b", "", "failed"),
])
def test_mutant(claim, mutant, verdict, record_verdicts):
    record_verdicts(Path("labs/quick/quick.md"), [Verdict(mutant, claim, verdict, "so")])
    assert verdict in ("killed", "held")
"""


@pytest.fixture
def book(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SLOW", raising=False)
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
            "failed    b * control",
            "survived  b * two",
            "1 killed, 1 survived, 0 void",
            "controls: 1 held, 1 failed",
        ]
    )
    kept = EvidenceStore.of_book(book).verdicts("quick")
    found = [(one.mutant, one.verdict, one.control) for one in kept]
    assert found == [("one", "killed", "held"), ("two", "survived", "failed")]


def test_mutants_without_their_controls_are_not_kept(book: Path, pytester: pytest.Pytester):
    run(pytester, "-k", "one or two").stdout.fnmatch_lines(["1 killed, 1 survived, 0 void"])
    assert EvidenceStore.of_book(book).verdicts("quick") == []


def test_a_selection_of_mutants_is_not_kept(book: Path, pytester: pytest.Pytester):
    run(pytester, "-k", "one").stdout.fnmatch_lines(["1 killed, 0 survived, 0 void"])
    assert EvidenceStore.of_book(book).verdicts("quick") == []


def test_tests_that_run_no_lab_say_nothing_of_labs(book: Path, pytester: pytest.Pytester):
    pytester.makepyfile(test_mutants="def test_nothing(): ...")
    output = run(pytester).stdout
    output.no_fnmatch_line("slow labs*")
    output.no_fnmatch_line("*= mutants =*")
