"""What kubelab states about the book's own cluster."""

from cluster import release, up
from kubelab import kind


def test_each_image_source_has_its_own_cluster_and_version():
    current = release.current()
    assert kind.environments() == {
        "built": {"cluster": up.fingerprint("built"), "version": current.version},
        "pulled": {"cluster": up.fingerprint("pulled"), "version": current.pulled_version},
    }
    assert up.fingerprint("built") != up.fingerprint("pulled")
