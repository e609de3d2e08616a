"""The files and folders that the project creates, below two git-ignored folders of the checkout.

`.state/` is for the project's commands, `_build/` is for people; `make clean` removes both.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

STATE = ROOT / ".state"
"""The engine, the kubeconfig, caches and logs."""

BUILD = ROOT / "_build"
"""Results: executed notebooks, HTML, dumps."""

KUBECONFIG = STATE / "kubeconfig"
"""The cluster's kubeconfig, with one context (`Release.context`)."""

LOGS = STATE / "logs"
"""Output of long commands, one file for each command."""

ENGINE = STATE / "engine"
"""The project's own Docker engine: configuration, data root and log."""

INSTALLED_PACKAGES = STATE / "installed-packages"
"""The Debian packages that the project installed, one name per line."""

NETWORK_CREATED = STATE / "network-created"
"""Exists if the Docker network `kind` was created for the project's cluster."""
