"""The image source `pulled`, with a registry that the tests run."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cluster import engine, kind, pin, pulled, registry, release, versions
from cluster.engine import Engine
from cluster.errors import CommandError
from cluster.from_source import binaries, oci_layout
from cluster.pulled import Image
from tests.live import loopback_registry

TESTS = "kubernetes-observed-tests"
"""The name of the kind cluster and of everything else made here."""

PROGRAM = """\
package main

import "time"

func main() {
	println("started from the pulled image")
	time.Sleep(time.Hour)
}
"""


@pytest.fixture(scope="module")
def running() -> Engine:
    return engine.connect()


@pytest.fixture(scope="module")
def own_registry(tmp_path_factory) -> Iterator[loopback_registry.Registry]:
    """A registry with an image, `program:1`, that holds a program and nothing else, and with
    another one, `program:forged`, that was never pulled: an engine doesn't request content again
    that it still has of a deleted image."""
    folder = tmp_path_factory.mktemp("registry")
    (folder / "program.go").write_text(PROGRAM)
    subprocess.run(
        [Path(sys.executable).with_name("go"), "build", "-trimpath", "-o", "program", "program.go"],
        cwd=folder,
        env={**os.environ, "CGO_ENABLED": "0", "GOOS": "linux"},
        check=True,
    )
    layer = oci_layout.write_layer(folder / "layer.tar", {"program": folder / "program"})
    images = [
        oci_layout.Image(f"{TESTS}/program:{tag}", [layer], entrypoint=["/program", *arguments])
        for tag, arguments in (("1", []), ("forged", ["forged"]))
    ]
    oci_layout.write_layout(folder / "layout", images)
    with loopback_registry.serve(folder / "layout") as served:
        yield served


@pytest.fixture
def program(running, own_registry) -> Iterator[Image]:
    """The registry's image, by its digest; not in the engine, neither before nor afterwards."""
    own_registry.asked.clear()
    own_registry.forged.clear()
    digest = own_registry.manifest("1")["digest"]
    image = Image(f"{TESTS}/program:1", f"{own_registry.address}/program@{digest}")
    yield image
    for name in (image.reference, image.source):
        if running.docker("image", "ls", "--quiet", name):
            running.docker("image", "rm", "--force", name)


def test_the_node_image_is_the_default_of_this_kind():
    source = binaries.module_directory("kind", "sigs.k8s.io/kind")
    default = (source / "pkg/apis/config/defaults/image.go").read_text()
    name = release.current().kind_image
    assert f'const Image = "{name}@{versions.IMAGE_DIGESTS[name]}"' in default


def test_images_are_pulled_where_registries_can_be_reached(own_registry, monkeypatch):
    monkeypatch.delenv("IMAGES", raising=False)
    address = f"http://{own_registry.address}/v2/"
    monkeypatch.setattr(registry, "REGISTRIES", {"a.example": address, "b.example": address})
    registry.reachable.cache_clear()
    assert registry.image_source() == "pulled"
    registry.reachable.cache_clear()


def test_an_image_is_pulled_by_its_digest_and_has_the_name_that_manifests_use(
    running, own_registry, program, capsys
):
    pulled.pull(running, [program])
    by_digest = program.source.partition("@")[2]
    assert f"/v2/program/manifests/{by_digest}" in own_registry.asked
    assert running.docker("image", "ls", "--quiet", program.reference)
    assert f"{TESTS}/program:1: 0 s" in capsys.readouterr().out


def test_an_image_that_is_there_is_not_asked_for_again(running, own_registry, program):
    pulled.pull(running, [program])
    own_registry.asked.clear()
    pulled.pull(running, [program])
    assert own_registry.asked == []


def test_an_image_without_a_known_digest_is_said_to_be_pinned_by_its_tag(
    running, own_registry, program, capsys
):
    by_tag = f"{own_registry.address}/program:1"
    pulled.pull(running, [Image(by_tag, by_tag)])
    running.docker("image", "rm", by_tag)
    assert f"{by_tag} is pinned by its tag only" in capsys.readouterr().out


def test_every_image_that_cannot_be_had_is_named_with_the_registrys_words(running, own_registry):
    unknown = f"{own_registry.address}/program@sha256:{'0' * 64}"
    silent = "127.0.0.1:1/program:1"
    with pytest.raises(CommandError) as raised:
        pulled.pull(running, [Image("x", unknown), Image(silent, silent)])
    said = str(raised.value)
    assert f"{unknown} could not be pulled:" in said
    assert "manifest unknown" in said
    assert f"{silent} could not be pulled:" in said
    assert "connection refused" in said
    assert "\n  Next: make cluster, which retries" in said


def test_content_that_is_not_the_digests_is_refused(running, own_registry):
    digest = own_registry.manifest("forged")["digest"]
    _, _, content = own_registry.answer(f"program/manifests/{digest}")
    own_registry.forged[digest] = content.replace(b"schemaVersion", b"SchemaVersion")
    with pytest.raises(CommandError, match=r"could not be pulled:\n.*verif"):
        pulled.pull(running, [Image("forged", f"{own_registry.address}/program@{digest}")])


def test_pin_writes_the_digest_that_the_registry_gives(
    running, own_registry, program, monkeypatch, tmp_path
):
    reference = f"{own_registry.address}/program:1"
    current = dataclasses.replace(release.current(), kind_image=reference)
    monkeypatch.setattr(release, "current", lambda: current)
    monkeypatch.setattr(versions, "IMAGES", {})
    monkeypatch.setattr(versions, "IMAGE_DIGESTS_FILE", tmp_path / "image-digests.txt")
    pin.pin()
    running.docker("image", "rm", reference)
    written = (tmp_path / "image-digests.txt").read_text().splitlines()
    assert written[-1] == f"{reference} {own_registry.manifest('1')['digest']}"


def test_every_node_starts_with_the_images_that_were_put_into_its_image(running, program, tmp_path):
    node = running.docker("ps", "--quiet", "--filter", release.current().node_filter).split()[0]
    base = running.docker("inspect", "--format={{.Image}}", node)
    image = f"{TESTS}/node:1"
    pulled.pull(running, [program])
    try:
        pulled.assemble(running, Image(base, base), [program], image, f"{TESTS}=1")
        assert _configuration(running, image) == _configuration(running, base)
        kubectl = _create_one_node(running, image, tmp_path / "kubeconfig")
        kubectl("wait", "serviceaccount/default", "--for=create", "--timeout=30s")
        kubectl("apply", "--filename=-", input=json.dumps(_pod(program.reference)))
        kubectl("wait", "pod/program", "--for=condition=Ready", "--timeout=60s")
        assert kubectl("logs", "program") == "started from the pulled image\n"
    finally:
        _kind(running, "delete", "cluster", "--name", TESTS, "--kubeconfig", os.devnull)
        if running.docker("image", "ls", "--quiet", image):
            running.docker("image", "rm", image)


def _configuration(running: Engine, image: str) -> dict:
    """How the image starts and stops, which putting something into it must not change."""
    configuration = json.loads(
        running.docker("image", "inspect", "--format={{json .Config}}", image)
    )
    return {name: configuration[name] for name in ("Entrypoint", "Env", "StopSignal")}


def _create_one_node(running: Engine, image: str, kubeconfig: Path):
    """Makes a cluster of one node; returns kubectl for it."""
    ours = yaml.safe_load(kind.CONFIGURATION.read_text())
    one_node = {key: ours[key] for key in ("kind", "apiVersion", "kubeadmConfigPatches")}
    # No add-on is needed for a Pod on the node's own network.
    one_node["networking"] = {"disableDefaultCNI": True}
    _kind(
        running,
        *("create", "cluster", "--name", TESTS, "--image", image, "--config=-"),
        *("--kubeconfig", str(kubeconfig)),
        input=json.dumps(one_node),
    )

    def kubectl(*arguments: str, input: str | None = None) -> str:
        command = [Path(sys.executable).with_name("kubectl"), "--kubeconfig", kubeconfig]
        ran = subprocess.run(
            [*command, *arguments], input=input, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return kubectl


def _kind(running: Engine, *arguments: str, input: str | None = None) -> None:
    ran = subprocess.run(
        [binaries.compile_kind(), *arguments],
        env=running.env,
        input=input,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, re.sub(r"\x1b\[[^m]*m", "", ran.stderr)


def _pod(image: str) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "program"},
        "spec": {
            "automountServiceAccountToken": False,
            "hostNetwork": True,
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "program", "image": image, "imagePullPolicy": "Never"}],
        },
    }
