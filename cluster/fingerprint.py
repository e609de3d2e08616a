"""Fingerprints that tell whether something was built from the files and versions of today."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from cluster import names, versions
from cluster.engine import Engine


def fingerprint_of(files: Iterable[Path], *values: str) -> str:
    """Return a digest of the files' names and contents and of the values."""
    seen = hashlib.sha256()
    for file in sorted(files):
        if file.is_file() and file.suffix != ".pyc":
            seen.update(str(file.relative_to(versions.HERE)).encode() + b"\0" + file.read_bytes())
    for value in values:
        seen.update(value.encode() + b"\0")
    return seen.hexdigest()[:16]


def label_of(fingerprint: str) -> str:
    """Return the label that records a fingerprint on an image."""
    return f"{names.FINGERPRINT_LABEL}={fingerprint}"


def is_built(engine: Engine, reference: str, fingerprint: str) -> bool:
    """Return whether the engine has the image with exactly this fingerprint."""
    labelled = ("--filter", f"label={label_of(fingerprint)}")
    return bool(engine.docker("image", "ls", "--quiet", *labelled, reference))
