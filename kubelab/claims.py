"""Claims: sentences of the book, compared with what the cluster did.

`claim` shows a box for people and puts a machine-readable record into the same output; the executed
notebook that holds both is the book's evidence.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from kubelab import connection, notebook
from kubelab.matchers import agrees
from kubelab.timeline import Timeline

MIME_TYPE = "application/vnd.kubelab.claim+json"


@dataclass(frozen=True)
class Record:
    """A claim and its verdict, as the evidence keeps it."""

    name: str
    sentence: str
    holds: bool
    observed: dict[str, Any]
    expected: dict[str, Any]
    """As text where a matcher stands for the value."""
    because: str
    story: list[dict[str, Any]]
    """Events: at (seconds since apply), who, what."""
    kubernetes: str | None
    cluster: str | None
    at: str
    """UTC, ISO 8601."""


class ClaimFailed(AssertionError):
    """The cluster answered, and what it did is not what the book says."""

    def __init__(self, record: Record, text: str) -> None:
        super().__init__(text)
        self.record = record
        self.name, self.observed, self.expected = record.name, record.observed, record.expected

    def _render_traceback_(self) -> list[str]:
        # IPython's protocol: the message teaches, frames inside kubelab do not.
        return [f"ClaimFailed: {self}"]


@dataclass
class Made:
    """The claims that this process has made: their records, and which cell made which name."""

    records: list[Record] = field(default_factory=list)
    cells: dict[str, tuple[str, int] | None] = field(default_factory=dict)

    def check_name(self, name: str) -> None:
        """ValueError for a name that no link can carry, or that another cell has used already."""
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise ValueError(f"claim name {name!r}: use small letters, digits and single hyphens")
        here = notebook.cell()
        if name in self.cells:
            there = self.cells[name]
            same_cell_again = here and there and here[0] == there[0] and here[1] != there[1]
            if not same_cell_again:
                raise ValueError(
                    f"claim {name!r} is made twice; a chapter links to it by this name\n"
                    "  Next: give one of them another name"
                )
        self.cells[name] = here

    def clear(self) -> None:
        self.records.clear()
        self.cells.clear()


made = Made()


def claim(
    name: str,
    sentence: str,
    *,
    observed: Mapping[str, Any],
    expected: Mapping[str, Any],
    because: str,
    evidence: Timeline | None = None,
) -> None:
    """Compare what the cluster did with what the book says; ClaimFailed where they differ.

    `expected` holds values or matchers under the same names as `observed`. `because` completes "The
    book expects this because …". `evidence` is the story to tell; one from `hold` must have held.
    """
    made.check_name(name)
    if observed.keys() != expected.keys():
        raise ValueError(
            f"claim {name!r}: observed has {', '.join(observed)}; "
            f"expected has {', '.join(expected)}"
        )
    rows = [(key, expected[key], observed[key]) for key in expected]
    wrong = [row for row in rows if not agrees(row[1], row[2])]
    if evidence and evidence.held is False:
        wrong.append(("watched", Words(evidence.state), Words(evidence.broken)))
    cluster = connection.connected()
    record = Record(
        name=name,
        sentence=sentence,
        holds=not wrong,
        observed={key: _plain(value) for key, _, value in rows},
        expected={key: _plain(value) for key, value, _ in rows},
        because=because,
        story=[
            {"at": round(event.at, 3), "who": event.who, "what": event.what}
            for event in (evidence.changes if evidence else ())
        ],
        kubernetes=cluster and cluster.kubernetes,
        cluster=cluster and cluster.description,
        at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )
    made.records.append(record)
    text = _failure_text(record, wrong, evidence)
    notebook.show(
        {
            "text/html": _box(record, evidence),
            "text/plain": f"holds: {sentence}" if record.holds else f"does not hold: {text}",
            MIME_TYPE: asdict(record),
        }
    )
    if wrong:
        raise ClaimFailed(record, text)


class Words(str):
    """Text that stands for itself, without quotes, in a failure's columns."""

    __repr__ = str.__str__


def _plain(value: Any) -> Any:
    """A value as JSON has it; what JSON doesn't have becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _failure_text(record: Record, wrong: list[tuple], evidence: Timeline | None) -> str:
    key_width = max((len(key) for key, _, _ in wrong), default=0)
    book_width = max((len(repr(book)) for _, book, _ in wrong), default=0)
    lines = [record.sentence, ""]
    lines += [
        f"  {key:<{key_width}}   book {book!r:<{book_width}}  cluster {cluster!r}"
        for key, book, cluster in wrong
    ]
    lines += ["", f"The book expects this because {record.because}."]
    if evidence:
        lines += ["", "What happened, in order:", *(f"  {line}" for line in evidence.lines())]
    return "\n".join(lines)


def _box(record: Record, evidence: Timeline | None) -> str:
    """The claim for people. Colours come from custom properties that a page may set; the fallbacks
    and the words "holds" and "does not hold" can be read on light and on dark ground."""
    verdict, word = ("holds", "holds") if record.holds else ("fails", "does not hold")
    colour = {"holds": "#2da44e", "fails": "#e5534b"}[verdict]
    rows = "".join(
        f"<tr><th scope='row'>{_esc(key)}</th><td>{_words(record.expected[key])}</td>"
        f"<td>{_words(record.observed[key])}</td></tr>"
        for key in record.expected
    )
    story = ""
    if evidence:
        lines = _esc("\n".join(evidence.lines()))
        story = (
            "<details><summary>What happened, in order</summary>"
            f'<pre style="white-space: pre-wrap">{lines}</pre></details>'
        )
    where = " · ".join(filter(None, [record.kubernetes, record.cluster, record.at]))
    return (
        f'<section class="claim claim-{verdict}" id="claim-{record.name}" '
        f'aria-label="Claim {record.name}" style="border-inline-start: .3rem solid '
        f'var(--claim-{verdict}, {colour}); padding-inline-start: 1rem">'
        f"<p><strong>{_esc(record.sentence)}</strong> "
        f'<span class="claim-verdict">· {word}</span></p>'
        "<table><thead><tr><td></td><th scope='col'>book</th><th scope='col'>cluster</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>"
        f"<p>Because {_esc(record.because)}.</p>{story}"
        f'<p><small class="claim-where">{_esc(where)}</small></p></section>'
    )


def _words(value: Any) -> str:
    return _esc(value if isinstance(value, str) else repr(value))


def _esc(text: str) -> str:
    return html.escape(text)
