"""Commands for authors: write the labs' notebooks, list what has to run and what claims say."""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

from nbclaims import labs, pending, sites
from nbclaims.evidence import EvidenceStore


def main() -> int:
    """Run the command that the arguments name, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m nbclaims", description=__doc__)
    parser.add_argument("--root", default=".", type=Path, help="the book's folder")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("notebooks", help="write the notebooks of labs/*/*.md")
    commands.add_parser(
        "sentences", help="print the sentences and reasons of all claims as Markdown, for a linter"
    )
    commands.add_parser("record", help="keep the evidence as the recorded run, in recorded/")
    listing = commands.add_parser(
        "pending", help="list what has no valid evidence; the exit code is 0 if nothing has to run"
    )
    listing.add_argument("what", choices=["labs", "mutants"])
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    # The project's function for the environment is found from the book's folder.
    sys.path.insert(0, str(root))
    if arguments.command == "pending":
        return list_pending(root, arguments.what)
    if arguments.command == "sentences":
        return print_sentences(root)
    if arguments.command == "record":
        for file in EvidenceStore.of_book(root).record(root):
            print(file.relative_to(root))
        return 0
    for notebook in labs.write_notebooks(root):
        print(notebook.relative_to(root))
    return 0


def list_pending(root: Path, what: str) -> int:
    """Print which labs or mutants have to run, and return 1 if there are any."""
    found = pending.Pending(root)
    findings = found.all_labs() if what == "labs" else found.all_mutants()
    print(pending.report(findings, what.removesuffix("s")), flush=True)
    return int(any(finding.reason for finding in findings))


def print_sentences(root: Path) -> int:
    """Print each claim's sentence and reason, under its lab and name."""
    for source in labs.sources(root):
        for cell in labs.code_cells(source):
            for call in sites.calls(ast.parse(cell)):
                print(f"## `{source.stem}` `{call.name}`\n\n{call.sentence}.\n\n{call.because}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
