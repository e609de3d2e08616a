"""A grid of what claims observed, each cell linked to the claim that observed it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import nbclaims.display
from kubelab.display import render
from nbclaims.claims import registry
from nbclaims.record import anchor

REFUSED = "refused"
"""The word that steps back: what the API server refuses does not happen."""
TINTS = ["#3a86c8", "#3f9b6c", "#4aa3a3", "#d1662b", "#b8912f", "#8d6bc9", "#c2528b"]
"""One for each other word, thinly behind it: words read on it, on light and on dark ground."""

Labels = tuple[str, str]
"""A row's or a column's label: its group, and its own."""


def grid(rows: Sequence[Labels], columns: Sequence[Labels], title: str) -> None:
    """Display what this lab's claims observed under the keys `row, column`.

    The row `("app", "killed")` and the column `("Job", "Never")` meet in what a claim has observed
    under "app killed, Job Never". LookupError where no claim has.
    """
    observed = {
        key: (str(value), record.name)
        for record in registry.records
        for key, value in record.observed.items()
    }
    cells = {(row, column): _observed(observed, row, column) for row in rows for column in columns}
    words = dict.fromkeys(word for word, _ in cells.values() if word != REFUSED)
    tints = dict(zip(words, TINTS, strict=False))
    nbclaims.display.show(
        {
            "text/html": render(
                "grid.html",
                title=title,
                row_groups=_groups(rows),
                column_groups=_groups(columns),
                cells=cells,
                tints=tints,
                anchor=anchor,
            ),
            "text/plain": "\n".join(
                f"{' '.join(row)}, {' '.join(column)}: {word}"
                for (row, column), (word, _) in cells.items()
            ),
        }
    )


def _observed(observed: dict[str, tuple[str, str]], row: Labels, column: Labels) -> tuple[str, str]:
    key = f"{' '.join(row)}, {' '.join(column)}"
    if key not in observed:
        raise LookupError(f"no claim has observed {key!r}: run the cells above first")
    return observed[key]


def _groups(labels: Sequence[Labels]) -> list[tuple[str, list[Labels]]]:
    return [(group, list(members)) for group, members in groupby(labels, lambda label: label[0])]
