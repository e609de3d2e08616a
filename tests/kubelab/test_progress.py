from __future__ import annotations

import IPython.display
import pytest

import nbclaims.display
from kubelab.display import Progress, table


class Display:
    """What a notebook shows: one bundle an output, the last that it was updated to."""

    def __init__(self) -> None:
        self.outputs: list[dict] = []

    def __call__(self, bundle: dict, raw: bool, display_id: bool = False) -> Display.Handle:
        self.outputs.append(bundle)
        return Display.Handle(self.outputs, len(self.outputs) - 1)

    class Handle:
        def __init__(self, outputs: list[dict], index: int) -> None:
            self.outputs, self.index = outputs, index

        def update(self, bundle: dict, raw: bool) -> None:
            self.outputs[self.index] = bundle


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Display:
    shown = Display()
    monkeypatch.setattr(nbclaims.display, "in_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", shown)
    return shown


def test_progress_is_one_output_that_keeps_its_last_state(display: Display):
    progress = Progress("waiting for Pod p: phase <Failed>")
    progress.update("· 1 s of 30 s")
    progress.update("· came after 1.4 s")
    (output,) = display.outputs
    assert output["text/plain"] == "waiting for Pod p: phase <Failed> · came after 1.4 s"
    assert "phase &lt;Failed&gt; · came after 1.4 s" in output["text/html"]


def test_outside_a_notebook_nothing_is_shown(capsys: pytest.CaptureFixture):
    Progress("waiting").update("· 1 s of 30 s")
    assert capsys.readouterr() == ("", "")


def test_a_table_has_a_row_for_each_key(display: Display):
    table({"Never": {"exits 0": "Succeeded"}, "Always": {"exits 0": "Running"}})
    (output,) = display.outputs
    assert output["text/html"] == (
        "<table><thead><tr><td></td><th scope='col'>exits 0</th></tr></thead><tbody>"
        "<tr><th scope='row'>Never</th><td>Succeeded</td></tr>"
        "<tr><th scope='row'>Always</th><td>Running</td></tr></tbody></table>"
    )
