"""Sphinx extension: draws the theme's icons from web fonts only.

The theme loads each icon set twice: as web fonts, and as a script of 1.5 MB that blocks the page
and replaces the same icons by drawings. Without the script the icons look the same.
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


class IconScriptMissing(SphinxError):
    """The theme no longer loads the script: this extension can be deleted."""

    category = "Icons error"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("build-finished", _remove)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _remove(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    changed = [remove_script(page) for page in out.rglob("*.html")]
    scripts = list(out.glob("_static/vendor/fontawesome/*/js/all.min.js*"))
    if not any(changed) and scripts:
        raise IconScriptMissing("no page loads the icon script: delete book/_ext/icons.py")
    for script in scripts:
        script.unlink()


def remove_script(page: Path) -> bool:
    """Remove the script from a page; return whether the page had it."""
    text = page.read_text(encoding="utf-8")
    without = SCRIPT.sub("", text)
    if without == text:
        return False
    page.write_text(without, encoding="utf-8")
    return True
