"""The built pages, as files and as a browser sees them."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page
from sphinx_external_toc.parsing import parse_toc_yaml

from cluster import paths

HTML = paths.BUILD / "html"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
# In ms. Playwright's own 30 s are too few where everything takes five times as long, and waiting
# for what does come costs nothing.
PATIENCE = 120_000


def pages() -> list[str]:
    """Return the chapters and labs of the table of contents, as paths below the site's root.

    They come from there and not from the built files, so that a page that isn't built is missed.
    """
    return sorted(f"{name}.html" for name in parse_toc_yaml(paths.ROOT / "_toc.yml"))


def built_pages() -> list[str]:
    """Return the chapters and labs that are built, as paths below the site's root."""
    built = [*HTML.glob("book/**/*.html"), *HTML.glob("labs/**/*.html")]
    return sorted(path.relative_to(HTML).as_posix() for path in built)


def citations_written(page: str) -> int:
    """Return how many claim links the text of a page has; a lab's page has none."""
    source = paths.ROOT / Path(page).with_suffix(".md")
    return len(re.findall(r"\{claim\}`[^`]+`", source.read_text(encoding="utf-8")))


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests record the requests in the browser."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback, and yield its address."""
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass
class Visit:
    """A page in the browser, with its requests and its error messages."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def requests_beyond(self, origin: str) -> list[str]:
        """Return the addresses that it requested outside its site."""
        own = (origin, "data:", "blob:")
        return [address for address in self.requests if not address.startswith(own)]


@contextmanager
def visit(
    browser: Browser, address: str, *, theme: str = "light", viewport: dict[str, int] = DESK
) -> Iterator[Visit]:
    """Open a page as a first-time reader does, and yield it when it is loaded."""
    context = browser.new_context(color_scheme=theme, viewport=viewport)
    context.set_default_timeout(PATIENCE)
    seen = Visit(context.new_page())
    page = seen.page
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: (
            seen.complaints.append(f"console: {message.text} ({message.location['url']})")
            if message.type in ("error", "warning")
            else None
        ),
    )
    page.on(
        "response",
        lambda response: (
            seen.complaints.append(f"{response.status}: {response.url}")
            if response.status >= 400
            else None
        ),
    )
    try:
        page.goto(address, wait_until="load")
        yield seen
    finally:
        context.close()


def soup(page: str) -> BeautifulSoup:
    """Parse a built page."""
    return BeautifulSoup((HTML / page).read_text(encoding="utf-8"), "html.parser")


# Each link into a page needs its ids: the ledger's links took 18 s, all pages' now take 1 s.
@functools.cache
def anchors(page: str) -> tuple[list[str], list[str]]:
    """Return the ids on a built page, and the addresses of its links."""
    parsed = soup(page)
    ids = [str(one["id"]) for one in parsed.select("[id]")]
    return ids, [str(one["href"]) for one in parsed.select("a[href]")]


def broken_links(page: str) -> list[str]:
    """Return the links on a page to a page or a place in this site that isn't there."""
    broken = []
    for link in anchors(page)[1]:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (HTML / page).parent / unquote(parts.path) if parts.path else HTML / page
        if not target.is_file():
            broken.append(link)
        elif parts.fragment:
            inside = target.resolve().relative_to(HTML.resolve()).as_posix()
            if unquote(parts.fragment) not in anchors(inside)[0]:
                broken.append(link)
    return broken
