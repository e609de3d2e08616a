"""Expected values that aren't one exact value: `restarts` is `at_least(3)`."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

from nbclaims.words import words


@dataclass(frozen=True)
class Matcher:
    """A test of a value, with its description for failures and for the evidence."""

    text: str
    test: Callable[[Any], bool]

    def __repr__(self) -> str:
        return self.text


def at_least(least: float) -> Matcher:
    """Match a number that is this large or larger."""
    return Matcher(f"at least {least}", lambda value: value >= least)


def at_most(most: float) -> Matcher:
    """Match a number that is this small or smaller."""
    return Matcher(f"at most {most}", lambda value: value <= most)


def between(least: float, most: float) -> Matcher:
    """Match a number in a range, both ends included."""
    return Matcher(f"between {least} and {most}", lambda value: least <= value <= most)


def one_of(*values: Any) -> Matcher:
    """Match any of these values."""
    return Matcher(f"one of {', '.join(map(words, values))}", lambda value: value in values)


def contains(part: Any) -> Matcher:
    """Match a text with this part, or a collection with this member."""

    def test(value: Container[Any]) -> bool:
        return part in value

    return Matcher(f"contains {words(part)}", test)


def agrees(expected: Any, observed: Any) -> bool:
    """Return whether an observation is what is expected; lists and dicts may contain matchers.

    None agrees with no matcher: what wasn't observed proves nothing.
    """
    if isinstance(expected, Matcher):
        return observed is not None and expected.test(observed)
    if isinstance(expected, list | tuple):
        return (
            isinstance(observed, list | tuple)
            and len(observed) == len(expected)
            and all(map(agrees, expected, observed))
        )
    if isinstance(expected, Mapping):
        return (
            isinstance(observed, Mapping)
            and observed.keys() == expected.keys()
            and all(agrees(value, observed[key]) for key, value in expected.items())
        )
    return bool(expected == observed)
