"""The learner's copies of the labs: changes stay, and the book's own files stay as they are."""

import json
from pathlib import Path

import pytest

from cluster import paths
from kubelab import needs
from kubelab.workplace import START, Workplace, write_settings
from nbclaims import labs

LAB = """\
---
kernelspec: {display_name: Python 3, language: python, name: python3}
lab: {needs: [nodes]}
---

# A lab

```{code-cell} ipython3
1
```
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "_toc.yml").write_text("root: book/a\nchapters:\n- file: labs/x/x\n")
    folder = tmp_path / "labs/x"
    (folder / "manifests").mkdir(parents=True)
    (folder / "x.md").write_text(LAB)
    (folder / "manifests/pod.yaml").write_text("old")
    (folder / "mutants.yaml").write_text("[]")
    list(labs.write_notebooks(tmp_path))
    return tmp_path


def copies(root: Path) -> set[str]:
    folder = root / "my-labs"
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_a_copy_has_the_notebook_and_the_manifests_and_not_what_authors_need(root: Path):
    assert Workplace(root).update() == []
    assert copies(root) == {".copied.json", START, "x/x.ipynb", "x/manifests/pod.yaml"}
    assert needs.declared(root / "my-labs/x/x.md") == ["nodes"]


def test_the_start_page_links_the_labs(root: Path):
    Workplace(root).update()
    assert "- [A lab](x/x.ipynb): 1 cells" in (root / "my-labs" / START).read_text()


def test_settings_of_the_learner_stay(tmp_path: Path):
    write_settings(tmp_path)
    news = tmp_path / "@jupyterlab/apputils-extension"
    [file] = news.iterdir()
    assert json.loads(file.read_text())["fetchNews"] == "false"
    file.write_text("{}")
    write_settings(tmp_path)
    assert file.read_text() == "{}"


def test_a_changed_copy_stays_and_others_follow_the_book(root: Path):
    workplace = Workplace(root)
    workplace.update()
    original, copy = root / "labs/x/manifests/pod.yaml", root / "my-labs/x/manifests/pod.yaml"
    original.write_text("new")
    assert workplace.update() == []
    assert copy.read_text() == "new"
    copy.write_text("mine")
    assert workplace.update() == []
    original.write_text("newer")
    assert workplace.update() == ["x/manifests/pod.yaml"]
    assert copy.read_text() == "mine"
    copy.unlink()
    assert workplace.update() == []
    assert copy.read_text() == "newer"


def test_every_lab_of_the_book_is_in_the_table_of_contents():
    assert Workplace(paths.ROOT)._in_order() != []
    assert sorted(Workplace(paths.ROOT)._in_order()) == labs.sources(paths.ROOT)
