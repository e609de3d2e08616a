"""Sphinx extension: sphinx-exercise without the ids that it gives to every exercise alike.

It wraps the text of each exercise and solution into a section with the same id, and a page with
two exercises then has two elements of one id, which HTML forbids.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

SHARED_IDS = (["exercise-content"], ["solution-content"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.setup_extension("sphinx_exercise")
    app.connect("doctree-resolved", _drop_shared_ids)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _drop_shared_ids(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for section in doctree.findall(nodes.section):
        if section["ids"] in SHARED_IDS:
            section["ids"] = []
