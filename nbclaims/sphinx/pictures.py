"""The directive {measured}: a picture or a table of a lab's run, in a chapter."""

from __future__ import annotations

import re

import nbformat
from docutils import nodes
from markupsafe import escape
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from .citations import claim_domain
from .ledger import ledger_of
from .runs import Run


class measured_picture(nodes.General, nodes.Element):
    """A lab's picture: `lab` is the lab's name, `name` the id of the SVG or the table."""


class PictureMissing(SphinxError):
    """A lab's run drew no picture and no table of that name."""

    category = "Claims error"


class MeasuredDirective(SphinxDirective):
    """A figure with a picture or a table from a lab's run; its content is the caption."""

    required_arguments = 2
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Put the figure into the page; the picture is looked up when the page is written."""
        claim_domain(self.env).listings.append(self.env.docname)
        lab, name = self.arguments
        figure = nodes.figure("", measured_picture(lab=lab, name=name))
        caption, messages = self.state.inline_text(" ".join(self.content), self.lineno)
        figure += nodes.caption("", "", *caption)
        self.set_source_info(figure)
        return [figure, *messages]


def visit_picture(translator: HTML5Translator, node: measured_picture) -> None:
    """Write the picture, or that there was no run to draw it.

    Raises:
        PictureMissing: there was a run, and it drew no such picture.
    """
    page = f"labs/{node['lab']}/{node['lab']}"
    ledger = ledger_of(translator.builder.env)
    run = ledger.runs.get(page)
    if run is None:
        translator.body.append(f'<p class="claim-not-run">{escape(ledger.not_run(page))}</p>')
    else:
        builder = translator.builder
        here = builder.get_relative_uri(builder.current_docname, page)
        # A grid's cells link to the claims of its lab, on whose page they stand.
        picture = _picture(run, node["name"]).replace("href='#claim-", f"href='{here}#claim-")
        # A wide table scrolls in its frame, which therefore has to be reached by keyboard.
        frame = f' table-frame" role="region" aria-labelledby="{node["name"]}-title" tabindex="0'
        frame = frame if picture.startswith("<table") else ""
        translator.body.append(f'<div class="measured{frame}">{picture}</div>')
    raise nodes.SkipNode


def _picture(run: Run, name: str) -> str:
    for cell in nbformat.reads(run.notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            text: str = output.get("data", {}).get("text/html", "")
            if re.search(rf"""id=["']{name}-title["']""", text):
                return text
    raise PictureMissing(
        f"The run of {run.page} drew no picture {name!r}: a picture's name is `plot-` and its "
        "title in small letters, with hyphens; a table's begins with `table-`."
    )
