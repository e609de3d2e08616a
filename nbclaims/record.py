"""The record of a claim: what a run writes into a notebook's output, and what the book reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MIME_TYPE = "application/vnd.nbclaims.claim+json"

SCHEMA = 2
"""The version of the record's fields. 1 had `story`, `kubernetes` and `cluster`."""

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""A claim's name, which is part of links: lowercase words and digits, joined by single hyphens."""


@dataclass(frozen=True)
class Record:
    """A claim and its verdict, as the evidence keeps it.

    Attributes:
        observed: the observed values by name, as JSON has them.
        expected: the expected values by the same names; text where a matcher stands for a value.
        timeline: what happened, in order: `at` (seconds), `who`, `what`.
        version: the version of the environment; None if none was connected.
        environment: what kind of environment it was, in words.
        at: when the claim was made, ISO 8601 in UTC.
        schema: the version of these fields.
    """

    name: str
    sentence: str
    holds: bool
    observed: dict[str, Any]
    expected: dict[str, Any]
    because: str
    timeline: list[dict[str, Any]]
    version: str | None
    environment: str | None
    at: str
    schema: int = SCHEMA

    @property
    def day(self) -> str:
        """The day of the run, such as `2026-11-22`."""
        return self.at[:10]

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """Return the record that `to_json` wrote.

        Raises:
            UnknownSchema: another version of this package wrote it.
        """
        if data.get("schema") != SCHEMA:
            raise UnknownSchema(
                f"the record of claim {data.get('name')!r} has schema {data.get('schema')}, "
                f"this version of nbclaims reads schema {SCHEMA}\n"
                "  Next: run the lab again"
            )
        return cls(**data)


class UnknownSchema(ValueError):
    """A record that another version of this package wrote."""


def anchor(name: str) -> str:
    """Return the id of a claim's place on a page."""
    return f"claim-{name}"
