import nbclaims.display
from kubelab import table


def test_a_table_has_a_row_for_each_key_and_tells_both_in_html_and_in_text(monkeypatch):
    shown = []
    monkeypatch.setattr(nbclaims.display, "show", shown.append)
    table({"Never": {"exits 0": "Succeeded"}, "Always": {"exits 0": "Running", "<killed>": 3}})
    [bundle] = shown
    assert bundle["text/html"] == (
        "<table><thead><tr><td></td><th scope='col'>exits 0</th>"
        "<th scope='col'>&lt;killed&gt;</th></tr></thead><tbody>"
        "<tr><th scope='row'>Never</th><td>Succeeded</td><td></td></tr>"
        "<tr><th scope='row'>Always</th><td>Running</td><td>3</td></tr></tbody></table>"
    )
    assert bundle["text/plain"].splitlines() == [
        "Never: {'exits 0': 'Succeeded'}",
        "Always: {'exits 0': 'Running', '<killed>': 3}",
    ]


def test_a_table_with_a_title_has_a_name_by_which_a_chapter_finds_it(monkeypatch):
    shown = []
    monkeypatch.setattr(nbclaims.display, "show", shown.append)
    table({"a": {"b": 1}}, title="Four rules, twice")
    assert shown[0]["text/html"].startswith(
        "<table><caption id='table-four-rules-twice-title'>Four rules, twice</caption><thead>"
    )
