"""What a cell shows: kubectl commands, tables, progress. Progress is quiet outside a notebook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

import nbclaims.display
from nbclaims.templating import environment_of


def echo(command: str) -> None:
    """Print the kubectl command that does what kubelab is about to do."""
    print(f"$ {command}")


def table(rows: Mapping[str, Mapping[str, Any]], title: str = "") -> None:
    """Display what was observed as a table: a row for each key, a column for each inner key.

    A chapter shows one that has a title by its name: `table-` and the title in small letters.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    cells = {name: [row.get(column, "") for column in columns] for name, row in rows.items()}
    # Not Markdown: what the book's pages read as Markdown in an output has no tables.
    nbclaims.display.show(
        {
            "text/html": render("table.html", title=title, columns=columns, rows=cells),
            "text/plain": "\n".join(f"{name}: {dict(row)}" for name, row in rows.items()),
        }
    )


_templates = environment_of(Path(__file__).with_name("templates"))
_templates.filters["table_name"] = lambda title: (
    "table-" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
)
# A narrow column may break `OnFailure` where its second word begins.
_templates.filters["breakable"] = lambda label: Markup("<wbr>").join(
    re.split(r"(?<=[a-z])(?=[A-Z])", label)
)


def render(template: str, **values: Any) -> str:
    """Return one of this package's templates, filled."""
    return _templates.get_template(template).render(**values).strip()


class Progress:
    """One line that is rewritten while a cell waits; a static page keeps its last state."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._handle: Any = None
        self.update("")

    def update(self, text: str) -> None:
        """Replace what stands behind the line's beginning."""
        if not nbclaims.display.in_notebook():
            return
        line = f"{self._what} {text}".rstrip()
        bundle = {
            "text/plain": line,
            "text/html": render("progress.html", line=line),
        }
        if self._handle:
            self._handle.update(bundle, raw=True)
        else:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)
