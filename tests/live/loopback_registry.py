"""A container registry on 127.0.0.1 that serves the images of one OCI layout.

Docker speaks plain HTTP with what is on the loopback interface. What is served here is the part of
https://github.com/opencontainers/distribution-spec/blob/main/spec.md that pulling takes.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Registry:
    """What it serves, and the requests that it received."""

    def __init__(self, layout: Path) -> None:
        self.layout = layout
        self.address = ""
        """Host and port, as image references begin with it."""
        self.asked: list[str] = []
        """The paths, in order."""
        self.forged: dict[str, bytes] = {}
        """Contents served for a digest that is not theirs."""

    def manifest(self, reference: str) -> dict[str, Any]:
        """The descriptor of the manifest with that name or digest. Raises LookupError."""
        for manifest in json.loads((self.layout / "index.json").read_text())["manifests"]:
            name = manifest["annotations"]["io.containerd.image.name"]
            if reference in (name.rpartition(":")[2], manifest["digest"]):
                return manifest
        raise LookupError(reference)

    def answer(self, path: str) -> tuple[str, str, bytes]:
        """The media type, the digest and the content at a path below /v2/. Raises LookupError."""
        _, kind, reference = path.rsplit("/", 2)
        media_type, digest = "application/octet-stream", reference
        if kind == "manifests":
            manifest = self.manifest(reference)
            media_type, digest = manifest["mediaType"], manifest["digest"]
        content = self.layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
        if not content.exists():
            raise LookupError(reference)
        return media_type, digest, self.forged.get(digest) or content.read_bytes()


@contextmanager
def serve(layout: Path) -> Iterator[Registry]:
    """Serves the layout until the block ends."""
    registry = Registry(layout)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(self.path)
            try:
                if self.path == "/v2/":
                    media_type, digest, content = "application/json", "", b"{}"
                else:
                    media_type, digest, content = registry.answer(self.path)
                status = http.HTTPStatus.OK
            except LookupError:
                error = {"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}
                media_type, digest = "application/json", ""
                content = json.dumps({"errors": [error]}).encode()
                status = http.HTTPStatus.NOT_FOUND
            self.send_response(status)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            if digest:
                self.send_header("Docker-Content-Digest", digest)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry.address = f"127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield registry
        server.shutdown()
