"""Observed and expected values in words: one way for boxes, failures and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

MANY = 8
"""Of more values than these, equal ones are counted: a long list is not readable."""


def in_words(values: Mapping[str, Any]) -> str:
    """Return named values as a sentence's part: `phase Failed, restarts 0`.

    Of many values, equal ones are counted.

    >>> in_words({"phase": "Failed", "exit_code": 1})
    'phase Failed, exit code 1'
    >>> in_words(dict.fromkeys("abcdefghi", "restarted"))
    '9 times restarted'
    """
    nested = any(isinstance(value, list | tuple | Mapping) for value in values.values())
    said = {str(key).replace("_", " "): words(value) for key, value in values.items()}
    alike = Counter(said.values() if len(said) > MANY else ())
    parts = (
        f"{alike[word]} times {word}" if alike[word] > 1 else f"{key} {word}"
        for key, word in said.items()
    )
    return ("; " if nested else ", ").join(dict.fromkeys(parts))


def words(value: Any) -> str:
    """Return one value as a person says it.

    >>> words(True), words(None), words(10.0468), words(["Running", 1])
    ('yes', 'none', '10.05', 'Running, 1')
    """
    match value:
        case bool() | None:
            return {True: "yes", False: "no", None: "none"}[value]
        case float():
            return f"{round(value, 2):g}"
        case list() | tuple():
            return ", ".join(map(words, value)) or "none"
        case Mapping():
            return f"({in_words(value)})" if value else "none"
        case _:
            return str(value)


def apart(expected: Any, observed: Any) -> tuple[str, str]:
    """Return two values that differ in words that differ, or else as Python writes them.

    >>> apart(1, 2), apart("1", 1)
    (('1', '2'), ("'1'", '1'))
    """
    said = words(expected), words(observed)
    return said if said[0] != said[1] else (repr(expected), repr(observed))
