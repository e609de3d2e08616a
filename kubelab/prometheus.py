"""A Prometheus, asked in PromQL from a client Pod.

It scrapes when its interval says so, and no watch tells when: `catch_up` waits for scrapes that
began later, and `settle` asks again until an answer is as expected or its time is up.
"""

from __future__ import annotations

import json
import shlex
import threading
import time
from typing import TYPE_CHECKING, Any

from kubelab.notebook import echo
from kubelab.waiting import WaitFailed

if TYPE_CHECKING:
    from kubelab.objects import Pod
    from kubelab.probes import Client

REQUEST_SECONDS = 15
"""What an answer may take. On an idle cluster it takes 5 ms."""
PAUSE = 0.3
"""Seconds between two questions of a wait."""
IN_TRANSIT = 0.5
"""Seconds between a send and the scrape that must have it: an exporter keeps what it received for a
moment before it shows it, statsd_exporter for up to 0.2 s."""


class Prometheus:
    """A Prometheus in `pod`, on its default port, as `client` reaches it."""

    def __init__(self, client: Client, pod: Pod) -> None:
        self._client, self._address = client, f"{pod.ip}:9090"

    def series(self, promql: str) -> list[tuple[dict[str, str], float]]:
        """The series of an instant query: the labels and the value of each."""
        self._echo("query", query=promql)
        return self._series(promql)

    def by(self, label: str, promql: str) -> dict[str, float]:
        """The values of an instant query, by a label that each series has a value of its own in."""
        return {labels[label]: value for labels, value in self.series(promql)}

    def value(self, promql: str) -> float | None:
        """The value of the one series that an instant query gives; None where it gives none."""
        self._echo("query", query=promql)
        return self._value(promql)

    def settle(self, promql: str, at: float | None, within: float) -> float | None:
        """Ask until the value is `at`, for `within` seconds at most; the last value, whatever it
        is, so that a claim can judge it."""
        self._echo("query", query=promql)
        pause, deadline = threading.Event(), time.monotonic() + within
        while (value := self._value(promql)) != at and time.monotonic() < deadline:
            pause.wait(PAUSE)
        return value

    def catch_up(self, *pods: Pod, within: float = 60) -> None:
        """Return when each Pod has been asked once more, with success or without: what was sent
        before has been seen then, or never will be. WaitFailed where Prometheus knows none."""
        self._echo("query", query="timestamp(up)")
        pause, deadline = threading.Event(), time.monotonic() + within
        after = self._value("time()") + IN_TRANSIT
        missing = {pod.name for pod in pods}
        while missing := missing - {
            labels.get("pod") for labels, at in self._series("timestamp(up)") if at > after
        }:
            if time.monotonic() > deadline:
                names = ", ".join(sorted(missing))
                raise WaitFailed(f"Prometheus did not ask {names} for {within:g} s")
            pause.wait(PAUSE)

    def history(self, promql: str, seconds: float, step: float = 1) -> list[tuple[float, float]]:
        """A range query over the last `seconds`: the samples of its one series, each with its time
        in seconds since 1970. Where the series had no value there is none."""
        end = self._value("time()")
        question = {"query": promql, "start": end - seconds, "end": end, "step": step}
        self._echo("query_range", **question)
        found = self._ask("query_range", **question)
        _only_one(promql, found)
        return [(at, _number(value)) for series in found for at, value in series["values"]]

    def _value(self, promql: str) -> float | None:
        answer = self._ask("query", query=promql)
        if isinstance(answer[0] if answer else None, int | float):  # a scalar, such as time()
            return _number(answer[1])
        _only_one(promql, answer)
        return _number(answer[0]["value"][1]) if answer else None

    def _series(self, promql: str) -> list[tuple[dict[str, str], float]]:
        return [
            (series["metric"], _number(series["value"][1]))
            for series in self._ask("query", query=promql)
        ]

    def _ask(self, kind: str, **question: Any) -> list:
        """The result of a query, as Prometheus gives it."""
        fixed = ["--silent", "--show-error", "--max-time", str(REQUEST_SECONDS)]
        code, out, err = self._client.run("curl", *fixed, *self._curl(kind, question))
        if code:
            raise RuntimeError(
                f"Prometheus does not answer at {self._address}: {err.strip()}\n"
                "  Next: look at its Pod's log"
            )
        answer = json.loads(out)
        if answer["status"] != "success":
            raise ValueError(f"Prometheus cannot answer {question['query']}: {answer['error']}")
        return answer["data"]["result"]

    def _curl(self, kind: str, question: dict[str, Any]) -> list[str]:
        pairs = [f"{key}={value}" for key, value in question.items()]
        data = [part for pair in pairs for part in ("--data-urlencode", pair)]
        return ["--get", *data, f"http://{self._address}/api/v1/{kind}"]

    def _echo(self, kind: str, **question: Any) -> None:
        echo(f"{self._client.where} curl {shlex.join(self._curl(kind, question))}")


def _number(text: str) -> float:
    """A sample's value; a whole number without a fraction, as people write it."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _only_one(promql: str, series: list) -> None:
    if len(series) > 1:
        raise ValueError(
            f"{promql} gives {len(series)} series, not one: say which, or aggregate them"
        )
