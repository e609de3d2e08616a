"""Rounds of questions, with pauses that grow."""

from __future__ import annotations

import itertools

import pytest

from kubelab import polling
from kubelab.polling import poll


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only pauses move; the pauses that were made."""
    made: list[float] = []
    monkeypatch.setattr(polling, "clock", lambda: sum(made))
    monkeypatch.setattr(polling.time, "sleep", made.append)
    return made


def test_the_last_round_comes_when_the_time_is_up(pauses: list[float]):
    assert list(poll(0.5, "…")) == [False, False, True]
    assert pauses == [0.2, 0.3]


def test_without_time_there_is_one_round(pauses: list[float]):
    assert list(poll(0, "…")) == [True]
    assert pauses == []


def test_a_clock_that_jumps_ends_the_polling_at_once(pauses: list[float], monkeypatch):
    monkeypatch.setattr(polling, "clock", itertools.count(step=3600).__next__)
    assert list(poll(180, "…")) == [True]
    assert pauses == []


def test_pauses_grow_to_a_second(pauses: list[float]):
    list(poll(10, "…"))
    assert pauses[:2] == [0.2, pytest.approx(0.3)]
    assert pauses[5:-1] == [1.0] * len(pauses[5:-1])
    assert sum(pauses) == 10


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the progress lines show, in order."""
    shown: list[str] = []

    class Progress:
        def __init__(self, what: str) -> None:
            self.what = what

        def update(self, text: str) -> None:
            shown.append(f"{self.what} {text}")

    monkeypatch.setattr(polling, "Progress", Progress)
    return shown


def test_an_answer_at_once_shows_no_progress(pauses: list[float], lines: list[str]):
    for _ in poll(5, "waiting for an answer from echo"):
        break
    assert lines == []


def test_a_loop_shows_how_long_it_goes_on(pauses: list[float], lines: list[str]):
    for attempt, _ in enumerate(poll(5, "waiting for an answer from echo")):
        if attempt == 2:
            break
    assert lines == [
        "waiting for an answer from echo · 0 s of 5 s",
        "waiting for an answer from echo · 0 s of 5 s",
        "waiting for an answer from echo · ended after 0.5 s",
    ]
