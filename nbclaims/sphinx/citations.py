"""The role {claim}`name`, and the memory of which page cites what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.domains import Domain
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxRole


class claim_citation(nodes.Inline, nodes.Element):
    """A chapter's citation of a claim: `name`, `serial` on its page, and whether it is the `first`.

    It stays unresolved until it is written, so that a new run changes pages without reading them
    again.
    """


class claim_listing(nodes.General, nodes.Element):
    """A place where a page lists claims, runs or statements: `template` says which and how."""


class ClaimDomain(Domain):
    """Remembers, over incremental builds, which pages cite claims and which list them."""

    name = "claim"
    label = "Claims"
    # A class attribute, because Sphinx copies it for each build.
    initial_data: dict[str, Any] = {"citations": {}, "listings": []}  # noqa: RUF012

    @property
    def citations(self) -> dict[str, list[tuple[str, int]]]:
        """For every page the claims it cites, in order, each with its line."""
        found: dict[str, list[tuple[str, int]]] = self.data["citations"]
        return found

    @property
    def listings(self) -> list[str]:
        """The pages with a listing."""
        found: list[str] = self.data["listings"]
        return found

    def cited(self) -> Iterator[tuple[str, str]]:
        """Yield every citation: the claim's name, and where it is cited, for a person to read."""
        for page, names in sorted(self.citations.items()):
            for name, line in names:
                yield name, f"{self.env.doc2path(page, base=False)}, line {line}"

    def pages_citing(self, name: str) -> list[str]:
        """Return the pages that cite the claim."""
        return [
            page
            for page, names in sorted(self.citations.items())
            if any(name == cited for cited, _ in names)
        ]

    def clear_doc(self, docname: str) -> None:
        """Forget a page that is read again, or gone."""
        self.citations.pop(docname, None)
        if docname in self.listings:
            self.listings.remove(docname)

    def merge_domaindata(self, docnames: list[str], otherdata: dict[str, Any]) -> None:
        """Take over what a parallel reader found in its pages."""
        for page in docnames:
            if page in otherdata["citations"]:
                self.citations[page] = otherdata["citations"][page]
            if page in otherdata["listings"]:
                self.listings.append(page)


def claim_domain(env: BuildEnvironment) -> ClaimDomain:
    """Return the build's memory of citations."""
    domain = env.get_domain(ClaimDomain.name)
    assert isinstance(domain, ClaimDomain)
    return domain


class ClaimRole(SphinxRole):
    """{claim}`name`: a mark behind a sentence that links to the run that shows it."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Put a citation into the page and note it."""
        name = self.text.strip()
        on_this_page = claim_domain(self.env).citations.setdefault(self.env.docname, [])
        first = all(name != cited for cited, _ in on_this_page)
        node = claim_citation(name=name, serial=len(on_this_page), first=first)
        on_this_page.append((name, self.lineno))
        return [node], []


def keep_with_sentence(doctree: nodes.document) -> None:
    """Keep each claim link on one line with the word before it and the punctuation after it."""
    for mark in list(doctree.findall(claim_citation)):
        sentence = mark.parent
        position = sentence.index(mark)
        bound = nodes.inline(classes=["claim-bound"])
        before = sentence[position - 1] if position else None
        if isinstance(before, nodes.Text):
            rest, word = _split(r"(.*?)(\S*\s*)", before)
            sentence.replace(before, nodes.Text(rest))
            bound += nodes.Text(word)
        sentence.replace(mark, bound)
        bound += mark
        behind = sentence[position + 1] if position + 1 < len(sentence) else None
        if isinstance(behind, nodes.Text):
            punctuation, rest = _split(r"([.,;:!?)]*)(.*)", behind)
            sentence.replace(behind, nodes.Text(rest))
            bound += nodes.Text(punctuation)


def _split(pattern: str, text: str) -> tuple[str, str]:
    found = re.fullmatch(pattern, text, re.DOTALL)
    assert found, "the pattern matches any text"
    return found[1], found[2]
