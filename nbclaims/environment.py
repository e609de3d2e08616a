"""Where claims are observed: whatever connects to a system describes it here, for the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Environment:
    """The system that a run observes.

    Attributes:
        version: the version of what the claims are about, such as `v1.37.2`.
        description: what kind of system it is, in words.
    """

    version: str
    description: str


def _unknown() -> Environment | None:
    return None


describe: Callable[[], Environment | None] = _unknown
"""Describes the environment of this process. A library that connects to a system replaces it."""
