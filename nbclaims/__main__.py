"""Commands for authors: `python -m nbclaims notebooks` writes the labs' notebooks."""

from __future__ import annotations

import argparse
from pathlib import Path

from nbclaims import labs


def main() -> None:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m nbclaims", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    notebooks = commands.add_parser("notebooks", help="write the notebooks of labs/*/*.md")
    notebooks.add_argument("root", nargs="?", default=".", type=Path, help="the book's folder")
    root = parser.parse_args().root.resolve()
    for notebook in labs.write_notebooks(root):
        print(notebook.relative_to(root))


if __name__ == "__main__":
    main()
