"""Where claims are observed: whatever connects to a system describes it here, for the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Environment:
    """The system that a run observes.

    Attributes:
        version: the version of what the claims are about, such as `v1.37.2`.
        description: what kind of system it is, in words.
        name: its name among the environments that the book's runs may have (provenance.py).
        ingredients: digests of what it is made of, by name.
    """

    version: str
    description: str
    name: str = ""
    ingredients: Mapping[str, str] = field(default_factory=dict)


def _unknown() -> Environment | None:
    return None


describe: Callable[[], Environment | None] = _unknown
"""Describes the environment of this process. A library that connects to a system replaces it."""
