"""The source text, sentence by sentence, and what the book makes of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VERDICTS = ("covered", "corrected", "to come")


@dataclass(frozen=True)
class Statement:
    """One sentence or label of the source text.

    Attributes:
        part: the section of the source text it stands in.
        quote: its words, unchanged.
        verdict: `covered` (the runs show it as it stands), `corrected` (they show something
            else or more) or `to come` (its chapter isn't in this edition).
        correction: what is the case instead; empty unless corrected.
        claims: the names of the claims that show it; empty while to come.
    """

    part: str
    quote: str
    verdict: str
    correction: str
    claims: tuple[str, ...]


class BadStatement(ValueError):
    """An entry of the statements' file that contradicts itself; the text says how."""


def statements(path: Path) -> tuple[Statement, ...]:
    """Return the statements written in the YAML file at `path`; none if there is no such file.

    Raises:
        BadStatement: an entry has no such verdict, or a verdict without what it rests on.
    """
    if not path.exists():
        return ()
    parts = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_statement(part["part"], entry) for part in parts for entry in part["statements"])


def _statement(part: str, entry: dict[str, Any]) -> Statement:
    statement = Statement(
        part=part,
        quote=entry["quote"],
        verdict=entry.get("verdict", "to come"),
        correction=entry.get("correction", ""),
        claims=tuple(entry.get("claims", ())),
    )
    quote = f"the statement {statement.quote!r}"
    if statement.verdict not in VERDICTS:
        raise BadStatement(f"{quote} is {statement.verdict!r}: use one of {', '.join(VERDICTS)}.")
    if bool(statement.claims) != (statement.verdict != "to come"):
        raise BadStatement(
            f"{quote} is {statement.verdict} with {len(statement.claims)} claims: "
            "a verdict rests on claims, and a statement without claims is to come."
        )
    if bool(statement.correction) != (statement.verdict == "corrected"):
        raise BadStatement(f"{quote} is {statement.verdict}: a correction goes with `corrected`.")
    return statement
