"""The wheel works outside the checkout: it is built, installed, and used for a small book.

The book's packages come from the wheel, all others from the environment of the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from cluster import paths

PACKAGES = ("nbclaims", "kubelab", "cluster")

FILES = """\
import sys
from pathlib import Path

import nbclaims, kubelab, cluster
from cluster import release, versions
from kubelab import traefik

assert release.current().version and versions.IMAGES
for package in (nbclaims, kubelab, cluster):
    folder = Path(package.__file__).parent
    assert folder.is_relative_to(sys.prefix), folder
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            print(path.relative_to(folder.parent).as_posix())
"""

LAB = """\
---
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A lab

```{code-cell} ipython3
from pathlib import Path

from nbclaims import at_least, claim
```

```{code-cell} ipython3
number = int(Path("number.txt").read_text())
```

```{code-cell} ipython3
claim(
    "number-is-large",
    "The number is large",
    observed={"number": number},
    expected={"number": at_least(3)},
    because="the file says so",
)
```
"""

TEST = """\
from pathlib import Path

import pytest

from nbclaims import labs, runner
from nbclaims.evidence import EvidenceStore
from nbclaims.provenance import Book

@pytest.mark.runs_labs
@pytest.mark.parametrize("lab", labs.to_run(Path.cwd()))
def test_lab(lab):
    taken = Book(Path.cwd()).take(lab)
    result = runner.execute(lab, {})
    assert result.error is None
    EvidenceStore.of_book(Path.cwd()).write_notebook(lab.stem, result.notebook, taken)
"""

BOOK = {
    "conf.py": """\
extensions = ["myst_nb", "nbclaims.sphinx"]
exclude_patterns = ["_build", "labs/**/*.md"]
nb_execution_mode = "off"
claims_subject = "Numbers"
""",
    "index.md": "# Book\n\n```{toctree}\nchapter\nlabs/sample/sample\n```\n",
    "chapter.md": "# Chapter\n\nThe number is large {claim}`number-is-large`.\n",
    "labs/sample/sample.md": LAB,
    "labs/sample/number.txt": "7",
    "test_labs.py": TEST,
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment into which the wheel is installed."""
    folder = tmp_path_factory.mktemp("packaging")
    # A copy, because setuptools writes into the folder that it builds.
    source = folder / "source"
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(paths.ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(paths.ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps"]
    run(*pip, "wheel", *offline, "--no-build-isolation", f"--wheel-dir={folder}", source)
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    run(*pip, "--python", python, "install", *offline, wheel)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    # Python reads .pth files in its own folder only: the editable installation isn't found there.
    Path(packages, "others.pth").write_text(sysconfig.get_path("purelib"))
    return python


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    for name, text in BOOK.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command without this process's PYTHONPATH and options of pytest; return its output."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYT")}
    found = subprocess.run(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert found.returncode == 0, found.stdout
    return found.stdout


def test_the_wheel_has_every_file_of_the_packages(python: Path, tmp_path: Path) -> None:
    tracked = subprocess.check_output(["git", "ls-files", *PACKAGES], cwd=paths.ROOT, text=True)
    installed = run(python, "-c", FILES, cwd=tmp_path).splitlines()
    assert sorted(set(tracked.splitlines()) - set(installed)) == []


def test_a_small_book_is_run_and_built(python: Path, book: Path) -> None:
    assert run(python, "-m", "nbclaims", "notebooks", cwd=book) == "labs/sample/sample.ipynb\n"
    options = ["-p", "nbclaims.pytest_plugin", "-p", "no:cacheprovider", "--strict-markers"]
    assert "1 passed" in run(python, "-m", "pytest", *options, cwd=book)
    run(python, "-m", "sphinx", "-n", "-W", "-b", "html", ".", "_build/html", cwd=book)
    pages = sorted(path.name for path in (book / "_build/html").rglob("*.html"))
    assert {"index.html", "chapter.html", "sample.html"} <= set(pages)
    chapter = BeautifulSoup((book / "_build/html/chapter.html").read_text(), "html.parser")
    note = " ".join(chapter.select_one(".mark-note").get_text(" ").split())
    assert note.startswith("The number is large. Observed. Observed number 7.")
    lab = (book / "_build/html/labs/sample/sample.html").read_text()
    assert lab.count('id="claim-number-is-large"') == 1
