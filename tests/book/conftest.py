"""Fixtures for the tests of the book."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# As Jupyter Book does for `local_extensions`.
sys.path.append(str(REPOSITORY / "book" / "_ext"))
sys.path.append(str(Path(__file__).parent))

from sample_book import SampleBook  # noqa: E402


@pytest.fixture
def book(tmp_path: Path) -> SampleBook:
    """An empty book."""
    return SampleBook(tmp_path)
