"""The states of features, in the words of the documentation."""

import pytest

from book._ext import features

DEFAULTS = {"kep": 1, "default": "1.35"}


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ({"alpha": "1.33"}, "alpha since Kubernetes 1.33, off by default"),
        (
            {"alpha": "1.34", "beta": "1.35"},
            "beta since Kubernetes 1.35, on by default since 1.35",
        ),
        (
            {"alpha": "1.34", "beta": "1.35", "stable": "1.37"},
            "stable since Kubernetes 1.37, on by default since 1.35",
        ),
    ],
)
def test_the_state_is_that_of_the_highest_stage(since: dict, words: str):
    assert features.state(DEFAULTS | {"since": since}) == words


def test_the_sentence_names_kep_and_gate():
    feature = DEFAULTS | {"since": {"alpha": "1.33"}}
    assert features._sentence("AGate", feature).astext() == (
        "Feature state: alpha since Kubernetes 1.33, off by default (KEP-1, gate AGate)."
    )
