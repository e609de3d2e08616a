"""The first use of a glossary term on a page is a link to its definition."""

import io
from pathlib import Path

import pytest
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from book._ext import glossary_links

GLOSSARY = (
    "# Glossary\n\n{.glossary}\nPod\n: Containers.\n\ncluster\n: Nodes.\n\ncluster IP\n: An IP.\n"
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Two Pods on a node", ["Pods"]),
        ("Clusters have a cluster IP", ["Clusters", "cluster IP"]),
        ("a pod, a subcluster, cluster-wide", []),
    ],
)
def test_terms_are_found_as_words_also_in_the_plural(text: str, found: list[str]):
    pattern = glossary_links.pattern(glossary_links.terms(GLOSSARY))
    assert [match[0] for match in pattern.finditer(text)] == found


def test_each_term_is_linked_once_and_not_in_headings_or_code(tmp_path: Path):
    (tmp_path / "book/about").mkdir(parents=True)
    (tmp_path / "conf.py").write_text("")
    (tmp_path / "index.md").write_text("# Book\n\n```{toctree}\n:glob:\nbook/**\n```\n")
    (tmp_path / "book/about/glossary.md").write_text(GLOSSARY)
    (tmp_path / "book/page.md").write_text(
        "# A Pod\n\n`Pod`. A Pod is in a cluster. "
        "Another Pod, a {term}`cluster IP`, a cluster IP.\n"
    )
    warnings = io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            tmp_path,
            tmp_path,
            tmp_path / "_build",
            tmp_path / "_build/doctrees",
            "html",
            confoverrides={
                "extensions": ["myst_nb", "book._ext.glossary_links"],
                "nb_execution_mode": "off",
                "myst_enable_extensions": ["attrs_block", "deflist"],
            },
            status=None,
            warning=warnings,
        )
        app.build()
    page = app.env.get_doctree("book/page")
    linked = [one.astext() for one in page.findall(addnodes.pending_xref)]
    assert linked == ["Pod", "cluster", "cluster IP"]
    assert all(isinstance(one[0], nodes.inline) for one in page.findall(addnodes.pending_xref))
    assert 'title="An IP."' in (tmp_path / "_build/book/page.html").read_text()
    assert warnings.getvalue() == ""


def test_a_definition_is_shown_as_plain_text():
    text = "Pod\n: A {term}`container <x>`s group in a {term}`node`, see [this](that.md) `field`.\n"
    assert glossary_links.definitions(text) == {
        "term-pod": "A containers group in a node, see this field."
    }


def test_a_definition_is_found_by_the_anchor_of_its_term():
    found = glossary_links.definitions("kube-proxy\n: An agent.\n\nkind (tool)\n: A program.\n")
    assert found == {"term-kube-proxy": "An agent.", "term-kind-tool": "A program."}
