"""The file of digests, and what is pulled according to it."""

from cluster import pin, pulled, versions

KNOWN = "quay.io/metallb/speaker:v0.15.2"
DIGEST = "sha256:" + "5" * 64


def test_the_committed_file_is_as_make_pin_writes_it():
    assert versions.IMAGE_DIGESTS_FILE.read_text() == pin.text(versions.IMAGE_DIGESTS)


def test_the_committed_file_names_no_image_that_is_not_used():
    used = {versions.PULLED_NODE_IMAGE, *versions.IMAGES.values()}
    assert set(versions.IMAGE_DIGESTS) <= used, "make pin"


def test_images_are_listed_by_name():
    lines = pin.text({"b:1": DIGEST, "a:1": DIGEST}).splitlines()
    assert lines[-2:] == [f"a:1 {DIGEST}", f"b:1 {DIGEST}"]


def test_an_image_is_pulled_by_its_digest_and_keeps_its_name(monkeypatch):
    monkeypatch.setattr(versions, "IMAGE_DIGESTS", {KNOWN: DIGEST})
    assert pulled.pinned(KNOWN) == pulled.Image(KNOWN, f"quay.io/metallb/speaker@{DIGEST}")


def test_the_digest_of_another_version_is_not_used(monkeypatch):
    monkeypatch.setattr(versions, "IMAGE_DIGESTS", {KNOWN: DIGEST})
    newer = "quay.io/metallb/speaker:v0.16.0"
    assert pulled.pinned(newer).source == newer


def test_another_digest_makes_another_node_image(monkeypatch):
    before = pulled.recipe()
    monkeypatch.setattr(versions, "IMAGE_DIGESTS", {versions.PULLED_NODE_IMAGE: DIGEST})
    assert pulled.recipe() != before
