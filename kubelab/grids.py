"""A grid of what claims observed, each cell linked to the claim that observed it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import nbclaims.display
from kubelab.display import caption
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
    lines = []
    for group, members in _groups(rows):
        for number, row in enumerate(members):
            head = f"<th scope='rowgroup' rowspan='{len(members)}'>{_esc(group)}</th>"
            lines.append(
                f"<tr>{head * (number == 0)}<th scope='row'>{_esc(row[1])}</th>"
                + "".join(_cell(*cells[row, column], tints) for column in columns)
                + "</tr>"
            )
    nbclaims.display.show(
        {
            "text/html": f"<table class='grid'>{caption(title)}"
            f"<thead>{_heads(columns)}</thead><tbody>{''.join(lines)}</tbody></table>",
            "text/plain": "\n".join(
                f"{' '.join(row)}, {' '.join(column)}: {word}"
                for (row, column), (word, _) in cells.items()
            ),
        }
    )


def _observed(observed: dict, row: Labels, column: Labels) -> tuple[str, str]:
    key = f"{' '.join(row)}, {' '.join(column)}"
    if key not in observed:
        raise LookupError(f"no claim has observed {key!r}: run the cells above first")
    return observed[key]


def _cell(word: str, claim: str, tints: dict[str, str]) -> str:
    # Two digits more than a colour's six: how much of it lies over the ground.
    tint = f" style='background: {tints[word]}33'" if word in tints else " class='refused'"
    return f"<td{tint}><a href='#{anchor(claim)}'>{_esc(word)}</a></td>"


def _heads(columns: Sequence[Labels]) -> str:
    groups = "".join(
        f"<th scope='colgroup' colspan='{len(members)}'>{_esc(group)}</th>"
        for group, members in _groups(columns)
    )
    # A narrow column may break `OnFailure` where its second word begins.
    narrow = (re.sub(r"(?<=[a-z])(?=[A-Z])", "<wbr>", _esc(label)) for _, label in columns)
    own = "".join(f"<th scope='col'>{label}</th>" for label in narrow)
    return f"<tr><td rowspan='2' colspan='2'></td>{groups}</tr><tr>{own}</tr>"


def _groups(labels: Sequence[Labels]) -> list[tuple[str, list[Labels]]]:
    return [(group, list(members)) for group, members in groupby(labels, lambda label: label[0])]


def _esc(text: Any) -> str:
    return html.escape(str(text))
