"""When an answer is a registry's answer."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from cluster import registry
from cluster.errors import Stop


@pytest.fixture
def server() -> Iterator[tuple[type, str]]:
    """A class whose `status` and `headers_sent` decide the answers, and its address."""

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
def test_a_registry_says_what_it_is(server, status, headers, verdict):
    handler, url = server
    handler.status, handler.headers_sent = status, headers
    assert registry.is_registry(url, within=2) is verdict


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_something_that_accepts_every_connection_is_no_registry(scheme):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_with_junk():
            connection, _ = listening.accept()
            connection.sendall(b"\0\0junk\r\n\r\n")
            connection.close()

        threading.Thread(target=answer_with_junk, daemon=True).start()
        port = listening.getsockname()[1]
        assert registry.is_registry(f"{scheme}://127.0.0.1:{port}/v2/", within=2) is False


@pytest.fixture
def silent(monkeypatch) -> Iterator[None]:
    """Registries that accept connections and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/v2/"
        monkeypatch.setattr(registry, "REGISTRIES", {"a.example": url, "b.example": url})
        registry.answers.cache_clear()
        yield
    registry.answers.cache_clear()


def test_silent_registries_take_no_longer_than_one_of_them(silent):
    start = time.monotonic()
    assert registry.answers(within=0.3) == {"a.example": False, "b.example": False}
    assert time.monotonic() - start < 0.6


def test_each_registry_is_asked_once(silent, monkeypatch):
    asked = []
    monkeypatch.setattr(registry, "is_registry", lambda url, within: asked.append(url) or True)
    assert registry.way() == registry.way() == "pulled"
    assert len(asked) == 2


def test_one_silent_registry_means_building(silent, monkeypatch):
    answers = iter([True, False])
    monkeypatch.setattr(registry, "is_registry", lambda url, within: next(answers))
    assert registry.way() == "built"


def test_a_forced_way_asks_nobody(monkeypatch):
    monkeypatch.setattr(registry, "answers", lambda: pytest.fail("asked"))
    monkeypatch.setenv("IMAGES", "pulled")
    assert registry.way() == "pulled"


def test_an_unknown_way_is_refused(monkeypatch):
    monkeypatch.setenv("IMAGES", "bulit")
    with pytest.raises(Stop, match="IMAGES=bulit is neither `pulled` nor `built`"):
        registry.way()
