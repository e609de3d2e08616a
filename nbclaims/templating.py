"""HTML from Jinja2 templates, which escape every value."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader


def environment_of(folder: Path) -> Environment:
    """Return the environment of the templates in a folder."""
    return Environment(
        loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
