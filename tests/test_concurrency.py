"""A run of a lab waits for a slot."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import concurrency
from tests.concurrency import ALWAYS, BUSY, pressure, slot


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency.runs, "RUNS", tmp_path / "runs")


def a_slot_is_free(busy: float, running: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Return whether a run gets one of four slots on such a machine."""
    monkeypatch.setattr(concurrency, "pressure", lambda: 0)
    with ExitStack() as others:
        for _ in range(running):
            others.enter_context(slot(workers=4))
        monkeypatch.setattr(concurrency, "pressure", lambda: busy)
        begun = threading.Event()

        def begin() -> None:
            with slot(workers=4):
                begun.set()

        thread = threading.Thread(target=begin)
        thread.start()
        found = begun.wait(0.2)
    thread.join()
    return found


@pytest.mark.parametrize(
    ("busy", "running", "expected"),
    [
        (0, 3, True),
        (BUSY + 1, ALWAYS - 1, True),
        (BUSY + 1, ALWAYS, False),
        (0, 4, False),
    ],
)
def test_a_busy_machine_runs_two_and_a_quiet_one_as_many_as_there_are_workers(
    busy: float, running: int, expected: bool, monkeypatch: pytest.MonkeyPatch
):
    assert a_slot_is_free(busy, running, monkeypatch) is expected


def test_the_pressure_is_that_of_the_last_ten_seconds(tmp_path: Path, monkeypatch):
    file = tmp_path / "cpu"
    file.write_text("some avg10=41.91 avg60=38.63 avg300=30.00 total=1\nfull avg10=0.00\n")
    monkeypatch.setattr(concurrency, "PRESSURE", file)
    assert pressure() == 41.91


def test_without_pressure_information_the_load_counts(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(concurrency, "PRESSURE", tmp_path / "nowhere")
    monkeypatch.setattr(concurrency.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(concurrency.os, "getloadavg", lambda: (16.5, 3.0, 1.0))
    assert pressure() > BUSY
    monkeypatch.setattr(concurrency.os, "getloadavg", lambda: (15.5, 30.0, 30.0))
    assert pressure() < BUSY
