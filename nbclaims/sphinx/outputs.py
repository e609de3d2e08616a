"""The directive {output}: what a cell of a lab printed in its run, in a chapter."""

from __future__ import annotations

import re
import textwrap

import nbformat
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from nbclaims import labs

from .citations import claim_domain
from .ledger import ledger_of
from .runs import Run

NAMESPACE = re.compile(r"^(\$ .*?) -n [a-z0-9-]+-[0-9a-f]{6}\b", re.MULTILINE)
"""The option with the random name of a run's namespace, in a command line."""

WIDTH = 84
"""The most characters in a line of a command, so that a page at a desk shows it whole."""


class OutputDirective(SphinxDirective):
    """What the cell with a tag printed: `{output} lab tag`. Its content is the caption."""

    required_arguments = 2
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Put the commands and their output into the page, or that the lab was not run."""
        claim_domain(self.env).listings.append(self.env.docname)
        lab, tag = self.arguments
        ledger = ledger_of(self.env)
        page = f"labs/{lab}/{lab}"
        run = ledger.runs.get(page)
        if run is None:
            return [nodes.paragraph("", ledger.not_run(page), classes=["claim-not-run"])]
        text = _printed(run, tag)
        if text is None:
            raise self.error(
                f"No code cell of the lab {lab} has the tag {tag!r} and printed something. "
                f"Next: write `:tags: [{tag}]` below the cell's first line in {page}.md."
            )
        block = nodes.literal_block(text, text, language="text", classes=["run-output"])
        self.set_source_info(block)
        if not self.content:
            return [block]
        caption, messages = self.state.inline_text(" ".join(self.content), self.lineno)
        container = nodes.container("", classes=["literal-block-wrapper"])
        container += nodes.paragraph("", "", *caption, classes=["code-block-caption"])
        container += block
        return [container, *messages]


def _printed(run: Run, tag: str) -> str | None:
    """Return what the cell with a tag printed; None if there is none, or it printed nothing."""
    for cell in labs.code(nbformat.reads(run.notebook, as_version=4)):
        if tag in cell.metadata.get("tags", []):
            streams = (one.text for one in cell.outputs if one.output_type == "stream")
            text = NAMESPACE.sub(r"\1", "".join(streams)).strip()
            return "\n".join(map(_folded, text.splitlines())) or None
    return None


def _folded(line: str) -> str:
    """Return a long command over several lines, as a person would type it into a shell."""
    if not line.startswith("$ "):
        return line
    return " \\\n".join(
        textwrap.wrap(
            line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
    )
