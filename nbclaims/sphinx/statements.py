"""The statements of a source text, and the verdict that the book's claims support."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VERDICTS = {
    "wrong": "The runs show something else.",
    "true but incomplete": "True in the common case, but it omits a condition that matters.",
    "only named": "A heading or a label of a figure: it names a topic and states nothing.",
    "true": "The runs show these sentences as they are.",
    "to come": "No lab of this edition tests these sentences.",
}
"""Each verdict with its meaning, in the order in which a page lists them."""

WITH_CORRECTION = ("wrong", "true but incomplete", "only named")


@dataclass(frozen=True)
class Statement:
    """One sentence or label of the source text.

    Attributes:
        part: The section of the source text that contains it.
        quote: Its words, unchanged.
        verdict: One of `VERDICTS`.
        correction: What holds instead or in addition; empty if it is true or to come.
        claims: The names of the claims that show it; empty if it is to come.
    """

    part: str
    quote: str
    verdict: str
    correction: str
    claims: tuple[str, ...]


class BadStatement(ValueError):
    """An entry of the statements' file that contradicts itself; the text says how."""


def statements(path: Path) -> tuple[Statement, ...]:
    """Return the statements in the YAML file at `path`, or none if the file doesn't exist.

    Raises:
        BadStatement: An entry has an unknown verdict, or a verdict without its claims or text.
    """
    if not path.exists():
        return ()
    parts = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_statement(part["part"], entry) for part in parts for entry in part["statements"])


def _statement(part: str, entry: dict[str, Any]) -> Statement:
    # YAML reads a bare `true` as a boolean.
    verdict = entry.get("verdict", "to come")
    statement = Statement(
        part=part,
        quote=entry["quote"],
        verdict="true" if verdict is True else verdict,
        correction=entry.get("correction", ""),
        claims=tuple(entry.get("claims", ())),
    )
    quote = f"the statement {statement.quote!r}"
    if statement.verdict not in VERDICTS:
        raise BadStatement(
            f"{quote} has the verdict {statement.verdict!r}: use one of {', '.join(VERDICTS)}."
        )
    if bool(statement.claims) != (statement.verdict != "to come"):
        raise BadStatement(
            f"{quote} has the verdict `{statement.verdict}` and {len(statement.claims)} claims: "
            "every verdict needs claims, except `to come`, which has none."
        )
    if bool(statement.correction) != (statement.verdict in WITH_CORRECTION):
        raise BadStatement(
            f"{quote} has the verdict `{statement.verdict}`: a correction goes with "
            f"{', '.join(f'`{one}`' for one in WITH_CORRECTION)}, and with no other verdict."
        )
    return statement
