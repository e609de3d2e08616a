"""The states of features that the book tells are those of the pinned release's source."""

import re
import subprocess
from pathlib import Path

import pytest

from book._ext import features
from cluster import paths

GO = paths.ROOT / ".venv" / "bin" / "go"
MODULE = paths.ROOT / "cluster" / "from_source" / "go" / "kubernetes"
STAGES = {"Alpha": "alpha", "Beta": "beta", "GA": "stable"}
SPEC = re.compile(
    r'Version: version\.MustParse\("(?P<version>[\d.]+)"\), Default: (?P<on>true|false), '
    r"PreRelease: featuregate\.(?P<stage>\w+)"
)


@pytest.fixture(scope="module")
def source() -> str:
    """The list of feature gates of the pinned release."""
    command = [GO, "mod", "download", "k8s.io/kubernetes"]
    subprocess.run(command, cwd=MODULE, check=True, capture_output=True)
    command = [GO, "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"]
    folder = subprocess.run(command, cwd=MODULE, check=True, capture_output=True, text=True).stdout
    return (Path(folder.strip()) / "pkg/features/kube_features.go").read_text()


@pytest.mark.parametrize("gate", features.read())
def test_a_feature_has_the_stages_of_the_source(gate: str, source: str):
    feature = features.read()[gate]
    block = re.search(rf"^\t{gate}: {{\n(.*?)^\t}},", source, re.MULTILINE | re.DOTALL)
    if feature.get("removed"):
        assert block is None, f"{gate} is still a gate: delete `removed`"
        return
    assert block, f"the source has no gate {gate}"
    specs = [match.groupdict() for match in SPEC.finditer(block[1])]
    since: dict[str, str] = {}
    for spec in specs:
        since.setdefault(STAGES[spec["stage"]], spec["version"])
    on = next((spec["version"] for spec in specs if spec["on"] == "true"), None)
    assert (feature["since"], feature.get("default")) == (since, on)
