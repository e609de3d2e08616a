"""What a lab raises when the API server doesn't do what it was asked: one readable error.

`ApiError` is the answer of an API server, or that there was none. Its text names the file and the
object, has the API server's own message, and ends with the next step that fits.
"""

from __future__ import annotations

import contextlib
import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from urllib3 import exceptions as http

SHOWN_CAUSES = 3
"""A manifest may have many wrong fields. The first ones are enough to go on."""
SHOWN_CHARACTERS = 300
"""The length of one line of the API server's message: it may quote a whole manifest."""


class Readable(Exception):
    """An error whose text tells the story: IPython shows it without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class Server:
    """The API server that a request went to.

    Attributes:
        url: its address.
        context: the context of the kubeconfig.
        own: whether it is the book's own cluster, which `make cluster` creates.
    """

    url: str
    context: str
    own: bool = True


@dataclass(frozen=True)
class Cause:
    """One field that the API server rejects, and why."""

    field: str
    message: str
    reason: str = ""


class ApiError(Readable):
    """The API server answered a request with an error.

    Attributes:
        status: the HTTP status; 0 without an answer.
        reason: `Invalid`, `Forbidden`, `NotFound` …
        message: the API server's message, complete.
        causes: the fields that it names.
        request: the method and the path.
        server: where the request went.
        file: the manifest that was sent; empty where the request was none.
        subject: the object, such as `Pod never-exits-1`.
        line_of: the line of a field in `file`.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        causes: tuple[Cause, ...] = (),
        *,
        request: str = "",
        server: Server | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.reason, self.message, self.causes = status, reason, message, causes
        self.request = request
        self.server = server or Server("", "")
        self.file = self.subject = ""
        self.line_of: Callable[[str], int | None] = lambda field: None

    def about(
        self, subject: str, file: str = "", line_of: Callable[[str], int | None] | None = None
    ) -> ApiError:
        """Return this error with the object and the file that it is about."""
        self.subject, self.file = subject, file
        self.line_of = line_of or self.line_of
        return self

    @property
    def field(self) -> str:
        """The first field that the API server names, as it names it; empty if it names none."""
        if self.causes and self.causes[0].field:
            return self.causes[0].field
        # Unknown and duplicate fields come as a text only.
        found = re.search(
            r'(?:unknown|duplicate) field "([^"]+)"|: \.([\w.\[\]="/-]+): ', self.message
        )
        return (found[1] or found[2]) if found else ""

    @property
    def next_step(self) -> str:
        """What to do about it."""
        return _next_step(self)

    def __str__(self) -> str:
        answer = f"{self.status} {self.reason}".strip()
        if self.file or self.subject:
            what = f"the API server rejected {self.subject or 'it'} ({answer})"
            head = f"{self._where}: {what}" if self.file else what
        else:
            head = f"the API server answered {self.request} with {answer}"
        said = [f"{cause.field}: {cause.message}" for cause in self.causes if cause.field]
        said = said[:SHOWN_CAUSES] or [self.message]
        lines = "\n".join(f"  {_short(line)}" for line in said)
        return f"{head}\n\n{lines}\n\n  Next: {self.next_step}"

    @property
    def _where(self) -> str:
        line = self.line_of(self.field)
        return f"{self.file}, line {line}" if line else self.file


class NotFound(ApiError):
    """404: there is no such object."""


class UnknownKind(ApiError):
    """The API server serves no such kind."""

    def __init__(self, api_version: str, kind: str, close: list[str], server: Server) -> None:
        known = f"; close names: {', '.join(close)}" if close else ""
        message = f"the API server serves no kind {kind} of apiVersion {api_version}{known}"
        super().__init__(404, "NotFound", message, server=server)
        self.kind, self.api_version = kind, api_version

    def __str__(self) -> str:
        head = f"{self._where}: " if self.file else ""
        return f"{head}{self.message}\n\n  Next: {self.next_step}"

    @property
    def field(self) -> str:
        """The field that names the kind."""
        return "kind"


class Unreachable(ApiError):
    """The API server doesn't answer."""

    def __init__(self, message: str, *, request: str = "", server: Server | None = None) -> None:
        super().__init__(0, "Unreachable", message, request=request, server=server)

    def __str__(self) -> str:
        where = f"the API server at {self.server.url}" if self.server.url else "the API server"
        return f"{where} doesn't answer: {self.message}\n\n  Next: {self.next_step}"


class NotAnApiServer(ApiError):
    """Something else than an API server answered."""

    def __str__(self) -> str:
        where = f" at {self.server.url}" if self.server.url else ""
        return (
            f"what answers{where} is no API server ({self.request}: {self.status}, HTML)\n\n"
            f"  {_short(self.message)}\n\n  Next: {self.next_step}"
        )


class StaleObject(Readable):
    """An object of a lab no longer tells the truth, and using it is an error."""


class LabClosed(StaleObject):
    """The lab is closed; its namespace and its objects are deleted."""


def _short(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]} …"


# The first that fits: status (None for each), a pattern for the message, and the next step.
# `{file}`, `{place}` (the field, its line and file), `{check}` and `{cluster}` are filled in.
_AGAIN = "and run the cell again"
_STEPS: tuple[tuple[int | None, str, str], ...] = (
    (
        None,
        "because it is being terminated|^namespaces .* not found",
        "run the set-up cell, which creates a new namespace",
    ),
    (None, "object is being deleted", "wait until it is gone: .wait(until=gone())"),
    (
        400,
        "is waiting to start|previous terminated container|not found in|is not valid for pod",
        "name a container of this Pod that has started: .wait(until=running()), then read its log",
    ),
    (400, "", "correct {place} {again}"),
    (422, "", "correct {place} {again}"),
    (500, "failed to create typed patch object", "correct {place} {again}"),
    (401, "", "{login}"),
    (403, "exceeded quota", "delete objects of the namespace that you don't need, or request less"),
    (403, "violates PodSecurity", "correct the fields that the message names in {file} {again}"),
    (403, "User .* cannot", "{check}"),
    (
        403,
        "error looking up service account",
        "apply the ServiceAccount first, or correct spec.serviceAccountName in {file}",
    ),
    (403, "", "correct what the message names in {file} {again}"),
    (404, "could not find the requested resource", "check that the kind's CRD is installed"),
    (404, "", "check the name: kubectl get shows what there is; then run its apply cell again"),
    (
        409,
        "conflict with",
        "remove these fields from {file}, or delete the object {again}",
    ),
    (409, "already exists", "delete the object, or choose another name"),
    (409, "", "run the cell again: the object changed in the meantime"),
    (413, "", "make {file} smaller: the API server limits the size of a request"),
    (429, "", "wait a few seconds {again}: the API server limits the rate of requests"),
    (500, "failed calling webhook", "check that the Pods of the admission webhook run {again}"),
)


def _next_step(error: ApiError) -> str:
    server = error.server
    if isinstance(error, UnknownKind):
        return f"correct kind and apiVersion {_AGAIN}, or install the CRD that defines the kind"
    if isinstance(error, NotAnApiServer):
        if server.own:
            return "unset HTTPS_PROXY, then make doctor"
        return f"correct the proxy (HTTPS_PROXY) or the server of the context {server.context}"
    if isinstance(error, Unreachable):
        return _reach(server, "certificate" in error.message)
    step = next(
        (
            step
            for status, pattern, step in _STEPS
            if status in (None, error.status) and re.search(pattern, error.message)
        ),
        "run the cell again; if the error stays: "
        + ("make doctor" if server.own else f"ask who runs the cluster {server.context}"),
    )
    file = error.file.rpartition("/")[2] or "the request"
    field = error.field
    line = error.line_of(field) if field else None
    place = f"{field} in {file}" + (f" (line {line})" if line else "") if field else file
    verb = re.search(r"cannot (\w+) resource \"([\w.-]+)\"", error.message)
    can = f"kubectl auth can-i {verb[1]} {verb[2]}" if verb else "kubectl auth can-i --list"
    fill: dict[str, str] = {
        "again": _AGAIN,
        "file": file,
        "place": place,
        "check": f"use an account that may do this; {can} tells",
        "login": "make cluster, which renews the kubeconfig"
        if server.own
        else f"log in again, until kubectl --context {server.context} get pods works",
    }
    return step.format_map(fill)


def _reach(server: Server, by_certificate: bool) -> str:
    if server.own:
        return "make cluster" if by_certificate else "make doctor, then make cluster"
    if by_certificate:
        return f"correct server and certificate-authority-data of the context {server.context}"
    return f"start the cluster, until kubectl --context {server.context} get nodes works"


@contextlib.contextmanager
def readable(request: str, server: Server) -> Iterator[None]:
    """Turn the errors of the client and of the network into an `ApiError`.

    Args:
        request: the method and the path, for the error's text.
        server: where the request goes.

    Raises:
        ApiError: The API server answered with an error, or didn't answer.
    """
    from kubernetes.client.exceptions import ApiException

    try:
        yield
    except ApiException as error:
        raise _of_answer(error, request, server) from None
    except (http.HTTPError, OSError) as error:
        raise Unreachable(_network(error), request=request, server=server) from None


def decode(raw: bytes, request: str, server: Server) -> Any:
    """Return the JSON of an answer.

    Raises:
        NotAnApiServer: It is no JSON, such as the page of a proxy.
    """
    try:
        return json.loads(raw)
    except ValueError:
        page = _page(raw.decode(errors="replace"))
        raise NotAnApiServer(200, "OK", page, request=request, server=server) from None


def _of_answer(error: Any, request: str, server: Server) -> ApiError:
    status, reason, body = error.status or 0, error.reason or "", error.body or ""
    # Without a body for exec: the client puts all of a rejected upgrade into the reason.
    if upgrade := re.search(r"Handshake status (\d+) ([\w ]+).*?(?:b'(\{.*\}).*')?$", reason, re.S):
        status, reason, body = int(upgrade[1]), upgrade[2].strip(), upgrade[3] or ""
    if isinstance(body, bytes):
        body = body.decode(errors="replace")
    if not status:  # the client's own wrapping of a failed TLS handshake
        return Unreachable(_short(reason), request=request, server=server)
    if re.match(r"\s*<(!doctype|html|\?xml)", body, re.IGNORECASE):
        return NotAnApiServer(status, reason, _page(body), request=request, server=server)
    try:
        said = json.loads(body)
    except ValueError:
        said = {}
    said = said if isinstance(said, Mapping) else {}
    details = said.get("details") or {}
    causes = tuple(
        Cause(cause.get("field", ""), cause.get("message", ""), cause.get("reason", ""))
        for cause in details.get("causes") or ()
    )
    kind = NotFound if status == 404 else ApiError
    message = said.get("message") or body.strip() or reason
    return kind(
        status, said.get("reason") or reason, message, causes, request=request, server=server
    )


def _page(body: str) -> str:
    """The text of an HTML page, in one line."""
    return " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", body, flags=re.S).split())


def _network(error: Exception) -> str:
    """A network error in words."""
    reason = error.reason if isinstance(error, http.MaxRetryError) and error.reason else error
    text = str(reason)
    if isinstance(reason, http.SSLError | ssl.SSLError):
        return f"its certificate can't be verified ({_certificate(text)})"
    # The more special class first: a NewConnectionError is a ConnectTimeoutError.
    if isinstance(reason, http.NameResolutionError):
        return "its name can't be resolved"
    if isinstance(reason, http.NewConnectionError | ConnectionRefusedError):
        return "connection refused" if "refused" in text else _short(text)
    for kind, words in (
        (http.ConnectTimeoutError, "no connection within the time limit"),
        (http.ReadTimeoutError, "no answer within the time limit"),
        (http.ProxyError, "the proxy doesn't connect to it"),
    ):
        if isinstance(reason, kind):
            return words
    return "it closed the connection" if isinstance(reason, http.ProtocolError) else _short(text)


def _certificate(text: str) -> str:
    found = re.search(r"certificate verify failed: ([^(\]]+)", text)
    return found[1].strip() if found else _short(text)
