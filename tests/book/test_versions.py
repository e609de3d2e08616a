"""The page of versions lists what the repository pins and what built the book."""

from types import SimpleNamespace

from book._ext import versions
from cluster import release
from cluster import versions as pinned


def test_the_parts_of_the_cluster_and_the_packages_are_added_to_the_page():
    config = SimpleNamespace(claims_versions={"Of another extension": {"x": "1"}})
    versions._add_versions(None, config)
    another, parts, packages = config.claims_versions.values()
    assert another == {"x": "1"}
    assert parts["Kubernetes, from source"] == release.current().version
    assert parts.items() >= pinned.IMAGES.items()
    assert "sphinx" in packages
