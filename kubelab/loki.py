"""A Loki, queried from a client Pod: which lines it holds, and how many it received."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubelab.http_api import HttpApi, NoAnswer
from kubelab.polling import poll

if TYPE_CHECKING:
    from kubelab.clients import Client
    from kubelab.objects import Pod

FAIL = "--fail-with-body"
"""A Loki that starts or ends answers with an error, which is no lines."""
MOST_LINES = 5000
"""The most that Loki gives in one answer."""


@dataclass(frozen=True)
class Delivery:
    """Lines as they were written, and what a store gives back of them."""

    written: Sequence[str]
    stored: Sequence[str]

    @property
    def missing(self) -> list[str]:
        """What was written and is not stored, in the order of writing."""
        stored = set(self.stored)
        return [line for line in self.written if line not in stored]

    @property
    def doubled(self) -> int:
        """How many lines are stored beyond one of each."""
        return len(self.stored) - len(set(self.stored))

    @property
    def in_order(self) -> bool:
        """Whether what is stored is in the order of writing; nothing is in no order."""
        places = {line: place for place, line in enumerate(self.written)}
        found = [places[line] for line in self.stored]
        return bool(found) and found == sorted(found)

    @property
    def summary(self) -> dict[str, int | bool]:
        """How many lines were written, are missing and are doubled, and whether they are in order.

        A store whose lines are all there, once and in order, has
        `{"written": 250, "missing": 0, "doubled": 0, "in order": True}`.
        """
        found = {"missing": len(self.missing), "doubled": self.doubled, "in order": self.in_order}
        return {"written": len(self.written), **found}


class Loki:
    """A Loki at `address`, host and port, as `client` reaches it. Each sender is a tenant."""

    def __init__(self, client: Client, address: str) -> None:
        self._api = HttpApi("Loki", client, address)

    def lines(self, tenant: str) -> list[str]:
        """A tenant's lines of the last hour, by their times."""
        self._api.echo(*self._query(tenant))
        return self._lines(tenant)

    def received(self, tenant: str) -> int:
        """How many lines it was sent since it was started; one that is sent twice counts twice."""
        self._api.echo("/metrics")
        name, metrics = "loki_distributor_lines_received_total", self._api.ask("/metrics", FAIL)
        counts = re.findall(rf'^{name}{{.*tenant="{tenant}".*}} (\S+)$', metrics, re.M)
        return int(sum(map(float, counts)))

    def sent_again(self, tenant: str) -> int:
        """How many lines it received beyond those that it holds: lines that were sent twice."""
        return max(0, self.received(tenant) - len(self.lines(tenant)))

    def delivery(self, tenant: str, written: Sequence[str], within: float) -> Delivery:
        """Return which of the written lines Loki has, after `within` seconds at the latest.

        Missing lines are no error here, so that a claim can judge them. Stored lines that are not
        among `written` don't count.
        """
        self._api.echo(*self._query(tenant))
        ours = set(written)
        for is_last in poll(within, f"waiting until Loki has all lines of {tenant}"):
            try:
                stored = [line for line in self._lines(tenant) if line in ours]
            except NoAnswer:
                if is_last:
                    raise
            else:
                found = Delivery(written, stored)
                if not found.missing:
                    break
        return found

    def _lines(self, tenant: str) -> list[str]:
        answer = json.loads(self._api.ask(*self._query(tenant), FAIL))
        streams = answer["data"]["result"]
        entries = [entry for stream in streams for entry in stream["values"]]
        # Loki sorts within a stream. Across streams the client has to sort.
        return [line for _, line in sorted(entries, key=lambda entry: int(entry[0]))]

    def _query(self, tenant: str) -> list[str]:
        query = f'query={{pod="{tenant}"}}'
        return [
            "/loki/api/v1/query_range",
            *("--header", f"X-Scope-OrgID: {tenant}"),
            *("--data-urlencode", query, "--data", f"direction=forward&limit={MOST_LINES}"),
        ]


def lines_over_time(
    writer: Pod, watcher: Pod
) -> tuple[dict[str, list[tuple[float, int]]], dict[str, tuple[float, float]]]:
    """Return what `plot_counts` needs: lines written and lines stored, and when the store was away.

    Args:
        writer: A Pod whose container `app` logs each line that it writes, with its time.
        watcher: A Pod that logs how many of these lines the store has, or `away`, with the time.
    """
    written = [time for _, time in writer.log_timestamps("app")]
    seen = watcher.log_timestamps()
    stored = [(time, int(count)) for count, time in seen if count != "away"]
    # Before its first answer the store was starting.
    away = [time for count, time in seen if count == "away" and stored and time > stored[0][0]]
    counts = {
        "written": [(time, number) for number, time in enumerate(written, start=1)],
        "in the store": stored,
    }
    return counts, {"the store is away": (min(away), max(away))} if away else {}
