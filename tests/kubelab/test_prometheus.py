"""What a Prometheus answers, in its own JSON, as labs see it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from kubelab import WaitFailed, polling
from kubelab.http_api import NoAnswer
from kubelab.prometheus import Prometheus

POD = SimpleNamespace(name="prometheus", ip="10.244.1.9")
SHOP = SimpleNamespace(name="shop")


class Scripted:
    """A client whose requests are answered by the test, by their query."""

    where = "kubectl exec client -n lab --"

    def __init__(self, **results: Any) -> None:
        self.results = results
        self.asked: list[str] = []

    def run(self, *command: str) -> tuple[int, str, str]:
        self.command = command
        [query] = [part.partition("query=")[2] for part in command if part.startswith("query=")]
        self.asked.append(query)
        result = self.results[query.partition("(")[0]]
        result = result.pop(0) if isinstance(result, list) and len(result) > 1 else result[0]
        return 0, json.dumps({"status": "success", "data": {"result": result}}), ""


def vector(*values: float, **labels: str) -> list[dict]:
    return [{"metric": labels, "value": [1795366800.1, str(value)]} for value in values]


def scalar(value: float) -> list:
    return [value, str(value)]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0)


def test_a_query_gives_the_value_of_its_one_series():
    prometheus = Prometheus(Scripted(up=[vector(1, pod="shop")], time=[scalar(12.5)]), POD)
    assert prometheus.value("up") == 1
    assert prometheus.by("pod", "up") == {"shop": 1}
    assert prometheus.series("up") == [({"pod": "shop"}, 1)]
    assert prometheus.value("time()") == 12.5
    assert repr(prometheus.value("up")) == "1", "as people write it"


def test_no_series_has_no_value_and_several_have_too_many():
    prometheus = Prometheus(Scripted(up=[vector(1, 0)], orders=[[]]), POD)
    assert prometheus.value("orders") is None
    with pytest.raises(ValueError, match="up gives 2 series, not one"):
        prometheus.value("up")


def test_settling_ends_with_the_expected_value_or_with_the_last_one():
    answers = [vector(1), vector(0), []]
    assert Prometheus(Scripted(up=list(answers)), POD).wait_for_value("up", 0, within=60) == 0
    assert Prometheus(Scripted(up=list(answers)), POD).wait_for_value("up", None, within=60) is None
    assert Prometheus(Scripted(up=[vector(7)]), POD).wait_for_value("up", 0, within=0) == 7


def test_catching_up_waits_for_a_scrape_that_began_later():
    scrapes = [vector(99.0, pod="shop"), vector(100.2, pod="shop"), vector(101.2, pod="shop")]
    client = Scripted(time=[scalar(100.0)], timestamp=scrapes)
    Prometheus(client, POD).wait_for_scrape(SHOP)
    assert client.asked == ["time()"] + ["timestamp(up) and up == 1"] * 3


def test_queries_are_for_the_moment_that_was_caught_up_with_until_something_settles():
    scrapes = [vector(101.2, pod="shop")]
    client = Scripted(time=[scalar(100.0)], timestamp=scrapes, orders=[vector(5, status="paid")])
    prometheus = Prometheus(client, POD)
    prometheus.wait_for_scrape(SHOP)
    assert prometheus.by("status", "orders") == {"paid": 5}
    assert "time=101.2" in client.command
    assert prometheus.wait_for_value("orders", 5, within=0) == 5
    assert not any(part.startswith("time=") for part in client.command)


def test_catching_up_says_whom_prometheus_does_not_know():
    client = Scripted(time=[scalar(100.0)], timestamp=[vector(200.0, pod="other")])
    with pytest.raises(WaitFailed, match="no answer from shop for 0 s"):
        Prometheus(client, POD).wait_for_scrape(SHOP, within=0)


def test_history_has_a_time_for_each_sample():
    found = [{"metric": {}, "values": [[100.5, "1"], [102.5, "3"]]}]
    client = Scripted(time=[scalar(110.0)], visits=[found])
    assert Prometheus(client, POD).history("visits", 10) == [(100.5, 1), (102.5, 3)]
    assert "start=100" in client.command


def test_what_prometheus_says_of_a_wrong_query_is_told():
    class Refusing(Scripted):
        def run(self, *command: str) -> tuple[int, str, str]:
            return 0, json.dumps({"status": "error", "error": "parse error"}), ""

    with pytest.raises(ValueError, match=r"cannot answer up\{: parse error"):
        Prometheus(Refusing(), POD).value("up{")


def test_a_prometheus_that_is_not_there_is_no_value():
    class Silent(Scripted):
        def run(self, *command: str) -> tuple[int, str, str]:
            return 7, "", "curl: (7) Connection refused"

    with pytest.raises(NoAnswer, match=r"does not answer at 10\.244\.1\.9:9090: curl: \(7\)"):
        Prometheus(Silent(), POD).value("up")


def test_a_person_can_ask_the_same(capsys: pytest.CaptureFixture[str]):
    Prometheus(Scripted(up=[vector(1)]), POD).value("up")
    assert capsys.readouterr().out == (
        "$ kubectl exec client -n lab -- curl --get --data-urlencode query=up "
        "http://10.244.1.9:9090/api/v1/query\n"
    )


def test_targets_are_the_addresses_that_are_scraped():
    client = Scripted(up=[vector(1, pod="shop", instance="shop.exporters:9102")])
    assert Prometheus(client, POD).targets() == {"shop": "shop.exporters:9102"}


def test_growth_is_the_increase_before_it_is_extrapolated():
    samples = [{"metric": {}, "values": [[100.5, "5"], [101.5, "30"], [102.5, "20"]]}]
    client = Scripted(
        **{"orders[5m]": [samples]}, increase=[vector(45 * 1.1)], delta=[vector(15 * 1.1)]
    )
    assert Prometheus(client, POD).growth("orders", "5m") == 45


def test_growth_needs_two_samples_that_differ():
    samples = [{"metric": {}, "values": [[100.5, "5"]]}]
    client = Scripted(**{"orders[5m]": [samples]}, increase=[[]], delta=[[]])
    with pytest.raises(ValueError, match="must differ"):
        Prometheus(client, POD).growth("orders", "5m")
