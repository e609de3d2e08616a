from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from bs4 import BeautifulSoup

import nbclaims.display
from nbclaims import ClaimFailed, at_least, between, claim, contains, environment, one_of
from nbclaims.environment import Environment
from nbclaims.matchers import agrees
from nbclaims.record import MIME_TYPE, Record

pytestmark = pytest.mark.usefixtures("shown")


def make(observed: dict, expected: dict, evidence: Any = None, name: str = "a-claim"):
    claim(
        name,
        "OnFailure leaves a container that exits 0 alone",
        observed=observed,
        expected=expected,
        because="exit code 0 is success, and OnFailure restarts only failures",
        evidence=evidence,
    )


@dataclass(frozen=True)
class Watched:
    """What was watched, as lines."""

    subject: str = "Pod p"
    state: str | None = None
    held: bool | None = None
    broken: str | None = None
    happened: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return self.happened

    def records(self) -> list[dict[str, Any]]:
        return [{"at": 0, "who": self.subject, "what": line} for line in self.happened]


def test_a_claim_that_holds_shows_a_box_and_its_record(shown: list[dict]):
    make({"restarts": 0}, {"restarts": 0})
    (bundle,) = shown
    record = bundle[MIME_TYPE]
    assert record["holds"] is True
    assert (record["observed"], record["expected"]) == ({"restarts": 0}, {"restarts": 0})
    assert 'id="claim-a-claim"' in bundle["text/html"]
    assert "claim-holds" in bundle["text/html"]
    assert bundle["text/plain"] == "holds: OnFailure leaves a container that exits 0 alone"


def test_a_failed_claim_teaches(shown: list[dict]):
    watched = Watched(happened=["+2.1 s  worker  exited 0", "+2.9 s  worker  started (restart 1)"])
    with pytest.raises(ClaimFailed) as failure:
        make(
            {"phase": "Running", "restarts": 1},
            {"phase": "Succeeded", "restarts": 0},
            evidence=watched,
        )
    assert str(failure.value) == (
        "OnFailure leaves a container that exits 0 alone\n"
        "\n"
        "  phase      expected Succeeded  observed Running\n"
        "  restarts   expected 0          observed 1\n"
        "\n"
        "The book expects this because exit code 0 is success, and OnFailure restarts only "
        "failures.\n"
        "\n"
        "What happened to Pod p, in order:\n"
        "  +2.1 s  worker  exited 0\n"
        "  +2.9 s  worker  started (restart 1)"
    )
    assert failure.value.observed == {"phase": "Running", "restarts": 1}
    (bundle,) = shown
    assert bundle[MIME_TYPE]["holds"] is False
    assert bundle[MIME_TYPE]["timeline"] == watched.records()


def test_only_what_differs_stands_in_the_table():
    with pytest.raises(ClaimFailed) as failure:
        make({"phase": "Failed", "restarts": 1}, {"phase": "Failed", "restarts": at_least(3)})
    assert str(failure.value).splitlines()[2:4] == [
        "  restarts   expected at least 3  observed 1",
        "",
    ]


def test_evidence_that_did_not_hold_fails_the_claim():
    watched = Watched(state="phase Succeeded for 5 s", held=False, broken="phase Running")
    with pytest.raises(ClaimFailed) as failure:
        make({"exit code": 0}, {"exit code": 0}, evidence=watched)
    assert str(failure.value).splitlines()[2] == (
        "  watched   expected phase Succeeded for 5 s  observed phase Running"
    )


def test_the_record_says_where_it_was_observed(shown: list[dict], monkeypatch):
    make({"a": 1}, {"a": 1})
    monkeypatch.setattr(environment, "describe", lambda: Environment("v1.37.2", "kind"))
    make({"a": 1}, {"a": 1}, name="another-claim")
    records = [Record.from_json(bundle[MIME_TYPE]) for bundle in shown]
    assert [(record.version, record.environment) for record in records] == [
        (None, None),
        ("v1.37.2", "kind"),
    ]
    assert "v1.37.2 · kind · " in shown[1]["text/html"]


def test_the_record_is_json_whatever_was_observed(shown: list[dict]):
    with pytest.raises(ClaimFailed):
        make({"gaps": (0.2, {1})}, {"gaps": [between(0, 1), one_of(9)]})
    assert json.loads(json.dumps(shown[0][MIME_TYPE]))["expected"] == {
        "gaps": ["between 0 and 1", "one of 9"]
    }


def test_observed_and_expected_name_the_same_things():
    with pytest.raises(ValueError, match="observed has phase; expected has restarts"):
        make({"phase": 1}, {"restarts": 1})


def test_a_claim_that_compares_nothing_is_refused():
    with pytest.raises(ValueError) as failure:
        make({}, {})
    assert str(failure.value) == (
        "claim 'a-claim' compares nothing: observed and expected are empty\n"
        "  Next: give both the values that the sentence is about"
    )


def test_a_claim_may_be_made_again_in_another_cell(shown: list[dict]):
    make({"a": 1}, {"a": 1})
    with pytest.raises(ClaimFailed):
        make({"a": 2}, {"a": 1})
    assert [bundle[MIME_TYPE]["holds"] for bundle in shown] == [True, False]


def rows_of(page: str) -> list[list[str]]:
    """The rows of a box: the class, then the text of each cell."""
    rows = BeautifulSoup(page, "html.parser").select("tbody tr")
    return [[*row.get("class", [""]), *(cell.text for cell in row.children)] for row in rows]


def test_the_box_marks_the_rows_that_differ_and_says_so(shown: list[dict]):
    with pytest.raises(ClaimFailed):
        make({"phase": "Running", "ready": True}, {"phase": "Succeeded", "ready": True})
    assert rows_of(shown[0]["text/html"]) == [
        ["claim-differs", "phase", "Succeeded", "Running", "≠ differs"],
        ["", "ready", "yes", "yes", ""],
    ]


def test_a_box_that_holds_marks_nothing_and_says_values_in_words(shown: list[dict]):
    make({"pods": ["Running", 1]}, {"pods": [one_of("Running", "Failed"), at_least(1)]})
    assert rows_of(shown[0]["text/html"]) == [
        ["", "pods", "one of Running, Failed, at least 1", "Running, 1"]
    ]


def test_the_box_shows_a_state_that_did_not_hold(shown: list[dict]):
    watched = Watched(state="phase Succeeded for 5 s", held=False, broken="phase Running")
    with pytest.raises(ClaimFailed):
        make({"exit code": 0}, {"exit code": 0}, evidence=watched)
    assert rows_of(shown[0]["text/html"])[1] == [
        "claim-differs",
        "watched",
        "phase Succeeded for 5 s",
        "phase Running",
        "≠ differs",
    ]


def test_values_that_read_the_same_are_told_apart():
    with pytest.raises(ClaimFailed) as failure:
        make({"code": 1}, {"code": "1"})
    assert str(failure.value).splitlines()[2] == "  code   expected '1'  observed 1"


def test_the_box_names_the_object_whose_timeline_it_shows(shown: list[dict]):
    make({"a": 1}, {"a": 1}, evidence=Watched("Pod p", happened=["+0.1 s  worker  started"]))
    box = BeautifulSoup(shown[0]["text/html"], "html.parser")
    assert box.summary.text == "What happened to Pod p, in order"
    assert box.pre.text == "+0.1 s  worker  started"


def test_of_several_timelines_a_failed_claim_shows_that_of_what_differs(shown: list[dict]):
    evidence = {
        "first": Watched("Pod first", happened=["+1.0 s  worker  exited 0"]),
        "second": Watched("Pod second", happened=["+2.0 s  worker  exited 1"]),
        "third": Watched("Pod third", state="gone", held=False, broken="phase Running"),
    }
    with pytest.raises(ClaimFailed) as failure:
        make(
            {"first": 0, "second": 1, "third": 0},
            {"first": 0, "second": 0, "third": 0},
            evidence=evidence,
        )
    assert str(failure.value).splitlines()[2:4] == [
        "  second          expected 0     observed 1",
        "  watched third   expected gone  observed phase Running",
    ]
    summaries = BeautifulSoup(shown[0]["text/html"], "html.parser").select("summary")
    assert [summary.text for summary in summaries] == [
        "What happened to Pod second, in order",
        "What happened to Pod third, in order",
    ]


def test_below_the_box_the_failure_only_points_to_it(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ClaimFailed) as failure:
        make({"a": 2}, {"a": 1})
    assert failure.value._render_traceback_() == [f"ClaimFailed: {failure.value}"]
    monkeypatch.setattr(nbclaims.display, "in_notebook", lambda: True)
    assert failure.value._render_traceback_() == [
        "ClaimFailed: OnFailure leaves a container that exits 0 alone",
        "  This does not hold: the box above shows what was expected and what was observed.",
    ]


@pytest.mark.parametrize("name", ["", "Upper", "with space", "a--b", "a_b", "-a"])
def test_a_name_can_be_part_of_a_link(name: str):
    with pytest.raises(ValueError, match="use small letters, digits and single hyphens"):
        make({"a": 1}, {"a": 1}, name=name)


def test_the_box_shows_what_was_observed_as_text_not_as_markup(shown: list[dict]):
    make({"message": "<script>"}, {"message": "<script>"})
    assert "<script>" not in shown[0]["text/html"]


@pytest.mark.parametrize(
    ("expected", "observed", "agree"),
    [
        (at_least(3), 3, True),
        (at_least(3), 2, False),
        (at_least(3), None, False),
        (between(1, 2), 2.0, True),
        (one_of("a", "b"), "c", False),
        (contains("x"), "axb", True),
        ([at_least(1), 2], [5, 2], True),
        ([at_least(1)], [5, 2], False),
        ({"a": at_least(1)}, {"a": 1}, True),
        ({"a": at_least(1)}, {"a": 1, "b": 2}, False),
        (0, None, False),
    ],
)
def test_matchers(expected: object, observed: object, agree: bool):
    assert agrees(expected, observed) is agree
