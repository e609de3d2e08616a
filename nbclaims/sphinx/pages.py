"""How claims look on the pages: everything here ends in one of the templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from markupsafe import Markup, escape
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from sphinx.writers.text import TextTranslator

from nbclaims.templating import environment_of
from nbclaims.words import in_words

from .citations import claim_citation, claim_domain, claim_listing
from .ledger import Claim, Ledger, Verdict, ledger_of
from .statements import VERDICTS


def prose(text: str) -> Markup:
    """Return text as HTML: `backticked` words as code, apostrophes as printers set them."""
    parts = text.split("`")
    parts[::2] = [
        escape(words.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")) for words in parts[::2]
    ]
    parts[1::2] = [Markup("<code>{}</code>").format(code) for code in parts[1::2]]
    return Markup("").join(parts)


_templates = environment_of(Path(__file__).with_name("templates"))


def sentence(text: str) -> str:
    """Return words as a sentence: only the first letter becomes a capital."""
    return f"{text[:1].upper()}{text[1:]}."


_templates.filters.update(in_words=in_words, prose=prose, sentence=sentence)
_templates.globals.update(Verdict=Verdict, verdicts=VERDICTS)


class ListingDirective(SphinxDirective):
    """A listing of the book's own facts, made from the template that the directive is named for."""

    def run(self) -> list[nodes.Node]:
        """Put the listing into the page; it is filled when the page is written."""
        claim_domain(self.env).listings.append(self.env.docname)
        return [claim_listing(template=f"{self.name}.html")]


def anchor_claims_not_run(doctree: nodes.document, page: str, ledger: Ledger) -> None:
    """Give the claims of a lab that left no record an anchor on its page, at their cells.

    A claim that was made brings its anchor with its output.
    """
    waiting: dict[int, list[str]] = {}
    for claim in ledger.claims.values():
        if claim.site.page == page and claim.verdict is Verdict.NOT_RUN:
            waiting.setdefault(claim.site.cell, []).append(claim.anchor)
    for cell in doctree.findall(nodes.container):
        cell["ids"] += waiting.get(cell.get("cell_index"), [])


def visit_citation(translator: HTML5Translator, node: claim_citation) -> None:
    """Write the mark of a cited claim; an unknown one, which fails the build, has none."""
    claim = _ledger(translator).claims.get(node["name"])
    if claim is None:
        raise nodes.SkipNode
    translator.body.append(
        _templates.get_template("citation.html")
        .render(
            claim=claim,
            serial=node["serial"],
            first=node["first"],
            subject=translator.builder.config.claims_subject,
            ledger_page=translator.builder.config.claims_ledger,
            **_links(translator),
        )
        .strip()
    )
    raise nodes.SkipNode


def visit_listing(translator: HTML5Translator, node: claim_listing) -> None:
    """Write a listing from its template."""
    ledger = _ledger(translator)
    domain = claim_domain(translator.builder.env)
    context = {
        "ledger": ledger,
        "claims": ledger.claims,
        "pages_citing": domain.pages_citing,
        "subject": translator.builder.config.claims_subject,
        "versions": translator.builder.config.claims_versions,
        **_links(translator),
    }
    translator.body.append(_templates.get_template(node["template"]).render(context))
    raise nodes.SkipNode


def visit_citation_as_text(translator: TextTranslator, node: claim_citation) -> None:
    """Write the mark of a cited claim where there are no links."""
    translator.add_text(f"[{node['name']}]")
    raise nodes.SkipNode


def _ledger(translator: HTML5Translator) -> Ledger:
    return ledger_of(translator.builder.env)


def _links(translator: HTML5Translator) -> dict[str, Any]:
    """Return the functions by which a template names and addresses pages."""
    builder = translator.builder

    def link(page: str, anchor: str = "") -> str:
        return builder.get_relative_uri(builder.current_docname, page) + (anchor and f"#{anchor}")

    def claim_link(claim: Claim) -> str:
        return link(claim.site.page, claim.anchor)

    return {
        "link": link,
        "claim_link": claim_link,
        "title": lambda page: builder.env.titles[page].astext(),
    }
