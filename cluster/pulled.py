"""The node image where registries answer: kind's own, and the images of the labs put into it.

Every image is pulled by its digest. Those of the labs and the add-ons go into the node image, once,
so every node has them from its first second: a node never asks a registry, which it could not reach
anyway (hermetic.py), and the cluster is up as soon as with the image that is built from source.
"""

import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cluster import debian, versions
from cluster import recipe as recipes
from cluster.engine import Engine
from cluster.errors import Stop
from cluster.progress import step

REFERENCE = f"kubernetes-observed/node:{versions.PULLED_NODE_IMAGE.rpartition(':')[2]}"

_WITHOUT_SYS_RESOURCE = {
    "etc/systemd/system/containerd.service.d": "/etc/systemd/system/",
    "kind/bin/without-sys-resource.sh": "/kind/bin/",
}
"""What lets a node start where CAP_SYS_RESOURCE is withheld, and does nothing elsewhere."""
_NODE_FILES = versions.HERE / "from_source" / "node"


@dataclass(frozen=True)
class Image:
    """An image to be had from a registry."""

    reference: str
    """The name, with its tag, by which manifests ask for it."""
    source: str
    """What is pulled: the digest, or the tag where no digest is known."""


def pinned(reference: str) -> Image:
    """The image of that name, by its digest in image-digests.txt if it is there."""
    digest = versions.IMAGE_DIGESTS.get(reference)
    return Image(reference, f"{reference.rpartition(':')[0]}@{digest}" if digest else reference)


def images() -> list[Image]:
    """The images that the nodes need, kind's own aside."""
    return [pinned(reference) for reference in versions.IMAGES.values()]


def recipe() -> str:
    """A digest of all that decides what the image contains; equal digests, equal image."""
    added = [file for path in _WITHOUT_SYS_RESOURCE for file in _files(_NODE_FILES / path)]
    sources = [image.source for image in [pinned(versions.PULLED_NODE_IMAGE), *images()]]
    return recipes.digest([*added, Path(__file__)], *sources)


def build(engine: Engine) -> str:
    """Pulls and puts together the node image where it is not there yet; returns its reference."""
    made_from = recipe()
    if recipes.is_made(engine, REFERENCE, made_from):
        return REFERENCE
    base = pinned(versions.PULLED_NODE_IMAGE)
    pull(engine, [base, *images()])
    with step("Putting the images into the node image", 20):
        put_together(engine, base, images(), REFERENCE, recipes.label(made_from))
    return REFERENCE


def pull(engine: Engine, wanted: Sequence[Image]) -> None:
    """Pulls the images that the engine does not have, all at once, and gives them their names.

    Raises Stop with what the registries said about those that could not be had.
    """
    for image in wanted:
        if image.source == image.reference:
            print(f"{image.reference} is pinned by its tag only: no digest of it is known.")
    missing = [image for image in wanted if not _is_there(engine, image)]
    if missing:
        with (
            step("Pulling images", 60),
            ThreadPoolExecutor(len(missing)) as parallel,
        ):
            answers = list(parallel.map(lambda image: _pull(engine, image), missing))
        refused = [
            f"{image.source} could not be pulled:\n  {answer}"
            for image, answer in zip(missing, answers, strict=True)
            if answer
        ]
        if refused:
            raise Stop(
                "\n".join(refused),
                "make cluster, which tries again"
                + (", or from source: IMAGES=built make cluster" if debian.can_install() else ""),
            )
    for image in wanted:
        # What was pulled by its digest has no tag, and tags are what manifests name.
        engine.docker("tag", image.source, image.reference)


def _is_there(engine: Engine, image: Image) -> bool:
    inspected = ["docker", "image", "inspect", image.source]
    return subprocess.run(inspected, env=engine.env, capture_output=True).returncode == 0


def _pull(engine: Engine, image: Image) -> str:
    """What is wrong; nothing if the image is there now."""
    start = time.monotonic()
    command = ["docker", "pull", "--quiet", image.source]
    pulled = subprocess.run(command, env=engine.env, capture_output=True, text=True)
    if pulled.returncode != 0:
        return pulled.stderr.strip().removeprefix("Error response from daemon: ")
    print(f"  {image.reference}: {time.monotonic() - start:.0f} s", flush=True)
    return ""


def put_together(
    engine: Engine, base: Image, contents: Sequence[Image], reference: str, label: str
) -> None:
    """Makes the node image `reference`: `base`, with `contents` in its containerd.

    It is what kind does to put Kubernetes' own images into its base image.
    """
    # Of all that runs in a node, containerd alone, which needs no privileges to take images in.
    container = engine.docker(
        *("run", "--detach", "--network=none", "--entrypoint=containerd", base.reference)
    )
    try:
        for path, directory in _WITHOUT_SYS_RESOURCE.items():
            engine.docker("cp", _NODE_FILES / path, f"{container}:{directory}")
        _until_containerd_answers(engine, container)
        _import(engine, container, contents)
        # Not `docker stop`: that sends the image's own signal, which is one for systemd.
        engine.docker("kill", "--signal=TERM", container)
        engine.docker("wait", container)
        entrypoint = engine.docker(
            *("image", "inspect", "--format={{json .Config.Entrypoint}}", base.reference)
        )
        engine.docker(
            *("commit", "--change", f"ENTRYPOINT {entrypoint}"),
            *("--change", "LABEL kubernetes-observed.images=pulled"),
            *("--change", f"LABEL {label}", container, reference),
        )
    finally:
        engine.docker("rm", "--force", "--volumes", container)


def _until_containerd_answers(engine: Engine, container: str) -> None:
    pause = threading.Event()
    command = ["docker", "exec", container, "ctr", "version"]
    for _ in range(100):
        if subprocess.run(command, env=engine.env, capture_output=True).returncode == 0:
            return
        pause.wait(0.1)
    log = subprocess.run(
        ["docker", "logs", "--tail=12", container],
        env=engine.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout
    raise Stop(f"The containerd of kind's node image did not start:\n{log}", "make doctor")


def _import(engine: Engine, container: str, contents: Sequence[Image]) -> None:
    references = [image.reference for image in contents]
    with subprocess.Popen(
        ["docker", "save", *references], env=engine.env, stdout=subprocess.PIPE
    ) as saved:
        imported = subprocess.run(
            [
                *("docker", "exec", "--interactive", container),
                # Not `kind load`, whose --all-platforms ends with "content digest ... not found"
                # where Docker keeps this machine's platform of an image and the index of all:
                # https://github.com/kubernetes-sigs/kind/issues/3795
                *("ctr", "--namespace=k8s.io", "images", "import"),
                # Unpacking takes a mount on top of the container's own overlay, which the kernel
                # refuses; a node unpacks an image when it first starts a container of it.
                "--no-unpack",
                # The kubelet must not remove what no node can get again.
                "--label=io.cri-containerd.pinned=pinned",
                "-",
            ],
            env=engine.env,
            stdin=saved.stdout,
            capture_output=True,
            text=True,
        )
    if saved.returncode != 0 or imported.returncode != 0:
        raise Stop(
            f"The images could not be put into the node image:\n{imported.stderr.strip()}",
            "make doctor, then the same command again",
        )


def _files(path: Path) -> list[Path]:
    return [path, *path.rglob("*")]
