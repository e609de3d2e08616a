"""A Loki, asked from a client Pod: which lines it holds, and how many it was sent."""

from __future__ import annotations

import json
import re
import shlex
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubelab.notebook import echo

if TYPE_CHECKING:
    from kubelab.probes import Client

REQUEST_SECONDS = 15
"""What an answer may take. On an idle cluster it takes 10 ms."""
PAUSE = 0.3
"""Seconds between two questions of a wait."""
MOST_LINES = 5000
"""The most that Loki gives in one answer."""


class NoAnswer(RuntimeError):
    """There is no Loki, or none that can answer now."""


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


class Loki:
    """A Loki at `address`, host and port, as `client` reaches it. Each sender is a tenant."""

    def __init__(self, client: Client, address: str) -> None:
        self._client, self._address = client, address

    def lines(self, tenant: str) -> list[str]:
        """A tenant's lines of the last hour, by their times."""
        self._echo(*self._query(tenant))
        return self._lines(tenant)

    def received(self, tenant: str) -> int:
        """How many lines it was sent since it was started; one that is sent twice counts twice."""
        url = f"http://{self._address}/metrics"
        self._echo(url)
        name = "loki_distributor_lines_received_total"
        counts = re.findall(rf'^{name}{{.*tenant="{tenant}".*}} (\S+)$', self._ask(url), re.M)
        return int(sum(map(float, counts)))

    def delivery(self, tenant: str, written: Sequence[str], within: float) -> Delivery:
        """What became of lines, once all of them are stored or after `within` seconds, whatever it
        is, so that a claim can judge it. Lines that are not among them don't count."""
        self._echo(*self._query(tenant))
        pause, deadline, ours = threading.Event(), time.monotonic() + within, set(written)
        while True:
            over = time.monotonic() > deadline
            try:
                stored = [line for line in self._lines(tenant) if line in ours]
            except NoAnswer:
                if over:
                    raise
            else:
                found = Delivery(written, stored)
                if over or not found.missing:
                    return found
            pause.wait(PAUSE)

    def _lines(self, tenant: str) -> list[str]:
        streams = json.loads(self._ask(*self._query(tenant)))["data"]["result"]
        entries = [entry for stream in streams for entry in stream["values"]]
        # Loki sorts within a stream. Across streams it is for the one who asks.
        return [line for _, line in sorted(entries, key=lambda entry: int(entry[0]))]

    def _query(self, tenant: str) -> list[str]:
        query = f'query={{pod="{tenant}"}}'
        return [
            *("--header", f"X-Scope-OrgID: {tenant}"),
            *("--data-urlencode", query, "--data", f"direction=forward&limit={MOST_LINES}"),
            f"http://{self._address}/loki/api/v1/query_range",
        ]

    def _ask(self, *request: str) -> str:
        fixed = ["--silent", "--show-error", "--fail-with-body", "--max-time", str(REQUEST_SECONDS)]
        code, out, err = self._client.run("curl", *fixed, *request)
        if code:
            raise NoAnswer(
                f"Loki does not answer at {self._address}: {(out or err).strip()}\n"
                "  Next: look at its Pod's log"
            )
        return out

    def _echo(self, *request: str) -> None:
        echo(f"{self._client.where} curl {shlex.join(request)}")
