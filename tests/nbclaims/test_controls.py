"""What becomes of a claim that runs without a change, in a lab without a cluster."""

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
red = int(Path("red.txt").read_text())
claim("red", "Red", observed={"red": red}, expected={"red": 0}, because="so")
```

```{code-cell} ipython3
blue = int(Path("blue.txt").read_text())
claim("blue", "Blue", observed={"blue": blue}, expected={"blue": 0}, because="so")
```
"""
RED = Mutant("m", "red", "red.txt", "0", "1", {"red": 1})


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    source = tmp_path / "lab" / "lab.md"
    source.parent.mkdir()
    source.write_text(LAB)
    for name in ("red", "blue"):
        source.with_name(f"{name}.txt").write_text("0")
    (tmp_path / "copy").mkdir()
    monkeypatch.chdir(tmp_path / "copy")
    return source


def run(lab: Path, *together: Mutant, controls: list[str]) -> list[Verdict]:
    return mutants.run(lab, together, Path.cwd(), controls=controls)


def test_a_control_holds_beside_a_mutant(lab: Path):
    killed, control = run(lab, RED, controls=["blue"])
    assert (killed.verdict, control.verdict, control.mutant) == ("killed", "held", "")
    assert killed.good
    assert control.good
    assert control.reason == "the claim held with {'blue': 0}"


def test_controls_run_without_a_mutant(lab: Path):
    assert [one.verdict for one in run(lab, controls=["red", "blue"])] == ["held", "held"]


def test_a_control_whose_claim_fails_says_what_that_means(lab: Path):
    lab.with_name("blue.txt").write_text("2")
    _, control = run(lab, RED, controls=["blue"])
    assert (control.verdict, control.good) == ("failed", False)
    assert mutants.complaint(control) == (
        "The control of blue failed: the claim must hold where only the cells run that its slice "
        "has.\nThe slice lacks a cell on which the claim depends: let the cell give the claim "
        f"what it needs through a variable.\n\n{control.reason}"
    )


@pytest.mark.parametrize(
    ("text", "reason"), [("two", "ValueError: invalid literal"), ("", "Value")]
)
def test_a_control_that_cannot_be_made_has_failed(lab: Path, text: str, reason: str):
    lab.with_name("blue.txt").write_text(text)
    [control] = run(lab, controls=["blue"])
    assert control.verdict == "failed"
    assert control.reason.startswith(reason)


def test_a_mutant_that_survives_is_told_with_its_difference(lab: Path):
    [verdict] = run(lab, Mutant("m", "red", "red.txt", "0", "00", {"red": 1}), controls=[])
    assert not verdict.good
    assert mutants.complaint(verdict).startswith(
        "m survived: the claim held with {'red': 0}\n\n---"
    )
