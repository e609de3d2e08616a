"""Tells the page of versions which parts the cluster has and which packages built the book."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from cluster import release
from cluster import versions as cluster

PACKAGES = ("jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "sphinxcontrib-mermaid")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.setup_extension("nbclaims.sphinx")
    app.connect("config-inited", _add_versions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_versions(app: Sphinx, config: Config) -> None:
    config.claims_versions = {
        **config.claims_versions,
        "The cluster\N{RIGHT SINGLE QUOTATION MARK}s parts": {
            "Kubernetes, from source": release.current().version,
            "kind's node image, pulled": release.current().kind_image,
            **release.current().kubeadm_images,
            **cluster.IMAGES,
        },
        "What made these pages": {name: version(name) for name in PACKAGES},
    }
