"""Fixtures for the tests of kubelab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import nbclaims.display
from nbclaims.claims import registry


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict]]:
    """What a cell displays, one bundle per output; the registry of claims is empty."""
    registry.clear()
    bundles: list[dict] = []
    monkeypatch.setattr(nbclaims.display, "show", bundles.append)
    yield bundles
    registry.clear()
