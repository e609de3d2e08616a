"""What really changed between two versions of an object, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def differences(before: Any, after: Any) -> dict[str, list[Any]]:
    """The fields that differ, by their path: `{"ports[0].nodePort": [None, 30960]}`.

    A field that one side does not have is None there.
    """
    old, new = dict(_fields(before)), dict(_fields(after))
    paths = dict.fromkeys([*old, *new])
    return {p: [old.get(p), new.get(p)] for p in paths if old.get(p) != new.get(p)}


def _fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field that holds a plain value, by its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _fields(inner, f"{path}[{position}]")
    else:
        yield path, value
