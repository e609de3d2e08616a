"""Claims: sentences of the book, compared with what a run observed.

`claim` shows a box for readers and adds a machine-readable record to the same output. The executed
notebook, which holds both, is the book's evidence.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from nbclaims import display, environment
from nbclaims.matchers import agrees
from nbclaims.record import MIME_TYPE, NAME, Record, anchor


class Evidence(Protocol):
    """What was watched for a claim, such as the timeline of an object."""

    @property
    def subject(self) -> str:
        """What was watched: `Pod never-exits-1`."""

    @property
    def state(self) -> str | None:
        """The state that was to hold, in words; None if none was to."""

    @property
    def held(self) -> bool | None:
        """Whether the state held; None if none was to."""

    @property
    def broken(self) -> str | None:
        """What was observed instead, if the state did not hold."""

    def lines(self) -> list[str]:
        """Return what happened, in order, as lines for a reader."""

    def records(self) -> list[dict[str, Any]]:
        """Return what happened, in order, as JSON: `at` (seconds), `who`, `what`."""


class ClaimFailed(AssertionError):
    """What the run observed is not what the book says."""

    def __init__(self, record: Record, text: str) -> None:
        super().__init__(text)
        self.record = record
        self.name, self.observed, self.expected = record.name, record.observed, record.expected

    def _render_traceback_(self) -> list[str]:
        # IPython calls this instead of printing a traceback, whose frames would hide the message.
        return [f"ClaimFailed: {self}"]


@dataclass
class Registry:
    """The claims that this process has made: their records, and which cell made which name."""

    records: list[Record] = field(default_factory=list)
    cells: dict[str, tuple[str, int] | None] = field(default_factory=dict)

    def check_name(self, name: str) -> None:
        """Note that the running cell makes this claim.

        Raises:
            ValueError: a link can't contain the name, or another cell has used it.
        """
        if not NAME.fullmatch(name):
            raise ValueError(f"claim name {name!r}: use small letters, digits and single hyphens")
        here = display.current_cell()
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
        """Forget all claims."""
        self.records.clear()
        self.cells.clear()


registry = Registry()


def claim(
    name: str,
    sentence: str,
    *,
    observed: Mapping[str, Any],
    expected: Mapping[str, Any],
    because: str,
    evidence: Evidence | None = None,
) -> None:
    """Compare what a run observed with what the book says.

    Args:
        name: the claim's address, by which chapters link to it.
        sentence: what the book says.
        observed: the observed values by name.
        expected: values or matchers under the same names.
        because: completes "The book expects this because …".
        evidence: what happened, to show with the claim. If a state was to hold, it must have held.

    Raises:
        ClaimFailed: they differ.
        ValueError: the name is used already, or `observed` and `expected` have different names.
    """
    registry.check_name(name)
    if observed.keys() != expected.keys():
        raise ValueError(
            f"claim {name!r}: observed has {', '.join(observed)}; "
            f"expected has {', '.join(expected)}"
        )
    rows = [(key, expected[key], observed[key]) for key in expected]
    wrong = [row for row in rows if not agrees(row[1], row[2])]
    if evidence and evidence.held is False:
        wrong.append(("watched", Words(evidence.state), Words(evidence.broken)))
    where = environment.describe()
    record = Record(
        name=name,
        sentence=sentence,
        holds=not wrong,
        observed={key: _plain(value) for key, _, value in rows},
        expected={key: _plain(value) for key, value, _ in rows},
        because=because,
        timeline=evidence.records() if evidence else [],
        version=where.version if where else None,
        environment=where.description if where else None,
        at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )
    registry.records.append(record)
    text = _failure_text(record, wrong, evidence)
    display.show(
        {
            "text/html": _box(record, evidence),
            "text/plain": f"holds: {sentence}" if record.holds else f"does not hold: {text}",
            MIME_TYPE: record.to_json(),
        }
    )
    if wrong:
        raise ClaimFailed(record, text)


class Words(str):
    """Text that a failure's columns show without quotes."""

    __repr__ = str.__str__


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: what JSON doesn't have becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _failure_text(
    record: Record, wrong: list[tuple[str, Any, Any]], evidence: Evidence | None
) -> str:
    key_width = max((len(key) for key, _, _ in wrong), default=0)
    width = max((len(repr(expected)) for _, expected, _ in wrong), default=0)
    lines = [record.sentence, ""]
    lines += [
        f"  {key:<{key_width}}   expected {expected!r:<{width}}  observed {observed!r}"
        for key, expected, observed in wrong
    ]
    lines += ["", f"The book expects this because {record.because}."]
    if evidence:
        lines += ["", "What happened, in order:", *(f"  {line}" for line in evidence.lines())]
    return "\n".join(lines)


def _box(record: Record, evidence: Evidence | None) -> str:
    """Return the claim as HTML.

    Colours come from custom properties that a page may set. The fallbacks are readable on light and
    on dark backgrounds.
    """
    verdict, word = ("holds", "holds") if record.holds else ("fails", "does not hold")
    colour = {"holds": "#2da44e", "fails": "#e5534b"}[verdict]
    rows = "".join(
        f"<tr><th scope='row'>{_esc(key)}</th><td>{_words(record.expected[key])}</td>"
        f"<td>{_words(record.observed[key])}</td></tr>"
        for key in record.expected
    )
    timeline = ""
    if evidence:
        lines = _esc("\n".join(evidence.lines()))
        timeline = (
            "<details><summary>What happened, in order</summary>"
            f'<pre style="white-space: pre-wrap">{lines}</pre></details>'
        )
    where = " · ".join(filter(None, [record.version, record.environment, record.at]))
    return (
        f'<section class="claim claim-{verdict}" id="{anchor(record.name)}" '
        f'aria-label="Claim {record.name}" style="border-inline-start: .3rem solid '
        f'var(--claim-{verdict}, {colour}); padding-inline-start: 1rem">'
        f"<p><strong>{_esc(record.sentence)}</strong> "
        f'<span class="claim-verdict">· {word}</span></p>'
        "<table><thead><tr><td></td><th scope='col'>expected</th><th scope='col'>observed</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>"
        f"<p>Because {_esc(record.because)}.</p>{timeline}"
        f'<p><small class="claim-where">{_esc(where)}</small></p></section>'
    )


def _words(value: Any) -> str:
    return _esc(value if isinstance(value, str) else repr(value))


def _esc(text: str) -> str:
    return html.escape(text)
