"""Container images as an OCI image layout: https://github.com/opencontainers/image-spec.

A layout is a folder with blobs, named by their digests, and an index that lists the images. Layers
that several images have in common are stored once.
"""

import hashlib
import io
import json
import platform
import shutil
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cluster.names import IMAGES_LABEL

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
_SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """One image.

    Attributes:
        reference: Its name with the tag.
        layers: Uncompressed tar files, the lowest layer first.
        entrypoint: The command of its containers.
        command: The default arguments of the command.
    """

    reference: str
    layers: list[Path]
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def write_layer(target: Path, files: dict[str, Path], links: dict[str, str] | None = None) -> Path:
    """Write a layer with executable files and symbolic links.

    The same content results in the same bytes, because owner, mode and time are fixed.

    Args:
        target: The tar file to write.
        files: Path in the image to source file.
        links: Path in the image to the link's target.

    Returns:
        The tar file.
    """
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as layer:
        for name in sorted(_parents([*files, *(links or {})])):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            layer.addfile(folder)
        for name, source in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = source.stat().st_size, 0o755
            with source.open("rb") as content:
                layer.addfile(entry, content)
        for name, points_to in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, points_to
            layer.addfile(entry)
    return target


def _parents(names: list[str]) -> set[str]:
    return {str(folder) for name in names for folder in Path(name).parents if str(folder) != "."}


def write_layout(target: Path, images: list[Image]) -> None:
    """Write the layout of images to a folder, which is replaced if it exists."""
    if target.exists():
        shutil.rmtree(target)
    (target / "blobs" / "sha256").mkdir(parents=True)
    (target / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    different = {layer for image in images for layer in image.layers}
    layers = {layer: _add_layer(target, layer) for layer in different}
    manifests = [_add_image(target, image, layers) for image in images]
    (target / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))


def _add_image(target: Path, image: Image, layers: dict[Path, dict[str, Any]]) -> dict[str, Any]:
    own = [layers[layer] for layer in image.layers]
    configuration = {
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": {
            "Env": [_SEARCH_PATH],
            "Entrypoint": image.entrypoint,
            "Cmd": image.command,
            "Labels": {IMAGES_LABEL: "built"},
        },
        # The layers are uncompressed, so the digest of a blob is the digest of its content.
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in own]},
    }
    media_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": _add_json(target, "application/vnd.oci.image.config.v1+json", configuration),
        "layers": own,
    }
    return {
        **_add_json(target, media_type, manifest),
        "annotations": {"io.containerd.image.name": image.reference},
        "platform": {"architecture": ARCHITECTURE, "os": "linux"},
    }


def _add_layer(target: Path, layer: Path) -> dict[str, Any]:
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    _blob(target, digest).hardlink_to(layer)
    return _descriptor("application/vnd.oci.image.layer.v1.tar", digest, layer.stat().st_size)


def _add_json(target: Path, media_type: str, content: dict[str, Any]) -> dict[str, Any]:
    data = json.dumps(content).encode()
    digest = hashlib.file_digest(io.BytesIO(data), "sha256").hexdigest()
    _blob(target, digest).write_bytes(data)
    return _descriptor(media_type, digest, len(data))


def _blob(target: Path, digest: str) -> Path:
    return target / "blobs" / "sha256" / digest


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": size}
