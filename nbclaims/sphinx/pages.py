"""How claims look on the pages: everything here ends in one of the templates."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from docutils import nodes
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from sphinx.writers.text import TextTranslator

from .citations import claim_citation, claim_domain, claim_listing
from .ledger import Claim, Ledger, Verdict, ledger_of

MANY = 8
"""Of more values than these, equal ones are counted: nobody reads a long list."""


def in_words(values: dict[str, Any]) -> str:
    """Return observed or expected values as a person would say them: `phase Failed, restarts 0`.

    Of many, those that are alike are counted: `24 times restarted`.
    """
    separator = "; " if any(isinstance(value, list | dict) for value in values.values()) else ", "
    said = {key.replace("_", " "): _value(value) for key, value in values.items()}
    alike = Counter(said.values() if len(said) > MANY else ())
    parts = (
        f"{alike[word]} times {word}" if alike[word] > 1 else f"{key} {word}"
        for key, word in said.items()
    )
    return separator.join(dict.fromkeys(parts))


def _value(value: Any) -> str:
    match value:
        case bool() | None:
            return {True: "yes", False: "no", None: "none"}[value]
        case float():
            return f"{round(value, 2):g}"
        case list():
            return ", ".join(_value(item) for item in value) or "none"
        case dict():
            return f"({in_words(value)})"
        case _:
            return str(value)


def prose(text: str) -> Markup:
    """Return text as HTML: `backticked` words as code, apostrophes as printers set them."""
    parts = text.split("`")
    parts[::2] = [
        escape(words.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")) for words in parts[::2]
    ]
    parts[1::2] = [Markup("<code>{}</code>").format(code) for code in parts[1::2]]
    return Markup("").join(parts)


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def sentence(text: str) -> str:
    """Return words as a sentence: only the first letter becomes a capital."""
    return f"{text[:1].upper()}{text[1:]}."


_templates.filters.update(in_words=in_words, prose=prose, sentence=sentence)
_templates.globals.update(Verdict=Verdict)


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
    waiting = {
        claim.site.cell: claim
        for claim in ledger.claims.values()
        if claim.site.page == page and claim.verdict is Verdict.NOT_RUN
    }
    for cell in doctree.findall(nodes.container):
        if claim := waiting.get(cell.get("cell_index")):
            cell["ids"].append(claim.anchor)


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
