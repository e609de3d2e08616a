"""An API server that accepts connections and never answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client, dynamic, stream
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from kubelab import limits
from kubelab.limits import limited


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_TIMEOUT", (0.2, 0.4))
    monkeypatch.setattr(limits, "SILENT_AFTER", 0.1)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def client_of(host: str) -> Any:
    configuration = client.Configuration()
    configuration.host, configuration.proxy = host, None
    return limited(client.ApiClient(configuration))


def test_discovery_has_a_time_limit_and_a_line_says_that_there_is_no_answer(
    silent: str, capsys: pytest.CaptureFixture
):
    begin = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        dynamic.DynamicClient(client_of(silent), cache_file="/nonexistent/none")
    assert time.monotonic() - begin < 20
    assert capsys.readouterr().out == (
        f"The cluster ({silent}) has not answered for 0.1 s; the cell waits for up to 0.4 s.\n"
    )


def test_a_command_in_a_container_has_a_time_limit_and_a_line(
    silent: str, capsys: pytest.CaptureFixture
):
    core = client.CoreV1Api(client_of(silent))
    limits.limit_web_sockets()
    begin = time.monotonic()
    with pytest.raises(ApiException), limits.told_when_silent(silent):
        stream.stream(core.connect_get_namespaced_pod_exec, "p", "n", command=["ls"], stdout=True)
    assert time.monotonic() - begin < 20
    assert "has not answered for 0.1 s" in capsys.readouterr().out


def test_a_server_that_answers_in_time_is_not_told_of(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "SILENT_AFTER", 60)
    with limits.told_when_silent("…"):
        [timer] = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
    assert timer.finished.is_set(), "it never prints its line"


def test_another_thread_says_nothing(capsys: pytest.CaptureFixture):
    def wait() -> None:
        with limits.told_when_silent("…"):
            time.sleep(0.15)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    assert capsys.readouterr().out == ""


def test_a_server_that_refuses_is_asked_again():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(MaxRetryError, match="refused"):
        client_of(f"http://127.0.0.1:{port}").call_api("GET", f"http://127.0.0.1:{port}/version")
