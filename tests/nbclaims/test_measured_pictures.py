"""Pictures and tables that a lab's run has drawn, in chapters."""

import nbformat
import pytest
from nbformat.v4 import new_output

from nbclaims.sphinx.pictures import PictureMissing
from tests.nbclaims.sample_book import SampleBook, claim_cell, record

NEVER = claim_cell("never-restarts")
SVG = '<svg role="img"><title id="plot-waits-title">Waits</title><desc>1, 2</desc></svg>'


@pytest.fixture
def illustrated(book: SampleBook) -> SampleBook:
    """A chapter with a picture of a lab, which was run."""
    directive = "{measured} restarts plot-waits\nThe *waits*, measured."
    book.cited_and_run(NEVER, record("never-restarts"), directive=directive)
    return book


def draw(book: SampleBook, drawn: str = SVG) -> None:
    path = book.root / "_build/evidence/restarts.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].outputs.append(new_output("display_data", {"text/html": drawn}))
    nbformat.write(notebook, path)


def test_a_picture_comes_from_the_run_with_its_caption(illustrated: SampleBook):
    draw(illustrated)
    build = illustrated.build()
    assert build.problems == []
    assert SVG in build.pages["chapter"]
    assert "The waits , measured." in build.text("chapter")


def test_a_table_comes_from_the_run_in_a_frame_that_scrolls(illustrated: SampleBook):
    table = "<table><caption id='plot-waits-title'>Waits</caption><tr><td>1</td></tr></table>"
    draw(illustrated, table)
    build = illustrated.build()
    assert build.problems == []
    assert f'aria-labelledby="plot-waits-title" tabindex="0">{table}' in build.pages["chapter"]


def test_the_cells_of_a_grid_lead_to_the_claims_on_the_labs_page(illustrated: SampleBook):
    link = "<a href='#claim-never-restarts'>restarted</a>"
    grid = f"<table class='grid'><caption id='plot-waits-title'></caption><td>{link}</td></table>"
    draw(illustrated, grid)
    pages = illustrated.build().pages
    assert "href='labs/restarts/restarts.html#claim-never-restarts'" in pages["chapter"]
    assert "href='#claim-never-restarts'" in pages["labs/restarts/restarts"]


def test_a_new_run_changes_the_picture_of_an_unchanged_chapter(illustrated: SampleBook):
    draw(illustrated)
    assert SVG in illustrated.build().pages["chapter"]
    (illustrated.root / "_build/evidence/restarts.ipynb").unlink()
    assert SVG not in illustrated.build().pages["chapter"]


def test_without_a_run_the_chapter_says_so(illustrated: SampleBook):
    (illustrated.root / "_build/evidence/restarts.ipynb").unlink()
    build = illustrated.build()
    assert build.problems == []
    assert "The lab was not run." in build.text("chapter")


def test_a_picture_that_the_run_did_not_draw_stops_the_build(illustrated: SampleBook):
    with pytest.raises(PictureMissing, match="labs/restarts/restarts drew no picture 'plot-waits'"):
        illustrated.build()
