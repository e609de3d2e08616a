"""Fixtures for the tests of nbclaims."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import nbclaims.display
from nbclaims.claims import registry
from tests.nbclaims.sample_book import SampleBook


@pytest.fixture
def book(tmp_path: Path) -> SampleBook:
    """An empty book."""
    return SampleBook(tmp_path)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict]]:
    """What a cell displays, one bundle per output; the registry of claims is empty."""
    registry.clear()
    bundles: list[dict] = []
    monkeypatch.setattr(nbclaims.display, "show", bundles.append)
    yield bundles
    registry.clear()
