"""What a Loki answers, in its own JSON and metrics, as labs see it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from kubelab import polling
from kubelab.http_api import NoAnswer
from kubelab.loki import Delivery, Loki, lines_over_time

METRICS = """# TYPE loki_distributor_lines_received_total counter
loki_distributor_lines_received_total{format="json",policy="",tenant="shop"} 200
loki_distributor_lines_received_total{format="json",policy="other",tenant="shop"} 1e+01
loki_distributor_lines_received_total{format="json",policy="",tenant="shop-2"} 7
"""
AWAY = ""


class Scripted:
    """A client whose requests are answered one after another; the last answer stays."""

    where = "kubectl exec client -n lab --"

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    def run(self, *command: str) -> tuple[int, str, str]:
        self.command = command
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        code = 7 if answer == AWAY else 0
        return code, answer, "curl: (7) Connection refused" * bool(code)


def streams(*streams: list[str]) -> str:
    """Lines as Loki gives them: `"3 c"` is the line `c` at 3 ns."""
    values = [[line.split(" ", 1) for line in lines] for lines in streams]
    result = [{"stream": {"pod": "shop"}, "values": each} for each in values]
    return json.dumps({"status": "success", "data": {"resultType": "streams", "result": result}})


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0)


def test_lines_come_by_their_times_and_not_stream_by_stream():
    client = Scripted(streams(["1 a", "10 d"], ["2 b", "9 c"]))
    assert Loki(client, "store:3100").lines("shop") == ["a", "b", "c", "d"]
    assert client.command[-1] == "http://store:3100/loki/api/v1/query_range"


def test_received_is_the_count_of_one_tenant():
    assert Loki(Scripted(METRICS), "store:3100").received("shop") == 210
    assert Loki(Scripted(METRICS), "store:3100").received("nobody") == 0


def test_a_delivery_is_what_it_is_when_all_lines_have_come_or_the_time_is_up():
    client = Scripted(streams(), streams(["1 a"]), streams(["1 a", "2 b", "3 later"]))
    assert Loki(client, "store:3100").delivery("shop", ["a", "b"], within=60).stored == ["a", "b"]
    client = Scripted(streams(["1 a"]))
    assert Loki(client, "store:3100").delivery("shop", ["a", "b"], within=0).missing == ["b"]


def test_a_delivery_tells_doubled_lines_and_their_order():
    delivery = Delivery(["a", "b", "c"], ["a", "a", "c"])
    assert (delivery.missing, delivery.doubled, delivery.in_order) == (["b"], 1, True)
    assert not Delivery(["a", "b"], ["b", "a"]).in_order
    assert not Delivery(["a"], []).in_order


def test_a_store_that_is_not_there_holds_no_number_of_lines():
    with pytest.raises(NoAnswer, match=r"does not answer at store:3100: curl: \(7\)"):
        Loki(Scripted(AWAY), "store:3100").lines("shop")
    with pytest.raises(NoAnswer):
        Loki(Scripted(AWAY), "store:3100").delivery("shop", ["a"], within=0)


def test_a_store_that_comes_back_is_waited_for():
    client = Scripted(AWAY, streams(["1 a"]))
    assert Loki(client, "store:3100").delivery("shop", ["a"], within=60).stored == ["a"]


def test_a_person_can_ask_the_same(capsys: pytest.CaptureFixture[str]):
    Loki(Scripted(streams()), "store:3100").lines("shop")
    assert capsys.readouterr().out == (
        "$ kubectl exec client -n lab -- curl --header 'X-Scope-OrgID: shop' "
        """--data-urlencode 'query={pod="shop"}' --data 'direction=forward&limit=5000' """
        "http://store:3100/loki/api/v1/query_range\n"
    )


def test_a_delivery_has_a_summary():
    summary = {"written": 3, "missing": 1, "doubled": 1, "in order": True}
    assert Delivery(["a", "b", "c"], ["a", "a", "c"]).summary == summary


def test_lines_beyond_those_that_a_store_holds_were_sent_again():
    assert Loki(Scripted(METRICS, streams(["1 a", "2 b"])), "store:3100").sent_again("shop") == 208


def test_lines_over_time_are_counts_and_the_outage_after_the_first_answer():
    def pod(*stamps: tuple[str, float]) -> SimpleNamespace:
        return SimpleNamespace(log_timestamps=lambda container=None: list(stamps))

    writer = pod(("line 1", 10.0), ("line 2", 11.0))
    watcher = pod(("away", 9.0), ("1", 10.5), ("away", 11.0), ("away", 12.0), ("2", 13.0))
    counts, outages = lines_over_time(writer, watcher)
    assert counts == {"written": [(10.0, 1), (11.0, 2)], "in the store": [(10.5, 1), (13.0, 2)]}
    assert outages == {"the store is away": (11.0, 12.0)}
    assert lines_over_time(writer, pod(("1", 10.5)))[1] == {}
