"""A book of two or three pages, with labs and the traces of runs, for tests of the extension."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
import yaml
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from nbclaims import mutants, provenance
from nbclaims.evidence import METADATA, EvidenceStore
from nbclaims.mutants import Verdict
from nbclaims.provenance import Book
from nbclaims.record import MIME_TYPE, Record
from nbclaims.sphinx import ClaimsError

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def claim_cell(name: str, sentence: str = "A sentence.") -> str:
    """Return the code of a cell that makes a claim."""
    return f'claim("{name}", "{sentence}", observed={{}}, expected={{}}, because="of it")'


def record(name: str, *, holds: bool = True, **changed: Any) -> dict[str, Any]:
    """Return what `claim` writes into a notebook, with some fields changed."""
    made = Record(
        name=name,
        sentence="A sentence.",
        holds=holds,
        observed={"phase": "Failed", "restarts": 0},
        expected={"phase": "Failed", "restarts": 0},
        because="of it",
        timeline=[],
        version="v1.37.2",
        environment="kind",
        at="2026-11-22T17:00:00Z",
    )
    return made.to_json() | changed


@dataclass(frozen=True)
class Build:
    """What became of a build.

    Attributes:
        pages: the HTML of the pages by name.
        problems: what it complained of, in order; a build without problems succeeded.
        summary: what it printed about the claims.
    """

    pages: dict[str, str]
    problems: list[str]
    summary: str

    def text(self, page: str) -> str:
        """Return a page's words, without markup and line breaks."""
        return " ".join(BeautifulSoup(self.pages[page], "html.parser").get_text(" ").split())


class SampleBook:
    """A book in its own folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "conf.py").write_text("")
        self.page("index", "# Book\n\n```{toctree}\n:glob:\n\n*\nlabs/*/*\n```\n")

    def page(self, name: str, text: str) -> None:
        """Write a chapter."""
        self.write(f"{name}.md", text)

    def lab(self, name: str, *cells: str, title: str = "A lab") -> None:
        """Write a lab's notebook: its title and its cells of code."""
        self._notebook(f"labs/{name}/{name}.ipynb", title, cells, [])
        # The text, from which the notebook would be generated.
        text = [f"# {title}\n", *(f"```{{code-cell}} ipython3\n{cell}\n```\n" for cell in cells)]
        self.write(f"labs/{name}/{name}.md", "\n".join(text))

    def run(self, name: str, *cells: str, records: list[dict[str, Any]] | None = None) -> None:
        """Write the executed notebook of a lab; every record goes to the cell of its claim."""
        taken = Book(self.root).take(self._source(name))
        taken.digests["code"] = provenance.digest(*cells)
        metadata = {METADATA: {"provenance": taken.to_json()}}
        path = f"_build/evidence/{name}.ipynb"
        self._notebook(path, "A lab", cells, records or [], metadata)

    def mutants(
        self, lab: str, *claims: str, verdict: str | None = None, control: str | None = "held"
    ) -> None:
        """Declare a mutant for each claim, and the verdicts on it and on its control."""
        declared = [
            {
                "mutant": f"breaks-{claim}",
                "claim": claim,
                "file": "pod.yaml",
                "find": "restartPolicy: Never",
                "replace": "restartPolicy: Always",
                "seen": {"restarts": 1},
            }
            for claim in claims
        ]
        self.write(f"labs/{lab}/mutants.yaml", yaml.safe_dump(declared))
        if verdict:
            self.verdicts(
                lab,
                *(
                    Verdict(f"breaks-{claim}", claim, verdict, "restarts   expected 0  observed 1")
                    for claim in claims
                ),
                *(Verdict("", claim, control, "so") for claim in claims if control),
            )

    def verdicts(self, lab: str, *verdicts: Verdict) -> None:
        """Keep verdicts on mutants of a lab, or on controls, of a run that was made now."""
        source = self._source(lab)
        taken = Book(self.root).take_for_mutants(source)
        digests = {(one.mutant, one.claim): one.digest for one in mutants.of(source)}
        ran = [
            replace(
                one,
                provenance=taken.of_mutant(
                    digests.get((one.mutant, one.claim), mutants.control(one.claim).digest)
                ),
            )
            for one in verdicts
        ]
        EvidenceStore.of_book(self.root).update_verdicts(lab, ran, mutants.of(source))

    def cited_and_run(self, cell: str, *records: dict[str, Any], directive: str) -> None:
        """Write a lab of one cell that was run, and a chapter that cites it and has a directive."""
        self.lab("restarts", cell)
        self.page(
            "chapter", f"# Chapter\n\nNothing {{claim}}`never-restarts`.\n\n```{directive}\n```\n"
        )
        self.run("restarts", cell, records=list(records))

    def statements(self, *entries: dict[str, Any]) -> None:
        """Write what the source text says."""
        self.write(
            "book/about/statements.yml",
            yaml.safe_dump([{"part": "Restart policy", "statements": list(entries)}]),
        )

    def build(self) -> Build:
        """Build the book as HTML; warnings stop it, as in `make html`."""
        out = self.root / "_build" / "html"
        log = io.StringIO()
        status = 1
        summary = io.StringIO()
        with patch_docutils(), docutils_namespace(), redirect_stderr(summary):
            app = Sphinx(
                self.root,
                self.root,
                out,
                self.root / "_build" / "doctrees",
                "html",
                confoverrides={
                    "extensions": ["myst_nb", "nbclaims.sphinx"],
                    "nb_execution_mode": "off",
                    "exclude_patterns": ["_build", "labs/**/*.md"],
                    "claims_subject": "Kubernetes",
                    "html_theme": "basic",
                },
                status=None,
                warning=log,
                warningiserror=True,
                keep_going=True,
            )
            try:
                app.build()
                status = app.statuscode
            except ClaimsError as error:
                log.write(f"ERROR: {error}\n")
        pages = {
            path.relative_to(out).with_suffix("").as_posix(): path.read_text()
            for path in out.rglob("*.html")
        }
        text = re.sub(r"\x1b\[[\d;]*m", "", log.getvalue())
        problems = [line.removeprefix("ERROR: ") for line in text.splitlines() if line]
        assert bool(status) == bool(problems), "it fails if, and only if, it says why"
        return Build(pages, problems, summary.getvalue())

    def _source(self, lab: str) -> Path:
        return self.root / "labs" / lab / f"{lab}.md"

    def write(self, path: str, text: str) -> None:
        """Write a file of the book."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def _notebook(
        self,
        path: str,
        title: str,
        cells: tuple[str, ...],
        records: list[dict[str, Any]],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        notebook = new_notebook(
            cells=[new_markdown_cell(f"# {title}", id="title")],
            metadata={"kernelspec": KERNEL} | (metadata or {}),
        )
        for index, source in enumerate(cells):
            cell = new_code_cell(source, id=f"cell-{index}")
            cell.outputs = [
                new_output(
                    "display_data",
                    {
                        "text/html": f'<section id="claim-{one["name"]}">box</section>',
                        MIME_TYPE: one,
                    },
                )
                for one in records
                if f'"{one["name"]}"' in source
            ]
            notebook.cells.append(cell)
        self.write(path, nbformat.writes(notebook))
