"""What a cell shows: kubectl commands, tables, progress. Progress is quiet outside a notebook."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

import nbclaims.display


def echo(command: str) -> None:
    """Print the kubectl command that does what kubelab is about to do."""
    print(f"$ {command}")


def table(rows: Mapping[str, Mapping[str, Any]], title: str = "") -> None:
    """Display what was observed as a table: a row for each key, a column for each inner key.

    A chapter shows one that has a title by its name: `table-` and the title in small letters.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    head = "".join(f"<th scope='col'>{html.escape(column)}</th>" for column in columns)
    body = "".join(
        f"<tr><th scope='row'>{html.escape(name)}</th>"
        + "".join(f"<td>{html.escape(str(row.get(column, '')))}</td>" for column in columns)
        + "</tr>"
        for name, row in rows.items()
    )
    # Not Markdown: what the book's pages read as Markdown in an output has no tables.
    nbclaims.display.show(
        {
            "text/html": f"<table>{caption(title)}<thead><tr><td></td>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>",
            "text/plain": "\n".join(f"{name}: {dict(row)}" for name, row in rows.items()),
        }
    )


def caption(title: str) -> str:
    """A table's title, with the name by which a chapter finds it; nothing without a title."""
    name = "table-" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return f"<caption id='{name}-title'>{html.escape(title)}</caption>" if title else ""


class Progress:
    """One line that is rewritten while a cell waits; a static page keeps its last state."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._handle: Any = None
        self.update("")

    def update(self, text: str) -> None:
        if not nbclaims.display.in_notebook():
            return
        line = f"{self._what} {text}".rstrip()
        bundle = {
            "text/plain": line,
            "text/html": f'<small class="kubelab-progress">{html.escape(line)}</small>',
        }
        if self._handle:
            self._handle.update(bundle, raw=True)
        else:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)
