"""A Prometheus, queried in PromQL from a client Pod.

It scrapes when its interval says so, and no watch tells when: `wait_for_scrape` waits for a scrape
that began later, and `wait_for_value` queries again until a value is as expected or its time is up.
Where a scrape is answered too late, as on a busy machine, a Pod's series have no value until the
next one: so the queries after `wait_for_scrape` are for the moment of the scrape that it has seen.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kubelab.http_api import HttpApi
from kubelab.polling import poll
from kubelab.waiting import WaitFailed

if TYPE_CHECKING:
    from kubelab.clients import Client
    from kubelab.objects import Pod

IN_TRANSIT = 0.5
"""Seconds between a send and the scrape that must have it: an exporter keeps what it received for a
moment before it shows it, statsd_exporter for up to 0.2 s."""

ANSWERED = "timestamp(up) and up == 1"
"""When each Pod was last scraped successfully."""


class Prometheus:
    """A Prometheus in `pod`, on its default port, as `client` reaches it."""

    def __init__(self, client: Client, pod: Pod) -> None:
        self._api = HttpApi("Prometheus", client, f"{pod.ip}:9090")
        self._moment: dict[str, float] = {}
        """For when instant queries are, as they take it; empty for now."""

    def series(self, promql: str) -> list[tuple[dict[str, str], float]]:
        """The series of an instant query: the labels and the value of each."""
        self._echo("query", query=promql, **self._moment)
        return self._series(promql)

    def by(self, label: str, promql: str) -> dict[str, float]:
        """The values of an instant query, by a label whose value differs between the series."""
        return {labels[label]: value for labels, value in self.series(promql)}

    def targets(self) -> dict[str, str]:
        """The address at which each Pod is scraped, by the Pod's name."""
        return {labels["pod"]: labels["instance"] for labels, _ in self.series("up")}

    def value(self, promql: str) -> float | None:
        """The value of the one series that an instant query gives; None where it gives none."""
        self._echo("query", query=promql, **self._moment)
        return self._value(promql)

    def growth(self, counter: str, window: str) -> float:
        """Return the growth of a counter that `increase()` sees, before it extrapolates.

        Prometheus doesn't return it. `delta()` is the last sample minus the first, extrapolated by
        the same factor as `increase()`, so the samples give the factor.

        Args:
            counter: A selector of one series.
            window: The range, as PromQL has it: `5m`.
        """
        samples = f"{counter}[{window}]"
        self._echo("query", query=samples, **self._moment)
        [series] = self._ask("query", query=samples, **self._moment)
        first, last = float(series["values"][0][1]), float(series["values"][-1][1])
        increase, delta = self.value(f"increase({samples})"), self.value(f"delta({samples})")
        if increase is None or not delta:
            raise ValueError(f"{samples}: the first sample and the last one must differ")
        growth = round(increase * (last - first) / delta, 2)
        return int(growth) if growth.is_integer() else growth

    def wait_for_value(self, promql: str, at: float | None, within: float) -> float | None:
        """Query until the value is `at`, for at most `within` seconds; return the last value.

        A value other than `at` is returned too, so that a claim can judge it. Later queries are for
        the time of the query.
        """
        self._moment = {}
        self._echo("query", query=promql)
        for _ in poll(within, f"waiting for {promql} = {at}"):
            value = self._value(promql)
            if value == at:
                break
        return value

    def wait_for_scrape(self, pod: Pod, within: float = 120) -> None:
        """Return when Prometheus has scraped a Pod once more.

        The scrape has seen everything that was sent before it. Later queries are for the time of
        that scrape.

        Raises:
            WaitFailed: Prometheus has no such target, or the target didn't respond.
        """
        self._moment = {}
        self._echo("query", query=ANSWERED)
        after = self._time() + IN_TRANSIT
        for _ in poll(within, f"waiting until Prometheus scrapes {pod.name}"):
            answered = {labels.get("pod"): at for labels, at in self._series(ANSWERED)}
            if answered.get(pod.name, 0) > after:
                self._moment = {"time": answered[pod.name]}
                return
        raise WaitFailed(f"Prometheus had no answer from {pod.name} for {within:g} s")

    def history(self, promql: str, seconds: float, step: float = 1) -> list[tuple[float, float]]:
        """Return the samples of one series over the last `seconds`, by a range query.

        Each sample comes with its time in seconds since 1970. Where the series had no value, the
        sample is missing.
        """
        self._moment = {}
        end = self._time()
        question = {"query": promql, "start": end - seconds, "end": end, "step": step}
        self._echo("query_range", **question)
        found = self._ask("query_range", **question)
        _only_one(promql, found)
        return [(at, _number(value)) for series in found for at, value in series["values"]]

    def _time(self) -> float:
        """Return the time of Prometheus' clock, in seconds since 1970."""
        return self._value("time()") or 0.0

    def _value(self, promql: str) -> float | None:
        answer = self._ask("query", query=promql, **self._moment)
        if isinstance(answer[0] if answer else None, int | float):  # a scalar, such as time()
            return _number(answer[1])
        _only_one(promql, answer)
        return _number(answer[0]["value"][1]) if answer else None

    def _series(self, promql: str) -> list[tuple[dict[str, str], float]]:
        return [
            (series["metric"], _number(series["value"][1]))
            for series in self._ask("query", query=promql, **self._moment)
        ]

    def _ask(self, kind: str, **question: Any) -> list[Any]:
        """The result of a query, as Prometheus gives it."""
        answer = json.loads(self._api.ask(*self._request(kind, question)))
        if answer["status"] != "success":
            raise ValueError(f"Prometheus cannot answer {question['query']}: {answer['error']}")
        result: list[Any] = answer["data"]["result"]
        return result

    def _request(self, kind: str, question: dict[str, Any]) -> list[str]:
        pairs = [f"{key}={value}" for key, value in question.items()]
        data = [part for pair in pairs for part in ("--data-urlencode", pair)]
        return [f"/api/v1/{kind}", "--get", *data]

    def _echo(self, kind: str, **question: Any) -> None:
        self._api.echo(*self._request(kind, question))


def _number(text: str) -> float:
    """A sample's value; a whole number without a fraction, as people write it."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _only_one(promql: str, series: list[Any]) -> None:
    if len(series) > 1:
        raise ValueError(
            f"{promql} gives {len(series)} series, not one: say which, or aggregate them"
        )
