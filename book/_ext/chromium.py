"""The browser that draws the diagrams, and reads the built pages in the tests."""

from __future__ import annotations

import shutil

from cluster import debian
from cluster.errors import CommandError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-liberation")

# --no-sandbox: Chromium refuses to start as root without it.
# The others keep it from talking to its maker: the tests count every request.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def path() -> str:
    """Return the path of a Chromium, installed with apt-get if there is none and that is possible.

    Playwright's own download is not available everywhere; Debian's package is.

    Raises:
        CommandError: there is none, and none can be installed here.
    """
    found = _on_path()
    if found is None and debian.can_install():
        debian.install(PACKAGES, "the browser that draws diagrams and tests the pages")
        found = _on_path()
    if found is None:
        raise CommandError(
            "Diagrams and page tests need Chromium or Google Chrome, and none is on the PATH.",
            f"sudo apt-get install {' '.join(PACKAGES)}   (macOS: brew install --cask chromium)",
        )
    return found


def _on_path() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)
