"""Sphinx extension: what a link to a page shows where it is shared (Open Graph)."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from markupsafe import escape
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("html-page-context", _add_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def first_paragraph(doctree: nodes.document) -> str:
    """Return the page's opening words: its first paragraph, which says the page's purpose."""
    paragraph = doctree.next_node(nodes.paragraph)
    return " ".join(paragraph.astext().split()) if paragraph else ""


def _add_tags(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    if doctree is None:
        return
    summary = first_paragraph(doctree)
    tags = {
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:title": context["title"],
        "og:description": summary,
    }
    if app.config.html_baseurl:
        tags["og:url"] = f"{app.config.html_baseurl.rstrip('/')}/{pagename}.html"
    context["metatags"] += f'<meta name="description" content="{escape(summary)}" />\n'
    context["metatags"] += "".join(
        f'<meta property="{escape(name)}" content="{escape(content)}" />\n'
        for name, content in tags.items()
    )
