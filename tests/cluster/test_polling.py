"""Polling ends when the condition is true, or when the time is over."""

from cluster.polling import poll


def test_poll_returns_true_as_soon_as_the_condition_is_true():
    results = iter([False, False, True])
    assert poll(lambda: next(results), within=10, pause=0)
    assert list(results) == []


def test_poll_returns_false_when_the_time_is_over():
    assert not poll(lambda: False, within=0.01, pause=0.001)


def test_the_condition_is_evaluated_once_even_without_time():
    assert poll(lambda: True, within=0)
