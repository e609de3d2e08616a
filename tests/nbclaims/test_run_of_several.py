"""What becomes of mutants that share a run, in a lab without a cluster."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nbclaims import mutants
from nbclaims.claims import registry
from nbclaims.mutants import Mutant, Verdict

LAB = """\
---
kernelspec: {display_name: Python 3, language: python, name: python3}
---

```{code-cell} ipython3
from pathlib import Path

from nbclaims import claim

def number(name):
    return int(Path(f"{name}.txt").read_text())
```

```{code-cell} ipython3
red = number("red")
claim("red", "Red", observed={"red": red}, expected={"red": 0}, because="so")
```

```{code-cell} ipython3
blue = number("blue")
claim("blue", "Blue", observed={"blue": blue}, expected={"blue": 0}, because="so")
```

```{code-cell} ipython3
claim("late", "Late", observed={"red": red}, expected={"red": 0}, because="so")
```

```{code-cell} ipython3
ran = Path("ran.txt").write_text("the cell that nobody needs")
```
"""

Run = Callable[..., dict[str, Verdict]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs mutants, each of which is called as its claim; their verdicts by that name."""
    source, folder = tmp_path / "lab" / "lab.md", tmp_path / "copy"
    source.parent.mkdir()
    folder.mkdir()
    source.write_text(LAB)
    for name in ("red", "blue"):
        source.with_name(f"{name}.txt").write_text("0")
    monkeypatch.chdir(folder)

    def run(*together: Mutant) -> dict[str, Verdict]:
        return {verdict.claim: verdict for verdict in mutants.run(source, together, folder)}

    return run


def mutant(claim: str, replace: str = "1", **fields: object) -> Mutant:
    name = "red" if claim == "late" else claim
    usual = {"mutant": claim, "file": f"{name}.txt", "find": "0", "seen": {name: 1}}
    return Mutant(**{**usual, "claim": claim, "replace": replace, **fields})


def outcomes(verdicts: dict[str, Verdict]) -> list[str]:
    return [verdict.verdict for verdict in verdicts.values()]


def test_each_is_killed_by_its_own_claim_and_has_its_own_difference(run: Run):
    verdicts = run(mutant("red"), mutant("blue"))
    assert outcomes(verdicts) == ["killed", "killed"]
    assert verdicts["blue"].reason.startswith("Blue\n")
    assert verdicts["blue"].diff.splitlines()[:2] == ["--- blue.txt", "+++ blue.txt"]
    assert verdicts["blue"].file == "blue.txt"


def test_one_change_may_fail_two_claims(run: Run):
    verdicts = run(mutant("late"), mutant("red"))
    assert outcomes(verdicts) == ["killed", "killed"]
    assert list(verdicts) == ["late", "red"]
    assert verdicts["late"].diff == verdicts["red"].diff != ""


def test_one_survives_though_another_is_killed(run: Run):
    verdicts = run(mutant("red"), mutant("blue", "00"))
    assert outcomes(verdicts) == ["killed", "survived"]
    assert verdicts["blue"].reason == "the claim held with {'blue': 0}"


def test_an_error_voids_what_needs_the_statement_and_nothing_else(run: Run):
    verdicts = run(mutant("red", "one"), mutant("blue"), mutant("late", "one"))
    assert outcomes(verdicts) == ["void", "killed", "void"]
    reason = "ValueError: invalid literal for int() with base 10: 'one'"
    assert verdicts["red"].reason == verdicts["late"].reason == reason


def test_a_change_that_cannot_be_made_voids_one(run: Run):
    verdicts = run(mutant("red", find="9"), mutant("blue"))
    assert outcomes(verdicts) == ["void", "killed"]
    assert verdicts["red"].reason == "'9' occurs 0 times in red.txt, not once"
    assert verdicts["red"].diff == ""


def test_a_claim_that_nobody_makes_voids_one(run: Run):
    verdicts = run(mutant("nobody", file="red.txt"), mutant("blue"))
    assert outcomes(verdicts) == ["void", "killed"]
    assert verdicts["nobody"].reason == "no cell makes the claim 'nobody'"


def test_another_reason_voids_one(run: Run):
    verdicts = run(mutant("red", seen={"red": 2}), mutant("blue"))
    assert outcomes(verdicts) == ["void", "killed"]


def test_the_lab_s_text_and_a_file_may_change_in_one_run(run: Run):
    text = {"file": "lab.md", "find": 'number("red")', "replace": "1"}
    assert outcomes(run(mutant("red", **text), mutant("blue"))) == ["killed", "killed"]


def test_two_changes_of_one_file_are_two_differences(run: Run):
    red = mutant("red", file="lab.md", find='number("red")', replace="1")
    blue = mutant("blue", file="lab.md", find='number("blue")', replace="1")
    verdicts = run(red, blue)
    assert outcomes(verdicts) == ["killed", "killed"]
    assert "blue" not in verdicts["red"].diff
    assert "red" not in verdicts["blue"].diff


def test_two_changes_of_one_place_void_the_second(run: Run):
    verdicts = run(mutant("red"), mutant("late", "2"))
    assert outcomes(verdicts) == ["killed", "void"]
    assert verdicts["late"].reason == "'0' occurs 0 times in red.txt, not once"


def test_claims_are_made_in_the_lab_s_order_and_no_others(run: Run):
    run(mutant("late", "00"), mutant("blue", "00"))
    assert [record.name for record in registry.records] == ["blue", "late"]


def test_what_no_claim_needs_does_not_run(run: Run):
    run(mutant("red"), mutant("blue"))
    assert not Path("ran.txt").exists()


def test_the_cleanup_comes_at_the_end_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "lab").mkdir()
    (tmp_path / "copy").mkdir()
    (tmp_path / "lab" / "lab.md").write_text(LAB)
    (tmp_path / "lab" / "red.txt").write_text("0")
    monkeypatch.chdir(tmp_path / "copy")
    closed: list[int] = []
    lab, copy = tmp_path / "lab" / "lab.md", tmp_path / "copy"
    mutants.run(lab, [mutant("red")], copy, cleanup=lambda: closed.append(len(registry.records)))
    assert closed == [1]
