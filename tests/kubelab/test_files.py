"""The first lines of a file in a container, once they are there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kubelab import WaitFailed, polling
from kubelab.files import first_lines


def pod(*contents: str) -> SimpleNamespace:
    """A Pod whose file has these contents, one after another; the last one stays."""
    left = list(contents)

    def run(*command: str, container: str | None = None) -> tuple[int, str, str]:
        text = left.pop(0) if len(left) > 1 else left[0]
        return (0, text, "") if text else (1, "", "head: cannot open '/log'")

    return SimpleNamespace(name="shop", namespace="lab", run=run, describe_command="kubectl …")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0)


def test_lines_are_returned_once_the_file_has_enough_whole_lines(capsys):
    shop = pod("", "a\n", "a\nb", "a\nb\n")
    assert first_lines(shop, 2, "/log", "app") == ["a", "b"]
    assert capsys.readouterr().out == "$ kubectl exec shop -n lab -c app -- head -n 2 /log\n"


def test_a_file_with_too_few_lines_is_an_error():
    with pytest.raises(WaitFailed, match="has 1 lines after 0 s, not 2"):
        first_lines(pod("a\n"), 2, "/log", within=0)
