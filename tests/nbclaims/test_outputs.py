"""What a cell of a lab printed, in chapters."""

import nbformat
import pytest
from nbformat.v4 import new_output

from tests.nbclaims.sample_book import SampleBook, claim_cell, record

NEVER = claim_cell("never-restarts")
PRINTED = "$ kubectl get pods -n restarts-c0ffee -o wide\nNAME   READY\nnever  0/1\n"


@pytest.fixture
def chapter(book: SampleBook) -> SampleBook:
    """A chapter with the output of a cell with the tag `pods`, of a lab that was run."""
    directive = "{output} restarts pods\nThe Pod, *once*."
    book.cited_and_run(NEVER, record("never-restarts"), directive=directive)
    change(book, "labs/restarts/restarts.ipynb", tag="pods")
    return book


def change(book: SampleBook, path: str, tag: str = "", printed: str = "") -> None:
    """Give the last cell of a notebook a tag, and let it have printed something."""
    notebook = nbformat.read(book.root / path, as_version=4)
    if tag:
        notebook.cells[-1].metadata["tags"] = [tag]
    if printed:
        notebook.cells[-1].outputs.append(new_output("stream", text=printed))
    nbformat.write(notebook, book.root / path)


def test_the_output_comes_from_the_run_without_the_runs_namespace(chapter: SampleBook):
    change(chapter, "_build/evidence/restarts.ipynb", printed=PRINTED)
    build = chapter.build()
    assert build.problems == []
    assert "kubectl get pods -o wide NAME READY never 0/1" in build.text("chapter")
    assert "c0ffee" not in build.text("chapter")
    assert "The Pod, once ." in build.text("chapter")


def test_without_a_run_the_chapter_says_so(chapter: SampleBook):
    (chapter.root / "_build/evidence/restarts.ipynb").unlink()
    build = chapter.build()
    assert build.problems == []
    assert "The lab was not run." in build.text("chapter")


def test_a_cell_that_printed_nothing_stops_the_build(chapter: SampleBook):
    problem, *_ = chapter.build().problems
    assert "No code cell of the lab restarts has the tag 'pods' and printed something." in problem


def test_a_long_command_is_folded_and_its_output_is_not(chapter: SampleBook):
    command = f"$ kubectl get pods -o {'x' * 40} --{'y' * 40}"
    change(chapter, "_build/evidence/restarts.ipynb", printed=f"{command}\n{'z ' * 60}\n")
    page = chapter.build().text("chapter")
    assert f"-o {'x' * 40} \\ --{'y' * 40} z z" in page
    assert "z \\" not in page
