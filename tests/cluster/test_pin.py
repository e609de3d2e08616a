"""The file with the digests, and the images that are pulled by them."""

from cluster import pin, pulled, release, versions

KNOWN = "quay.io/metallb/speaker:v0.15.2"
DIGEST = "sha256:" + "5" * 64


def test_the_committed_file_has_the_format_of_make_pin():
    assert versions.IMAGE_DIGESTS_FILE.read_text() == pin.text(versions.IMAGE_DIGESTS)


def test_the_committed_file_has_no_image_that_is_not_used():
    used = {release.current().kind_image, *versions.IMAGES.values()}
    assert set(versions.IMAGE_DIGESTS) <= used, "make pin"


def test_images_are_sorted_by_name():
    lines = pin.text({"b:1": DIGEST, "a:1": DIGEST}).splitlines()
    assert lines[-2:] == [f"a:1 {DIGEST}", f"b:1 {DIGEST}"]


def test_an_image_is_pulled_by_its_digest_and_keeps_its_name(monkeypatch):
    monkeypatch.setattr(versions, "IMAGE_DIGESTS", {KNOWN: DIGEST})
    assert pulled.pinned(KNOWN) == pulled.Image(KNOWN, f"quay.io/metallb/speaker@{DIGEST}")


def test_the_digest_of_another_version_is_not_used(monkeypatch):
    monkeypatch.setattr(versions, "IMAGE_DIGESTS", {KNOWN: DIGEST})
    newer = "quay.io/metallb/speaker:v0.16.0"
    assert pulled.pinned(newer).source == newer


def test_another_digest_changes_the_fingerprint(monkeypatch):
    before = pulled.fingerprint()
    monkeypatch.setattr(versions, "IMAGE_DIGESTS", {release.current().kind_image: DIGEST})
    assert pulled.fingerprint() != before
