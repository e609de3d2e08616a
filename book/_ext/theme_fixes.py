"""Sphinx extension: mends two things in the pages that the theme writes.

The theme loads each icon set twice: as web fonts, and as a script of 1.5 MB that blocks the page
and replaces the same icons by drawings. Without the script the icons look the same.

The button that unfolds a chapter's labs in the sidebar has no name that a screen reader could say.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

SCRIPT = re.compile(
    r'<script src="[^"]*vendor/fontawesome/[^"]*/js/all\.min\.js[^"]*"></script>\n?'
)
BUTTON = re.compile(r'<summary>(?=<span class="toctree-toggle")')
NAMED_BUTTON = '<summary aria-label="Labs of this chapter">'


class NothingToMend(SphinxError):
    """The theme no longer has what this extension mends: a part of it can be deleted."""

    category = "Theme error"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("build-finished", _mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _mend(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    changed = [mend(page) for page in out.rglob("*.html")]
    scripts = list(out.glob("_static/vendor/fontawesome/*/js/all.min.js*"))
    if not any(changed) and scripts:
        raise NothingToMend("no page loads the icon script: delete that from theme_fixes.py")
    for script in scripts:
        script.unlink()


def mend(page: Path) -> bool:
    """Mend a page; return whether there was something to mend."""
    text = page.read_text(encoding="utf-8")
    mended = BUTTON.sub(NAMED_BUTTON, SCRIPT.sub("", text))
    if mended == text:
        return False
    page.write_text(mended, encoding="utf-8")
    return True
