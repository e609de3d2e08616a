"""A Kubernetes release, and the names that follow from it."""

import dataclasses
import subprocess
import sys

import yaml

from cluster import kind, paths, release


def test_names_of_the_default_release():
    default = release.load(release.DEFAULT)
    assert default.version.startswith(f"v{default.minor}.")
    assert default.context == "kind-kubernetes-observed"
    assert default.control_plane == "kubernetes-observed-control-plane"
    assert default.built_image == f"kindest/node:{default.version}"
    assert default.pulled_image == "kubernetes-observed/node:v1.37.0"
    assert default.evidence == paths.BUILD / "evidence" / "1.37"


def test_the_configuration_file_of_kind_is_that_of_the_default_release():
    content = yaml.safe_load(kind.CONFIGURATION.read_text())
    assert kind.configuration(release.load(release.DEFAULT)) == content


def test_another_release_has_another_cluster_name_and_other_ports():
    other = dataclasses.replace(release.current(), cluster="other", host_ports=(1, 2, 3))
    content = kind.configuration(other)
    assert content["name"] == "other"
    mappings = content["nodes"][0]["extraPortMappings"]
    assert [mapping["hostPort"] for mapping in mappings] == [1, 2, 3]
    assert [mapping["containerPort"] for mapping in mappings] == [30080, 30081, 30082]


def test_doctor_and_clean_need_only_the_standard_library():
    code = (
        f"import sys; sys.path.insert(0, {str(paths.ROOT)!r}); import cluster.clean, cluster.doctor"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
