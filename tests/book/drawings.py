"""The diagrams of chapters and labs, as Mermaid reads them."""

from __future__ import annotations

import re
from pathlib import Path

FENCE = re.compile(r"^```+\s*\{?mermaid\}?\n(.*?)^```", re.DOTALL | re.MULTILINE)


def sources(page: Path) -> list[str]:
    """Return the source of each diagram of a page, in their order."""
    return FENCE.findall(page.read_text(encoding="utf-8"))
