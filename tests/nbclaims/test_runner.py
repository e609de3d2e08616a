"""Labs run in a kernel, in their folder, up to the first error."""

from pathlib import Path

import pytest

from nbclaims import runner

LAB = """\
---
kernelspec: {display_name: Python 3, language: python, name: python3}
---

```{code-cell} ipython3
import os
from pathlib import Path

from nbclaims import claim

observed = {"file": Path("n.txt").read_text(), "variable": os.environ["VARIABLE"]}
```

```{code-cell} ipython3
claim("a", "A", observed=observed, expected={"file": "0", "variable": "1"}, because="so")
```

```{code-cell} ipython3
print("the end")
```
"""


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    source = tmp_path / "labs" / "lab" / "lab.md"
    source.parent.mkdir(parents=True)
    source.write_text(LAB)
    source.with_name("n.txt").write_text("0")
    return source


def test_a_lab_runs_in_its_folder_with_the_given_environment(lab: Path):
    result = runner.execute(lab, {"VARIABLE": "1"})
    assert result.error is None
    assert result.notebook.cells[-1].outputs[0].text == "the end\n"


def test_a_failed_claim_ends_the_run_and_explains_itself(lab: Path):
    result = runner.execute(lab, {"VARIABLE": "2"})
    explained = runner.explain(result.error)
    assert explained.startswith("ClaimFailed: A\n\n  variable   expected 1  observed 2\n")
    assert explained.endswith('because="so")')
    assert [bool(cell.outputs) for cell in result.notebook.cells] == [False, True, False]


def test_any_other_error_is_shown_with_its_traceback(lab: Path):
    lab.with_name("n.txt").unlink()
    explained = runner.explain(runner.execute(lab, {"VARIABLE": "1"}).error)
    assert explained.startswith("FileNotFoundError: ")
    assert "Traceback (most recent call last)" in explained
