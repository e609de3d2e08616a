"""Claims: sentences of the book, compared with what a run observed.

`claim` shows a box for readers and adds a machine-readable record to the same output. The executed
notebook, which holds both, is the book's evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from nbclaims import display, environment
from nbclaims.matchers import agrees
from nbclaims.record import MIME_TYPE, NAME, Record, anchor
from nbclaims.templating import environment_of
from nbclaims.words import apart, words


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
        self.name, self.sentence = record.name, record.sentence
        self.observed, self.expected = record.observed, record.expected

    def _render_traceback_(self) -> list[str]:
        # IPython calls this instead of printing a traceback, whose frames would hide the message.
        if not display.in_notebook():
            return [f"ClaimFailed: {self}"]
        return [
            f"ClaimFailed: {self.sentence}",
            "  This does not hold: the box above shows what was expected and what was observed.",
        ]


@dataclass
class Registry:
    """The records of the claims that this process has made."""

    records: list[Record] = field(default_factory=list)

    def clear(self) -> None:
        """Forget all claims."""
        self.records.clear()


registry = Registry()


_templates = environment_of(Path(__file__).with_name("templates"))


@dataclass(frozen=True)
class Row:
    """An expected and an observed value, in words."""

    key: str
    expected: str
    observed: str
    differs: bool

    @classmethod
    def of(cls, key: str, expected: Any, observed: Any) -> Row:
        """Compare two values."""
        if agrees(expected, observed):
            return cls(key, words(expected), words(observed), False)
        return cls(key, *apart(expected, observed), True)


def claim(
    name: str,
    sentence: str,
    *,
    observed: Mapping[str, Any],
    expected: Mapping[str, Any],
    because: str,
    evidence: Evidence | Mapping[str, Evidence] | None = None,
) -> None:
    """Compare what a run observed with what the book says.

    Args:
        name: the claim's address, by which chapters link to it.
        sentence: what the book says.
        observed: the observed values by name.
        expected: values or matchers under the same names.
        because: completes "The book expects this because …".
        evidence: what happened, to show with the claim. If a state was to hold, it must have held.
            Where several things were observed, the evidence of each by its name in `observed`: a
            failed claim shows that of the values that differ.

    Raises:
        ClaimFailed: they differ.
        ValueError: a link can't contain the name, `observed` and `expected` have different names,
            or neither has any.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"claim name {name!r}: use small letters, digits and single hyphens")
    if observed.keys() != expected.keys():
        raise ValueError(
            f"claim {name!r}: observed has {', '.join(observed) or 'nothing'}; "
            f"expected has {', '.join(expected) or 'nothing'}"
        )
    if not observed:
        raise ValueError(
            f"claim {name!r} compares nothing: observed and expected are empty\n"
            "  Next: give both the values that the sentence is about"
        )
    rows = [Row.of(key, expected[key], observed[key]) for key in expected]
    watched = _by_row(evidence)
    rows += [
        Row(key, str(one.state), str(one.broken), True)
        for key, one in watched.items()
        if one.held is False
    ]
    wrong = [row for row in rows if row.differs]
    shown = _to_show(watched, wrong)
    where = environment.describe()
    record = Record(
        name=name,
        sentence=sentence,
        holds=not wrong,
        observed={key: _plain(observed[key]) for key in expected},
        expected={key: _plain(expected[key]) for key in expected},
        because=because,
        timeline=[entry for one in shown for entry in one.records()],
        version=where.version if where else None,
        environment=where.description if where else None,
        at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )
    registry.records.append(record)
    text = _failure_text(record, wrong, shown)
    box = _templates.get_template("claim.html")
    display.show(
        {
            "text/html": box.render(
                record=record, rows=rows, evidence=shown, anchor=anchor(record.name)
            ),
            "text/plain": f"holds: {sentence}" if record.holds else f"does not hold: {text}",
            MIME_TYPE: record.to_json(),
        }
    )
    if wrong:
        raise ClaimFailed(record, text)


WATCHED = "watched"


def _by_row(evidence: Evidence | Mapping[str, Evidence] | None) -> dict[str, Evidence]:
    """Return evidence by the name of the row that says that a state did not hold."""
    if evidence is None:
        return {}
    if isinstance(evidence, Mapping):
        return {f"{WATCHED} {key}": one for key, one in evidence.items()}
    return {WATCHED: evidence}


def _to_show(watched: Mapping[str, Evidence], wrong: Sequence[Row]) -> list[Evidence]:
    """Return the evidence of what differs; all evidence where that isn't known."""
    keys = {row.key for row in wrong} | {f"{WATCHED} {row.key}" for row in wrong}
    return [one for key, one in watched.items() if key in keys] or list(watched.values())


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: what JSON doesn't have becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _failure_text(record: Record, wrong: Sequence[Row], evidence: Sequence[Evidence]) -> str:
    key_width = max((len(row.key) for row in wrong), default=0)
    width = max((len(row.expected) for row in wrong), default=0)
    lines = [record.sentence, ""]
    lines += [
        f"  {row.key:<{key_width}}   expected {row.expected:<{width}}  observed {row.observed}"
        for row in wrong
    ]
    lines += ["", f"The book expects this because {record.because}."]
    for one in evidence:
        lines += ["", f"What happened to {one.subject}, in order:"]
        lines += [f"  {line}" for line in one.lines()]
    return "\n".join(lines)
