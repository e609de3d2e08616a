"""Sphinx extension: puts the drawings of Mermaid diagrams into the pages.

sphinxcontrib-mermaid brings the directive and the caption. `make diagrams` writes the drawings into
book/_diagrams (drawing.py); a page has those of both themes, and shows one of them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator
from sphinxcontrib.mermaid import mermaid

VERSION = "11.17.2"
"""The version of Mermaid that draws."""

FOLDER = Path(__file__).parents[1] / "_diagrams"
THEMES = ("light", "dark")

logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.setup_extension("sphinxcontrib.mermaid")
    # Any value but "raw" keeps sphinxcontrib-mermaid from adding its script to the pages.
    app.connect("config-inited", lambda _, config: setattr(config, "mermaid_output_format", "svg"))
    app.add_node(mermaid, override=True, html=(visit_diagram, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def drawing(code: str, theme: str) -> Path:
    """Return the file with a diagram's drawing, which depends on its code and Mermaid's version."""
    digest = hashlib.sha256(f"{VERSION}\n{code.strip()}".encode()).hexdigest()[:12]
    return FOLDER / f"diagram-{digest}-{theme}.svg"


def visit_diagram(translator: HTML5Translator, node: mermaid) -> None:
    """Write a diagram's drawings, or its source if it was not drawn."""
    files = [(theme, drawing(node["code"], theme)) for theme in THEMES]
    if all(file.exists() for _, file in files):
        for theme, file in files:
            svg = file.read_text(encoding="utf-8")
            translator.body.append(f'<div class="diagram diagram-{theme}">{svg}</div>')
    else:
        logger.warning("a diagram is not drawn: run `make diagrams`", location=node)
        translator.body.append(f'<pre class="diagram">{translator.encode(node["code"])}</pre>')
    raise nodes.SkipNode
