"""Fixtures for the tests of kubelab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kubelab import notebook
from kubelab.claims import made


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict]]:
    """What a cell displayed, one bundle an output; no claim was made before, none stays."""
    made.clear()
    bundles: list[dict] = []
    monkeypatch.setattr(notebook, "show", bundles.append)
    yield bundles
    made.clear()
