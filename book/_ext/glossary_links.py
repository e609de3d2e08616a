"""Links the first use of each glossary term on a page of the book to its definition.

An author may link a term with {term}; then that link is the one. Text in headings, in code and in
links stays as it is. A term that is written in lower case is also found at the beginning of a
sentence; other terms are found as they are written. Both are found in the plural.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

GLOSSARY = "book/about/glossary"
ENTRY = re.compile(r"^(?P<term>\S.*)\n: (?P<definition>.*)$", re.MULTILINE)
"""A term of a definition list in Markdown, and the first sentence of its definition."""
ROLE = re.compile(r"\{[a-z]+\}`([^`<]*?)(?: <[^>]*>)?`|\[([^\]]*)\]\([^)]*\)|[`*]")
"""What is left out of a definition that is shown as plain text."""

NOT_IN = (
    nodes.title,
    nodes.literal,
    nodes.literal_block,
    nodes.reference,
    nodes.rubric,
    nodes.raw,
    addnodes.pending_xref,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_transform(LinkTerms)
    app.add_post_transform(DefineTerms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


# Each page needs the same of the same glossary.
@cache
def terms(glossary: str) -> tuple[str, ...]:
    """Return the terms of a glossary's text."""
    return tuple(entry["term"] for entry in ENTRY.finditer(glossary))


@cache
def definitions(glossary: str) -> dict[str, str]:
    """Return the first sentence of each term's definition as plain text, by the term's anchor."""
    return {
        anchor(entry["term"]): ROLE.sub(lambda m: m[1] or m[2] or "", entry["definition"])
        for entry in ENTRY.finditer(glossary)
    }


def anchor(term: str) -> str:
    """Return the id of a term in the glossary, in lower case: `term-kube-proxy`."""
    return f"term-{re.sub('[^a-z0-9]+', '-', term.lower()).strip('-')}"


@cache
def pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that finds terms as words; each term has a group."""
    groups = []
    # The longest first: `cluster IP` is no `cluster`.
    for number, name in sorted(enumerate(names), key=lambda pair: -len(pair[1])):
        first, rest = re.escape(name[0]), re.escape(name[1:])
        first = f"[{name[0]}{name[0].upper()}]" if name[0].islower() else first
        groups.append(f"(?P<t{number}>{first}{rest}(?:e?s)?)")
    return re.compile(rf"(?<![\w-])(?:{'|'.join(groups)})(?![\w-])")


class LinkTerms(SphinxTransform):
    """Puts the links into a page while it is read."""

    # After the text is complete, and before references are collected.
    default_priority = 215

    def apply(self, **kwargs: Any) -> None:
        """Link each term once."""
        page = self.env.docname
        if not page.startswith("book/") or page == GLOSSARY:
            return
        self.env.note_dependency(self.env.doc2path(GLOSSARY))
        names = terms(_text(self.env))
        linked = {
            reference["reftarget"].lower()
            for reference in self.document.findall(addnodes.pending_xref)
            if reference.get("reftype") == "term"
        }
        found = pattern(names)
        for text in list(self.document.findall(nodes.Text)):
            if not any(isinstance(parent, NOT_IN) for parent in _parents(text)):
                self._link(text, found, names, linked)

    def _link(
        self, text: nodes.Text, found: re.Pattern[str], names: Sequence[str], linked: set[str]
    ) -> None:
        pieces: list[nodes.Node] = []
        end = 0
        for match in found.finditer(text):
            name = names[int(str(match.lastgroup)[1:])]
            if name.lower() in linked:
                continue
            linked.add(name.lower())
            pieces += [nodes.Text(text[end : match.start()]), self._reference(name, match[0])]
            end = match.end()
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(text[end:])])

    def _reference(self, name: str, shown: str) -> addnodes.pending_xref:
        reference = addnodes.pending_xref(
            "",
            nodes.inline("", shown, classes=["xref", "std", "std-term"]),
            refdomain="std",
            reftype="term",
            reftarget=name,
            refexplicit=True,
            refwarn=True,
        )
        reference["refdoc"] = self.env.docname
        return reference


class DefineTerms(SphinxPostTransform):
    """Gives each link to a term its definition as a title, which browsers show on hover."""

    default_priority = 20  # after references are resolved
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Set the titles of the links of a page."""
        defined = definitions(_text(self.env))
        for link in self.document.findall(nodes.reference):
            target = str(link.get("refuri", "")).rpartition("#")[2].lower()
            if target in defined:
                link["reftitle"] = defined[target]


def _text(env: BuildEnvironment) -> str:
    return Path(env.doc2path(GLOSSARY)).read_text(encoding="utf-8")


def _parents(node: nodes.Node) -> Iterator[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node
