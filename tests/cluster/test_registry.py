"""Which responses identify a registry, and the image source that follows."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from cluster import registry
from cluster.errors import CommandError


@pytest.fixture
def server() -> Iterator[tuple[type, str]]:
    """Return a class whose `status` and `headers_sent` are sent to clients, and its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        status = 200
        headers_sent: ClassVar[dict[str, str]] = {}

        def do_GET(self):
            self.send_response(self.status)
            for name, value in self.headers_sent.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=[0.02], daemon=True).start()
        yield Handler, f"http://127.0.0.1:{listening.server_port}/v2/"
        listening.shutdown()


@pytest.mark.parametrize(
    ("status", "headers", "verdict"),
    [
        (200, {"Docker-Distribution-Api-Version": "registry/2.0"}, True),
        (401, {"Docker-Distribution-Api-Version": "registry/2.0"}, True),
        (401, {"WWW-Authenticate": 'Bearer realm="https://auth.example/token"'}, True),
        (401, {"WWW-Authenticate": 'Basic realm="proxy"'}, False),
        (200, {"Content-Type": "text/html"}, False),
        (404, {}, False),
        (503, {"Docker-Distribution-Api-Version": "registry/2.0"}, False),
    ],
)
def test_a_registry_identifies_itself(server, status, headers, verdict):
    handler, url = server
    handler.status, handler.headers_sent = status, headers
    assert registry.is_registry(url, within=2) is verdict


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_accepts_every_connection_is_no_registry(scheme):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def respond_with_junk():
            connection, _ = listening.accept()
            connection.sendall(b"\0\0junk\r\n\r\n")
            connection.close()

        threading.Thread(target=respond_with_junk, daemon=True).start()
        port = listening.getsockname()[1]
        assert registry.is_registry(f"{scheme}://127.0.0.1:{port}/v2/", within=2) is False


@pytest.fixture
def unresponsive(monkeypatch) -> Iterator[None]:
    """Replace the registries by ones that accept connections and don't respond."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/v2/"
        monkeypatch.setattr(registry, "REGISTRIES", {"a.example": url, "b.example": url})
        registry.reachable.cache_clear()
        yield
    registry.reachable.cache_clear()


def test_several_registries_share_one_time_limit(unresponsive):
    start = time.monotonic()
    assert registry.reachable(within=0.3) == {"a.example": False, "b.example": False}
    assert time.monotonic() - start < 0.6


def test_each_registry_gets_one_request(unresponsive, monkeypatch):
    requests = []
    monkeypatch.setattr(registry, "is_registry", lambda url, within: requests.append(url) or True)
    assert registry.image_source() == registry.image_source() == "pulled"
    assert len(requests) == 2


def test_images_are_built_if_one_registry_does_not_respond(unresponsive, monkeypatch):
    responses = iter([True, False])
    monkeypatch.setattr(registry, "is_registry", lambda url, within: next(responses))
    assert registry.image_source() == "built"


def test_no_registry_gets_a_request_if_the_image_source_is_set(monkeypatch):
    monkeypatch.setattr(registry, "reachable", lambda: pytest.fail("a registry got a request"))
    monkeypatch.setenv("IMAGES", "pulled")
    assert registry.image_source() == "pulled"


def test_an_unknown_image_source_is_an_error(monkeypatch):
    monkeypatch.setenv("IMAGES", "bulit")
    with pytest.raises(CommandError, match="IMAGES=bulit is neither `pulled` nor `built`"):
        registry.image_source()
