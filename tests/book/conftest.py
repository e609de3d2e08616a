"""Fixtures for the tests of the book."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cluster import paths

# As Jupyter Book does for `local_extensions`.
sys.path.append(str(paths.ROOT / "book" / "_ext"))

from sample_book import SampleBook


@pytest.fixture
def book(tmp_path: Path) -> SampleBook:
    """An empty book."""
    return SampleBook(tmp_path)
