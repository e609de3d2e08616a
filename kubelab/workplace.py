"""The learner's workplace: copies of the labs in `my-labs/`, opened in JupyterLab.

A copy can be changed and run without changing the book's own files. `make lab` brings copies that
the learner did not change up to date, and never touches one that was changed. To begin again with
a file, delete or rename it and run `make lab`.

JupyterLab keeps its settings, its signatures and its history below `.state/jupyter`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jupyterlab.labapp import LabApp  # type: ignore[import-untyped]

from kubelab import hints
from nbclaims import labs

FOLDER = "my-labs"
"""The folder of the copies, relative to the book's folder."""

START = "Start.md"
SETTINGS = {
    # The start page is for reading.
    "docmanager-extension/plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
    # Requests to other hosts, and a question at the first start.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
"""Settings of JupyterLab that differ from its defaults, by plugin."""

COPIED = ".copied.json"
"""What was copied: a digest of each file, by its path in the folder."""


class Workplace:
    """The copies of a book's labs.

    Args:
        root: The book's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = root / FOLDER

    def update(self) -> list[str]:
        """Copy the labs, and return the files that the learner changed and the book did, too."""
        self.folder.mkdir(exist_ok=True)
        record = self.folder / COPIED
        copied: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
        kept = []
        for name, content in self._originals():
            copy, digest = self.folder / name, hashlib.sha256(content).hexdigest()
            is_changed = copy.exists() and _digest(copy) != copied.get(name)
            if is_changed and _digest(copy) != digest:
                if copied.get(name) != digest:
                    kept.append(name)
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
            copied[name] = digest
        record.write_text(json.dumps(copied, indent=1))
        return kept

    def _originals(self) -> Iterator[tuple[str, bytes]]:
        yield START, self._start_page().encode()
        for source in self._in_order():
            notebook = labs.notebook_of(source)
            for path in [notebook, *source.parent.rglob("*")]:
                text = path.suffix in (".md", ".ipynb") or path.name == "mutants.yaml"
                hidden = any(part.startswith((".", "__")) for part in path.parts)
                if path == notebook or (path.is_file() and not text and not hidden):
                    yield path.relative_to(self._root / "labs").as_posix(), path.read_bytes()

    def _in_order(self) -> list[Path]:
        """Return the labs in the order of the book."""
        toc = yaml.safe_load((self._root / "_toc.yml").read_text())
        pages = list(_files(toc))
        sources = {labs.page_of(self._root, source): source for source in labs.sources(self._root)}
        return [sources[page] for page in pages if page in sources]

    def _start_page(self) -> str:
        lines = []
        for source in self._in_order():
            notebook = labs.read(source)
            title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
            cells = len(labs.code(notebook))
            slow = ", takes 10 minutes and more" if labs.front_matter(source).get("slow") else ""
            lines.append(f"- [{title}]({source.stem}/{source.stem}.ipynb): {cells} cells{slow}")
        return START_TEXT.format(labs="\n".join(lines))


START_TEXT = """\
# The labs

A lab is an experiment on your own cluster. Begin with the first one; each takes 10 to 25 minutes.

1. Open a lab and read down to a question.
2. Choose an answer before you run the cells below it: press Shift+Enter in each cell.
3. A folded cell compares what happened with what the book says. Run it as well.
4. Change a manifest in the folder `manifests`, save it, and run the cells again.

{labs}

These are your copies: changes and outputs stay in the folder `my-labs`. To begin again with a
file, delete it and run `make lab`. File → New → Terminal opens a terminal with `kubectl`.
"""


def _files(toc: Any) -> Iterator[str]:
    """Yield the pages of a table of contents, in order."""
    match toc:
        case {"file": file, **rest}:
            yield file
            yield from _files(list(rest.values()))
        case dict():
            yield from _files(list(toc.values()))
        case list():
            for one in toc:
                yield from _files(one)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_settings(folder: Path) -> None:
    """Write the settings into JupyterLab's folder of settings, unless the learner has some."""
    for plugin, wanted in SETTINGS.items():
        path = folder / f"@jupyterlab/{plugin}.jupyterlab-settings"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(wanted))


def open_labs(root: Path, state: Path) -> None:
    """Bring the copies up to date and serve them until the learner stops it.

    Args:
        root: The book's folder.
        state: Where JupyterLab and IPython keep their files.
    """
    workplace = Workplace(root)
    for name in workplace.update():
        print(f"{FOLDER}/{name} stays as you changed it; the book has a newer one.")
    hints.write_profile(state / "ipython")
    os.environ["IPYTHONDIR"] = str(state / "ipython")
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        os.environ[f"JUPYTER_{kind}_DIR"] = str(state / "jupyter" / kind.lower())
    settings = state / "jupyter" / "settings"
    write_settings(settings)
    shell = os.environ.get("SHELL", "bash")
    server = LabApp.initialize_server(
        [
            f"--ServerApp.root_dir={workplace.folder}",
            f"--LabApp.default_url=/lab/tree/{START}",
            f"--LabApp.user_settings_dir={settings}",
            f"--LabApp.workspaces_dir={state / 'jupyter' / 'workspaces'}",
            "--Application.log_level=ERROR",
            "--LabApp.log_level=ERROR",
            "--ServerApp.log_level=ERROR",
            # A login shell, which JupyterLab starts where make's output is no terminal, would set
            # another PATH than the one with the project's kubectl.
            f"--ServerApp.terminado_settings={{'shell_command': ['{shell}']}}",
            *(["--allow-root"] if os.geteuid() == 0 else []),
            *sys.argv[1:],
        ]
    )
    # At its start it prints five lines with three addresses, as a critical error.
    server.log.addFilter(lambda record: "To access the server" not in record.getMessage())
    print(f"JupyterLab is open at {server.display_url.split()[-1]}")
    print("Stop it with Ctrl-C.", flush=True)
    server.start()


if __name__ == "__main__":
    here = Path.cwd()
    open_labs(here, here / ".state")
