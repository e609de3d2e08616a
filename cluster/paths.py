"""Where the project keeps what it makes: two git-ignored folders of the checkout.

`.state/` is machinery, `_build/` is for people to look at; `make clean` removes both.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

STATE = ROOT / ".state"
"""Machinery: the engine, the kubeconfig, caches, logs."""

BUILD = ROOT / "_build"
"""Results: executed notebooks, HTML, dumps."""

KUBECONFIG = STATE / "kubeconfig"
"""The cluster's kubeconfig, with the one context `kind-kubernetes-observed`."""

LOGS = STATE / "logs"
"""What long commands said, one file a command."""

ENGINE = STATE / "engine"
"""The project's own Docker engine: configuration, data root, log."""

INSTALLED_PACKAGES = STATE / "installed-packages"
"""Debian packages that the project installed, one name a line."""

NETWORK_CREATED = STATE / "network-created"
"""Present when the project's cluster, not somebody else's, made the Docker network `kind`."""
