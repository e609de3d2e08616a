"""What a kernel that `make lab` starts says below the errors of a first session."""

from __future__ import annotations

import sys
from pathlib import Path

from kubelab import hints
from nbclaims import runner

LAB = """\
---
kernelspec: {display_name: Python 3, language: python, name: python3}
---

```{code-cell} ipython3
lab.apply("p.yaml")
```
"""

SET_UP = (
    "\nNo cell that this kernel has run defines this name.\n"
    "  Next: run the set-up cell at the top first, then the cells down to this one\n"
)


def test_a_kernel_shows_the_hint_below_the_traceback(tmp_path: Path):
    hints.write_profile(tmp_path / "ipython")
    source = tmp_path / "labs" / "lab" / "lab.md"
    source.parent.mkdir(parents=True)
    source.write_text(LAB)
    run = runner.execute(source, {"IPYTHONDIR": str(tmp_path / "ipython")})
    [cell] = [cell for cell in run.notebook.cells if cell.cell_type == "code"]
    error, said = cell.outputs
    assert (error.ename, error.evalue) == ("NameError", "name 'lab' is not defined")
    assert (said.name, said.text) == ("stderr", SET_UP)


def test_a_kernel_of_another_environment_gets_a_hint_for_the_project_s_packages_only():
    assert hints.hint(ModuleNotFoundError(name="kubelab")) == (
        f"The kernel's Python, {sys.executable}, doesn't have the project's packages.\n"
        "  Next: run make lab, and choose the kernel Python 3 (ipykernel)"
    )
    assert hints.hint(ModuleNotFoundError(name="pandas")) is None
    assert hints.hint(ModuleNotFoundError(name="kubelab.no_such_module")) is None
    assert hints.hint(ValueError("…")) is None
    assert hints.hint(UnboundLocalError("…")) is None
