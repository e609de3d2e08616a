"""Provide the node image where registries can be reached: kind's, with the images of the labs.

Every image is pulled by its digest. The images of the labs and the add-ons are imported into the
node image once, so every node has them when it starts. A node never pulls an image, because it
can't reach a registry (egress.py). The cluster is up as soon as with the image that is built from
source.
"""

import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cluster import commands, debian, names, release, versions
from cluster.engine import Engine
from cluster.errors import CommandError
from cluster.fingerprint import fingerprint_of, is_built, label_of
from cluster.polling import poll
from cluster.progress import step

_WITHOUT_SYS_RESOURCE = {
    "etc/systemd/system/containerd.service.d": "/etc/systemd/system/",
    "kind/bin/without-sys-resource.sh": "/kind/bin/",
}
"""Files that let a node start without CAP_SYS_RESOURCE, and have no effect on other machines."""
_NODE_FILES = versions.HERE / "from_source" / "node"


@dataclass(frozen=True)
class Image:
    """An image in a registry.

    Attributes:
        reference: The name with the tag, as manifests specify it.
        source: The name with the digest, or with the tag if the digest isn't known.
    """

    reference: str
    source: str


def pinned(reference: str) -> Image:
    """Return the image of that name, with its digest if image-digests.txt has it."""
    digest = versions.IMAGE_DIGESTS.get(reference)
    return Image(reference, f"{reference.rpartition(':')[0]}@{digest}" if digest else reference)


def images() -> list[Image]:
    """Return the images that the nodes need besides Kubernetes' own."""
    return [pinned(reference) for reference in versions.IMAGES.values()]


def fingerprint() -> str:
    """Return a digest of all that the image is built from."""
    added = [file for path in _WITHOUT_SYS_RESOURCE for file in _files(_NODE_FILES / path)]
    sources = [image.source for image in [pinned(release.current().kind_image), *images()]]
    return fingerprint_of([*added, Path(__file__)], *sources)


def build(engine: Engine) -> str:
    """Pull the images and assemble the node image, unless it exists, and return its reference."""
    reference, expected = release.current().pulled_image, fingerprint()
    if not is_built(engine, reference, expected):
        base = pinned(release.current().kind_image)
        pull(engine, [base, *images()])
        with step("Importing the images into the node image", 20):
            assemble(engine, base, images(), reference, label_of(expected))
    return reference


def pull(engine: Engine, wanted: Sequence[Image]) -> None:
    """Pull the images that the engine doesn't have, all at once, and tag them.

    Raises:
        CommandError: Some images could not be pulled; the message has the registries' errors.
    """
    for image in wanted:
        if image.source == image.reference:
            print(f"{image.reference} is pinned by its tag only, because its digest isn't known.")
    missing = [image for image in wanted if not _is_present(engine, image)]
    if missing:
        with (
            step("Pulling images", 60),
            ThreadPoolExecutor(len(missing)) as parallel,
        ):
            errors = list(parallel.map(lambda image: _pull(engine, image), missing))
        failed = [
            f"{image.source} could not be pulled:\n  {error}"
            for image, error in zip(missing, errors, strict=True)
            if error
        ]
        if failed:
            raise CommandError(
                "\n".join(failed),
                "make cluster, which retries"
                + (", or IMAGES=built make cluster" if debian.can_install() else ""),
            )
    for image in wanted:
        # An image that was pulled by its digest has no tag, and manifests specify tags.
        engine.docker("tag", image.source, image.reference)


def _is_present(engine: Engine, image: Image) -> bool:
    inspect = ["docker", "image", "inspect", image.source]
    return commands.attempt(inspect, env=engine.env).returncode == 0


def _pull(engine: Engine, image: Image) -> str:
    """Pull an image and return the error, or an empty string."""
    start = time.monotonic()
    command = ["docker", "pull", "--quiet", image.source]
    pulled = commands.attempt(command, env=engine.env)
    if pulled.returncode != 0:
        return pulled.stderr.strip().removeprefix("Error response from daemon: ")
    print(f"  {image.reference}: {time.monotonic() - start:.0f} s", flush=True)
    return ""


def assemble(
    engine: Engine, base: Image, contents: Sequence[Image], reference: str, label: str
) -> None:
    """Create a node image from `base` with more images in its containerd.

    kind puts Kubernetes' own images into its base image in the same way.

    Args:
        engine: The engine, which has all the images.
        base: The node image to start from.
        contents: The images to import.
        reference: The name of the new image.
        label: A label for the new image.
    """
    # Only containerd runs, not systemd: importing images needs no privileges.
    container = engine.docker(
        *("run", "--detach", "--network=none", "--entrypoint=containerd", base.reference)
    )
    try:
        for path, directory in _WITHOUT_SYS_RESOURCE.items():
            engine.docker("cp", _NODE_FILES / path, f"{container}:{directory}")
        _wait_for_containerd(engine, container)
        _import(engine, container, contents)
        # Not `docker stop`, which sends the image's STOPSIGNAL; that signal is meant for systemd.
        engine.docker("kill", "--signal=TERM", container)
        engine.docker("wait", container)
        entrypoint = engine.docker(
            *("image", "inspect", "--format={{json .Config.Entrypoint}}", base.reference)
        )
        engine.docker(
            *("commit", "--change", f"ENTRYPOINT {entrypoint}"),
            *("--change", f"LABEL {names.IMAGES_LABEL}=pulled"),
            *("--change", f"LABEL {label}", container, reference),
        )
    finally:
        engine.docker("rm", "--force", "--volumes", container)


def _wait_for_containerd(engine: Engine, container: str) -> None:
    command = ["docker", "exec", container, "ctr", "version"]
    if poll(lambda: commands.attempt(command, env=engine.env).returncode == 0, within=30):
        return
    log = subprocess.run(
        ["docker", "logs", "--tail=12", container],
        env=engine.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout
    raise CommandError(f"The containerd of kind's node image didn't start:\n{log}", "make doctor")


def _import(engine: Engine, container: str, contents: Sequence[Image]) -> None:
    commands.pipe(
        ["docker", "save", *(image.reference for image in contents)],
        [
            *("docker", "exec", "--interactive", container),
            # Not `kind load`, whose --all-platforms fails with "content digest ... not found" where
            # Docker has one platform of an image, but the index of all:
            # https://github.com/kubernetes-sigs/kind/issues/3795
            *("ctr", "--namespace=k8s.io", "images", "import"),
            # Unpacking needs an overlay mount on top of the container's own overlay, which the
            # kernel refuses. A node unpacks an image when it first starts a container of it.
            "--no-unpack",
            # Keeps the kubelet's garbage collection from removing it; no node could pull it again.
            "--label=io.cri-containerd.pinned=pinned",
            "-",
        ],
        "The images could not be imported into the node image",
        env=engine.env,
    )


def _files(path: Path) -> list[Path]:
    return [path, *path.rglob("*")]
