"""What becomes of a mutant, in a lab without a cluster: its manifest is a file with one number."""

from pathlib import Path

import pytest

from nbclaims import mutants
from nbclaims.mutants import Mutant, Verdict

LAB = """\
---
kernelspec: {display_name: Python 3, language: python, name: python3}
---

```{code-cell} ipython3
from pathlib import Path

from nbclaims import claim
```

```{code-cell} ipython3
restarts = int(Path("restarts.yaml").read_text())
claim("never", "Never", observed={"restarts": restarts}, expected={"restarts": 0}, because="so")
```

```{code-cell} ipython3
claim("late", "Late", observed={"restarts": restarts}, expected={"restarts": 0}, because="so")
```
"""


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    source = tmp_path / "lab" / "lab.md"
    source.parent.mkdir()
    source.write_text(LAB)
    (source.parent / "restarts.yaml").write_text("0")
    return source


@pytest.fixture
def run(lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def run_mutant(**changes) -> Verdict:
        folder = tmp_path / "copy"
        folder.mkdir()
        monkeypatch.chdir(folder)
        mutant = {"mutant": "m", "claim": "never", "file": "restarts.yaml", "find": "0"}
        mutant |= {"replace": "1", "seen": {"restarts": 1}} | changes
        [verdict] = mutants.run(lab, [Mutant(**mutant)], folder)
        return verdict

    return run_mutant


def test_killed_by_the_claim_for_the_stated_reason(run):
    verdict = run()
    assert verdict.verdict == "killed"
    assert verdict.reason.splitlines()[2] == "  restarts   expected 0  observed 1"
    assert verdict.diff.splitlines()[-2:] == ["-0", "+1"]


def test_killed_when_a_matcher_states_the_reason(run):
    assert run(replace="7", seen={"restarts": {"at_least": 3}}).verdict == "killed"


def test_a_later_claim_is_not_shielded_by_an_earlier_one(run):
    assert run(claim="late").verdict == "killed"


def test_survived_when_the_claim_holds_all_the_same(run):
    verdict = run(replace="00")
    assert (verdict.verdict, verdict.reason) == ("survived", "the claim held with {'restarts': 0}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"find": "9"}, "'9' occurs 0 times in restarts.yaml, not once"),
        ({"file": "nothing.yaml"}, "the lab has no file nothing.yaml"),
        ({"claim": "nobody"}, "no cell makes the claim 'nobody'"),
        ({"replace": "one"}, "ValueError: invalid literal for int() with base 10: 'one'"),
        ({"seen": {"restarts": 2}}, "the claim failed, but for another reason than"),
        ({"seen": {}}, "the claim failed, but for another reason than"),
        ({"seen": {"phase": "Failed"}}, "the claim failed, but for another reason than"),
    ],
)
def test_void_when_it_says_nothing_about_the_claim(run, changes: dict, reason: str):
    verdict = run(**changes)
    assert verdict.verdict == "void"
    assert verdict.reason.startswith(reason)


def test_the_lab_s_own_text_may_be_mutated(run):
    changes = {"file": "lab.md", "find": "int(Path", "replace": "1 + int(Path"}
    assert run(**changes).verdict == "killed"


def test_the_lab_itself_stays_as_it_was(run, lab: Path):
    assert run().verdict == "killed"
    assert (lab.parent / "restarts.yaml").read_text() == "0"


def test_a_claim_that_holds_without_anything_applied_is_found(lab: Path, monkeypatch):
    monkeypatch.chdir(lab.parent)
    assert mutants.without_anything_applied(lab) == (["never", "late"], [])


def test_a_claim_is_reached_though_a_statement_before_it_fails(lab: Path, monkeypatch):
    monkeypatch.chdir(lab.parent)
    lab.write_text(
        LAB.replace("restarts = int", 'raise RuntimeError("no Pod")\nrestarts = 1 + int')
    )
    assert mutants.without_anything_applied(lab) == ([], [])


def test_a_claim_that_cannot_even_be_made_is_told(lab: Path, monkeypatch):
    monkeypatch.chdir(lab.parent)
    (lab.parent / "restarts.yaml").write_text("")
    assert mutants.without_anything_applied(lab) == ([], ["never", "late"])
