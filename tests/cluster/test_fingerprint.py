"""When the node image is rebuilt and the cluster is recreated."""

import dataclasses

import pytest

from cluster import release, up, versions
from cluster.fingerprint import fingerprint_of
from cluster.from_source import node_image


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with two files, in place of cluster/."""
    monkeypatch.setattr(versions, "HERE", tmp_path)
    (tmp_path / "a.yaml").write_text("kind: A")
    (tmp_path / "b.yaml").write_text("kind: B")
    return tmp_path


def change_release(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    changed = dataclasses.replace(release.current(), **changes)
    monkeypatch.setattr(release, "current", lambda: changed)


def test_the_order_of_files_does_not_change_the_fingerprint(folder):
    a, b = folder / "a.yaml", folder / "b.yaml"
    assert fingerprint_of([a, b]) == fingerprint_of([b, a])


def test_contents_names_and_values_change_the_fingerprint(folder):
    files = [folder / "a.yaml", folder / "b.yaml"]
    fingerprints = {fingerprint_of(files), fingerprint_of(files, "v1"), fingerprint_of([])}
    (folder / "a.yaml").write_text("kind: C")
    fingerprints.add(fingerprint_of(files))
    (folder / "a.yaml").rename(folder / "c.yaml")
    fingerprints.add(fingerprint_of([folder / "c.yaml", folder / "b.yaml"]))
    assert len(fingerprints) == 5


def test_compiled_python_files_do_not_change_the_fingerprint(folder):
    (folder / "a.pyc").write_bytes(b"")
    assert fingerprint_of([folder / "a.pyc"]) == fingerprint_of([])


def test_another_image_rebuilds_the_node_image_and_recreates_the_cluster(monkeypatch):
    image, cluster = node_image.fingerprint(), up.fingerprint("built")
    change_release(monkeypatch, kubeadm_images={})
    assert node_image.fingerprint() != image
    assert up.fingerprint("built") != cluster


def test_another_host_port_recreates_the_cluster_from_the_same_node_image(monkeypatch):
    image, cluster = node_image.fingerprint(), up.fingerprint("built")
    change_release(monkeypatch, host_ports=(31080, 31081, 31082))
    assert node_image.fingerprint() == image
    assert up.fingerprint("built") != cluster


def test_another_image_source_recreates_the_cluster():
    assert up.fingerprint("built") != up.fingerprint("pulled")
