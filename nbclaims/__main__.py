"""Commands for authors: write the labs' notebooks, and list what has to run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nbclaims import labs, pending


def main() -> int:
    """Run the command that the arguments name, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m nbclaims", description=__doc__)
    parser.add_argument("--root", default=".", type=Path, help="the book's folder")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("notebooks", help="write the notebooks of labs/*/*.md")
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
    for notebook in labs.write_notebooks(root):
        print(notebook.relative_to(root))
    return 0


def list_pending(root: Path, what: str) -> int:
    """Print which labs or mutants have to run, and return 1 if there are any."""
    found = pending.Pending(root)
    findings = found.all_labs() if what == "labs" else found.all_mutants()
    print(pending.report(findings, what.removesuffix("s")), flush=True)
    return int(any(finding.reason for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
