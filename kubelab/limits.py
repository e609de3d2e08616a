"""Time limits for everything that waits for the API server, and a line when it is silent.

The client itself has none for discovery and for commands in containers: an API server that
accepts connections and never answers would hang a cell without a word.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ReadTimeoutError

REQUEST_TIMEOUT = (5, 30)
"""Seconds to connect and to wait for each read."""

SILENT_AFTER = 5.0
"""Seconds without an answer after which a line says so."""


class Retries(urllib3.Retry):
    """Repeats a request after a refused or broken connection, but not after a time limit."""

    def increment(  # type: ignore[override]
        self, *args: Any, **options: Any
    ) -> urllib3.Retry:
        """Return the retries that are left, or raise the error."""
        error = options.get("error")
        silent = isinstance(error, ReadTimeoutError | ConnectTimeoutError)
        if error and silent and not isinstance(error, NewConnectionError):
            raise error
        return super().increment(*args, **options)


def limited(client: Any) -> Any:
    """Give every request of a client a time limit, and a line when the server is silent.

    Args:
        client: the official client's `ApiClient`.
    """
    rest, host = client.rest_client, client.configuration.host
    send = rest.request
    rest.pool_manager.connection_pool_kw["retries"] = Retries(3)

    def request(*args: Any, **options: Any) -> Any:
        options["_request_timeout"] = options.get("_request_timeout") or REQUEST_TIMEOUT
        with told_when_silent(host):
            return send(*args, **options)

    rest.request = request
    return client


@contextlib.contextmanager
def told_when_silent(host: str) -> Iterator[None]:
    """Print a line if what is done within takes longer than SILENT_AFTER.

    Only in the main thread, which runs the cell: a watch in another thread may be silent.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    line = (
        f"The cluster ({host}) has not answered for {SILENT_AFTER:g} s; "
        f"the cell waits for up to {REQUEST_TIMEOUT[1]} s."
    )
    timer = threading.Timer(SILENT_AFTER, print, [line], {"flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def limit_web_sockets() -> None:
    """Give the connection to a container the time limit of a request.

    The client creates its WebSockets itself and takes no time limit for them.
    """
    from kubernetes.stream import ws_client

    if getattr(vars(ws_client)["WebSocket"], "limited", False):
        return

    class LimitedWebSocket(ws_client.WebSocket):  # type: ignore[name-defined,misc]
        limited = True

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.settimeout(REQUEST_TIMEOUT[1])

    ws_client.WebSocket = LimitedWebSocket  # type: ignore[attr-defined]
