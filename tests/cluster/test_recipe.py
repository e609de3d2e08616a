"""When something has to be made again."""

import pytest

from cluster import kind, recipe, up, versions
from cluster.from_source import node_image


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with two files, in place of cluster/."""
    monkeypatch.setattr(versions, "HERE", tmp_path)
    (tmp_path / "a.yaml").write_text("kind: A")
    (tmp_path / "b.yaml").write_text("kind: B")
    return tmp_path


def test_order_does_not_matter(folder):
    a, b = folder / "a.yaml", folder / "b.yaml"
    assert recipe.digest([a, b]) == recipe.digest([b, a])


def test_contents_names_and_values_matter(folder):
    made_from = [folder / "a.yaml", folder / "b.yaml"]
    digests = {recipe.digest(made_from), recipe.digest(made_from, "v1"), recipe.digest([])}
    (folder / "a.yaml").write_text("kind: C")
    digests.add(recipe.digest(made_from))
    (folder / "a.yaml").rename(folder / "c.yaml")
    digests.add(recipe.digest([folder / "c.yaml", folder / "b.yaml"]))
    assert len(digests) == 5


def test_what_python_compiles_does_not_matter(folder):
    (folder / "a.pyc").write_bytes(b"")
    assert recipe.digest([folder / "a.pyc"]) == recipe.digest([])


def test_another_node_image_makes_another_cluster(monkeypatch):
    image, cluster = node_image.recipe(), up.recipe("built")
    monkeypatch.setattr(versions, "KUBEADM_IMAGES", {})
    assert node_image.recipe() != image
    assert up.recipe("built") != cluster


def test_another_shape_makes_another_cluster_from_the_same_node_image(monkeypatch):
    image, cluster = node_image.recipe(), up.recipe("built")
    monkeypatch.setattr(kind, "CONFIGURATION", versions.HERE / "versions.toml")
    assert node_image.recipe() == image
    assert up.recipe("built") != cluster


def test_the_two_ways_make_different_clusters():
    assert up.recipe("built") != up.recipe("pulled")
