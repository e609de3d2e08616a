"""A program in the cluster that a client calls over HTTP with curl, as people would."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from kubelab.display import echo

if TYPE_CHECKING:
    from kubelab.clients import Client

REQUEST_SECONDS = 30
"""What an answer may take. On an idle cluster it takes 5 to 10 ms."""


class NoAnswer(RuntimeError):
    """The program doesn't respond, or cannot answer now."""


class HttpApi:
    """What `name` serves at `address`, host and port, as `client` reaches it."""

    def __init__(self, name: str, client: Client, address: str) -> None:
        self._name, self._client, self._address = name, client, address

    def ask(self, path: str, *options: str) -> str:
        """The body of the answer; `options` are curl's. NoAnswer where there is none."""
        fixed = ["--silent", "--show-error", "--max-time", str(REQUEST_SECONDS)]
        code, out, err = self._client.run("curl", *fixed, *options, self._url(path))
        if code:
            raise NoAnswer(
                f"{self._name} does not answer at {self._address}: {(out or err).strip()}\n"
                "  Next: look at its Pod's log"
            )
        return out

    def echo(self, path: str, *options: str) -> None:
        """Print the request."""
        echo(f"{self._client.where} curl {shlex.join([*options, self._url(path)])}")

    def _url(self, path: str) -> str:
        return f"http://{self._address}{path}"
