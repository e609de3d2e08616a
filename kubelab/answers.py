"""What became of a client's requests, with results that are told apart everywhere.

A request is `answered`, `refused` (a TCP reset came back), `timed out` (no packet came back), `not
resolved` (the name has no address) or `unreachable` (the client has no route). An answer counts
only when it names the Pod that gave it; any other answer is called by its HTTP status.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

END_OF_FIELD, END_OF_RECORD = "\x1f", "\x1e"
RECORD = END_OF_FIELD.join(["", "%{exitcode}", "%{http_code}", "%{num_connects}"]) + END_OF_RECORD

BY_FAIL = 22
"""curl's exit code for an answer whose status is 400 or more, if it is told to --fail at one."""


@dataclass(frozen=True)
class Answer:
    """What became of one request."""

    result: str
    by: str | None = None
    """The Pod, or the container outside the cluster, that named itself in the response."""
    source: str | None = None
    """The IP address that the request came from, as the answering Pod saw it."""
    new_connection: bool = True
    body: str = ""

    def __str__(self) -> str:
        return f"{self.result} by {self.by}" if self.by else self.result


@dataclass(frozen=True)
class Lookup:
    """What the cluster's DNS said."""

    rcode: str
    """NOERROR, NXDOMAIN …; `timed out` when no server answered."""
    records: tuple[tuple[str, str], ...]
    """`("A", "10.96.0.1")`, in the order of the answer."""
    ttl: int | None = None
    """The longest time to live of the records in seconds; None without records."""

    def of(self, kind: str) -> list[str]:
        """The values of all records of one type, sorted."""
        return sorted(value for type_, value in self.records if type_ == kind)


def counts(answers: Iterable[Answer]) -> dict[str, int]:
    """How many requests each Pod answered; requests without an answer are counted by result."""
    return dict(sorted(Counter(answer.by or answer.result for answer in answers).items()))


def chi_square(counts: Mapping[str, int], among: int) -> float:
    """How far counts are from an even distribution among so many Pods: 0 is perfectly even.

    If chance alone is at work, it exceeds 10.8, 13.8, 16.3 for 2, 3, 4 Pods once in 1,000 runs.
    """
    even = sum(counts.values()) / among
    missed = (among - len(counts)) * even
    return round(sum((count - even) ** 2 / even for count in counts.values()) + missed, 2)


def result_of(
    code: int, otherwise: str, body: str, refusals: set[str], answers_as: Callable[[str], bool]
) -> tuple[str, str | None]:
    """Return the result of a request in words, and the name of the Pod that answered it.

    Args:
        code: curl's exit code.
        otherwise: The result of a response whose body is no known name.
        body: The response's body.
        refusals: What curl's exit code 7 may stand for.
        answers_as: Whether a Pod with this name belongs to the client's lab.
    """
    name = body.strip()
    if code == 0 and answers_as(name):
        return "answered", name
    if code in (0, BY_FAIL):
        return otherwise, None
    failures = {6: "not resolved", 7: " or ".join(sorted(refusals)), 28: "timed out"}
    return failures.get(code, f"curl exit code {code}"), None
