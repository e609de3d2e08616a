"""Digests that tell whether something was made from what there is now."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from cluster import versions
from cluster.engine import Engine


def digest(files: Iterable[Path], *values: str) -> str:
    """A digest of the files' names and contents and of the values; equal digests, equal recipe."""
    seen = hashlib.sha256()
    for file in sorted(files):
        if file.is_file() and file.suffix != ".pyc":
            seen.update(str(file.relative_to(versions.HERE)).encode() + b"\0" + file.read_bytes())
    for value in values:
        seen.update(value.encode() + b"\0")
    return seen.hexdigest()[:16]


def label(recipe: str) -> str:
    """The label by which an image says what it was made from."""
    return f"kubernetes-observed.recipe={recipe}"


def is_made(engine: Engine, reference: str, recipe: str) -> bool:
    """Whether the engine has the image, made from this very recipe."""
    labelled = ("--filter", f"label={label(recipe)}")
    return bool(engine.docker("image", "ls", "--quiet", *labelled, reference))
