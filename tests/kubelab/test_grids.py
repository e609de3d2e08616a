import re

import pytest

from kubelab.grids import grid
from nbclaims import ClaimFailed, claim

ROWS = [("app", "exits 0"), ("app", "killed"), ("init", "exits 0")]
COLUMNS = [("Pod", "OnFailure"), ("Job", "Always"), ("Job", "OnFailure")]


pytestmark = pytest.mark.usefixtures("shown")


def observe_all() -> None:
    """A claim for each cell, which observed the row's name, and `<9>` for a killed one."""
    for row in ROWS:
        for column in COLUMNS:
            word = "refused" if column == ("Job", "Always") else row[1].replace("killed", "<9>")
            observed = {f"{' '.join(row)}, {' '.join(column)}": word}
            name = "-".join(row + column).lower().replace(" ", "-")
            claim(name, "…", observed=observed, expected=observed, because="…")


def test_each_cell_says_what_was_observed_and_leads_to_the_claim(shown):
    observe_all()
    grid(ROWS, COLUMNS, title="Every end")
    page = shown[-1]["text/html"]
    assert page.startswith(
        "<table class='grid'><caption id='table-every-end-title'>Every end</caption>"
    )
    cells = re.findall(r"<td( \w+='[^']+')><a href='#claim-([^']+)'>([^<]+)</a></td>", page)
    assert [(claim, word) for _, claim, word in cells[3:6]] == [
        ("app-killed-pod-onfailure", "&lt;9&gt;"),
        ("app-killed-job-always", "refused"),
        ("app-killed-job-onfailure", "&lt;9&gt;"),
    ]
    tints = {word: tint for tint, _, word in cells}
    assert tints["refused"] == " class='refused'"
    assert tints["exits 0"] != tints["&lt;9&gt;"]
    assert "app killed, Job Always: refused" in shown[-1]["text/plain"]


def test_groups_of_rows_and_columns_stand_once(shown):
    observe_all()
    grid(ROWS, COLUMNS, title="Every end")
    page = shown[-1]["text/html"]
    assert re.findall(r"rowspan='(\d)'>(\w+)", page) == [("2", "app"), ("1", "init")]
    assert re.findall(r"colspan='(\d)'>(\w+)", page) == [("1", "Pod"), ("2", "Job")]
    assert page.count("<th scope='col'>On<wbr>Failure</th>") == 2


def test_a_claim_that_failed_shows_what_it_observed(shown):
    with pytest.raises(ClaimFailed):
        claim("c", "…", observed={"a b, c d": 1}, expected={"a b, c d": 2}, because="…")
    grid([("a", "b")], [("c", "d")], title="t")
    assert "<a href='#claim-c'>1</a>" in shown[-1]["text/html"]


def test_a_cell_that_nothing_has_observed_is_an_error():
    with pytest.raises(LookupError, match="no claim has observed 'app exits 0, Pod OnFailure'"):
        grid(ROWS, COLUMNS, title="Every end")
