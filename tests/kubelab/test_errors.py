"""The text of an error that an API server, or something in its place, answers with."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kubelab import NoCluster, connection, errors
from kubelab.connection import Api
from kubelab.errors import ApiError, Cause, Server

KINDS = [
    {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get"], "singularName": "pod"},
    {"name": "nodes", "kind": "Node", "namespaced": False, "verbs": ["get"], "singularName": ""},
]
DISCOVERY = {
    "/version": {"gitVersion": "v1.37.2"},
    "/apis": {"kind": "APIGroupList", "groups": []},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": KINDS},
}
POD = "/api/v1/namespaces/x/pods/p"


class Loopback:
    """A server on this machine; `answer` is what it says to all but the discovery."""

    def __init__(self) -> None:
        self.answer: tuple[int, str, str] = (200, "application/json", "{}")
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = DISCOVERY.get(self.path)
                status, kind, body = loopback.answer
                if found:
                    status, kind, body = 200, "application/json", json.dumps(found)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=[0.01])
        self._thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self.server.shutdown()
            self._thread.join()
            self.server.server_close()

    def says(self, status: int, reason: str, message: str) -> None:
        body = {"kind": "Status", "reason": reason, "message": message, "code": status}
        self.answer = (status, "application/json", json.dumps(body))


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def connect(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Api]:
    monkeypatch.setattr(connection, "STATE", tmp_path)

    def connect(context: str = connection.CONTEXT, scheme: str = "http") -> Api:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "c", "cluster": {"server": loopback.url.replace("http", scheme)}}
            ],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        }
        path = tmp_path / "config"
        path.write_text(json.dumps(config))
        return Api(path, context)

    return connect


def text_of(error: Exception) -> str:
    [shown] = error._render_traceback_()
    assert shown == f"{type(error).__name__}: {error}"
    assert shown.count("\n") < 12
    assert error.__cause__ is None and (error.__context__ is None or error.__suppress_context__)
    return str(error)


@pytest.mark.parametrize(
    ("context", "next_step"),
    [
        (connection.CONTEXT, "make cluster, which renews the kubeconfig"),
        ("mine", "log in again, until kubectl --context mine get pods works"),
    ],
)
def test_credentials_that_the_api_server_rejects(loopback, connect, context, next_step):
    api = connect(context)
    loopback.says(401, "Unauthorized", "Unauthorized")
    with pytest.raises(ApiError) as failure:
        api.request("get", POD)
    assert text_of(failure.value) == (
        f"the API server answered GET {POD} with 401 Unauthorized\n\n"
        f"  Unauthorized\n\n  Next: {next_step}"
    )


def test_a_user_who_may_not_do_it(loopback, connect):
    api = connect()
    said = 'pods "p" is forbidden: User "jane" cannot get resource "pods" in API group ""'
    loopback.says(403, "Forbidden", said)
    with pytest.raises(ApiError) as failure:
        api.text(POD)
    assert text_of(failure.value) == (
        f"the API server answered GET {POD} with 403 Forbidden\n\n  {said}\n\n"
        "  Next: use an account that may do this; kubectl auth can-i get pods tells"
    )


@pytest.mark.parametrize("status", [200, 403, 502])
def test_a_proxy_that_answers_in_html(loopback, connect, status):
    api = connect()
    page = "<!DOCTYPE html><html><head><style>p {}</style></head><p>Please\n<b>log in</b></html>"
    loopback.answer = (status, "text/html", page)
    with pytest.raises(ApiError) as failure:
        api.request("get", POD)
    assert text_of(failure.value) == (
        f"what answers at {loopback.url} is no API server (GET {POD}: {status}, HTML)\n\n"
        "  Please log in\n\n  Next: unset HTTPS_PROXY, then make doctor"
    )


def test_a_server_that_is_dead(loopback, connect):
    api = connect()
    loopback.close()
    with pytest.raises(errors.Unreachable) as failure:
        api.request("get", POD)
    assert text_of(failure.value) == (
        f"the API server at {loopback.url} doesn't answer: connection refused\n\n"
        "  Next: make doctor, then make cluster"
    )


def test_a_foreign_server_that_is_dead_when_the_session_begins(loopback, connect):
    loopback.close()
    with pytest.raises(errors.Unreachable) as failure:
        connect("mine")
    assert text_of(failure.value).endswith(
        "connection refused\n\n"
        "  Next: start the cluster, until kubectl --context mine get nodes works"
    )


def test_a_server_whose_tls_fails(loopback, connect):
    with pytest.raises(errors.Unreachable) as failure:
        connect(scheme="https")
    assert "doesn't answer: " in text_of(failure.value)
    assert "its certificate can't be verified" in str(failure.value)


def test_a_certificate_of_another_authority():
    error = errors.http.SSLError(
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in "
        "certificate chain (_ssl.c:1000)"
    )
    with pytest.raises(errors.Unreachable) as failure, errors.readable("GET /", Server("", "c")):
        raise errors.http.MaxRetryError(None, "/", error)
    assert text_of(failure.value) == (
        "the API server doesn't answer: its certificate can't be verified (self-signed certificate "
        "in certificate chain)\n\n  Next: make cluster"
    )


def test_a_kind_that_is_not_served_is_named_with_close_ones(connect):
    with pytest.raises(errors.UnknownKind) as failure:
        connect().path("v1", "Pdo")
    assert text_of(failure.value) == (
        "the API server serves no kind Pdo of apiVersion v1; close names: Pod (v1)\n\n"
        "  Next: correct kind and apiVersion and run the cell again, or install the CRD that "
        "defines the kind"
    )
    with pytest.raises(errors.UnknownKind) as failure:
        connect().path("apps/v1", "Pod")
    assert "apiVersion apps/v1; close names: Pod (v1)" in text_of(failure.value)


def test_a_context_that_the_kubeconfig_does_not_have(connect, tmp_path):
    connect()
    with pytest.raises(NoCluster) as failure:
        Api(tmp_path / "config", "nobody")
    assert str(failure.value) == (
        f"{tmp_path}/config has no usable context nobody: Invalid kube-config file. Expected "
        f"object with name nobody in {tmp_path}/config/contexts list\n"
        f"  Next: kubectl config get-contexts --kubeconfig {tmp_path}/config"
    )


def test_a_rejected_manifest_names_file_line_object_and_field():
    causes = tuple(Cause(f"spec.c{n}", "Required value") for n in range(5))
    error = ApiError(422, "Invalid", 'Pod "p" is invalid: […]', causes)
    error.about("Pod p", "restart-policies/never.yaml", lambda field: 7)
    assert text_of(error) == (
        "restart-policies/never.yaml, line 7: the API server rejected Pod p (422 Invalid)\n\n"
        "  spec.c0: Required value\n  spec.c1: Required value\n  spec.c2: Required value\n\n"
        "  Next: correct spec.c0 in never.yaml (line 7) and run the cell again"
    )


@pytest.mark.parametrize(
    ("status", "message", "field", "next_step"),
    [
        (
            400,
            'strict decoding error: unknown field "spec.restartPolici"',
            "spec.restartPolici",
            "correct spec.restartPolici in a.yaml and run the cell again",
        ),
        (
            500,
            "failed to create typed patch object (x/p; /v1, Kind=Pod): .spec.foo: field not "
            "declared in schema",
            "spec.foo",
            "correct spec.foo in a.yaml and run the cell again",
        ),
        (
            403,
            'pods "p" is forbidden: unable to create new content in namespace x because it is '
            "being terminated",
            "",
            "run the set-up cell, which creates a new namespace",
        ),
        (
            404,
            'namespaces "x" not found',
            "",
            "run the set-up cell, which creates a new namespace",
        ),
        (
            403,
            'pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1',
            "",
            "delete objects of the namespace that you don't need, or request less",
        ),
        (
            403,
            'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces',
            "",
            "correct the fields that the message names in a.yaml and run the cell again",
        ),
        (
            403,
            'pods "p" is forbidden: error looking up service account x/s: serviceaccount "s" not '
            "found",
            "",
            "apply the ServiceAccount first, or correct spec.serviceAccountName in a.yaml",
        ),
        (
            404,
            'pods "p" not found',
            "",
            "check the name: kubectl get shows what there is; then run its apply cell again",
        ),
        (
            404,
            "the server could not find the requested resource",
            "",
            "check that the kind's CRD is installed",
        ),
        (
            409,
            'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .spec.replicas',
            "",
            "remove these fields from a.yaml, or delete the object and run the cell again",
        ),
        (409, 'pods "p" already exists', "", "delete the object, or choose another name"),
        (
            409,
            'object is being deleted: pods "p" already exists',
            "",
            "wait until it is gone: .wait(until=gone())",
        ),
        (
            409,
            "the object has been modified; please apply your changes to the latest version",
            "",
            "run the cell again: the object changed in the meantime",
        ),
        (
            413,
            "Request entity too large: limit is 3145728",
            "",
            "make a.yaml smaller: the API server limits the size of a request",
        ),
        (
            429,
            "too many requests, please try again later",
            "",
            "wait a few seconds and run the cell again: the API server limits the rate of requests",
        ),
        (
            500,
            'Internal error occurred: failed calling webhook "w"',
            "",
            "check that the Pods of the admission webhook run and run the cell again",
        ),
        (
            503,
            "the server is currently unable to handle the request",
            "",
            "run the cell again; if the error stays: make doctor",
        ),
    ],
)
def test_each_answer_has_a_next_step_that_fits(status, message, field, next_step):
    error = ApiError(status, "…", message).about("Pod p", "x/a.yaml")
    assert (error.field, error.next_step) == (field, next_step)
    assert text_of(error) == (
        f"x/a.yaml: the API server rejected Pod p ({status} …)\n\n"
        f"  {message}\n\n  Next: {next_step}"
    )


def test_of_a_long_message_the_first_line_is_shown_and_all_is_kept():
    message = "a" * 400 + "\n" + "  core.PodSpec{\n" * 100
    error = ApiError(422, "Invalid", message)
    assert error.message == message
    assert f"  {'a' * 300} …\n" in text_of(error)


def test_a_rejected_exec_has_its_status_and_message():
    reason = (
        "Handshake status 404 Not Found -+-+- {'audit-id': 'x', 'date': '…'} -+-+- "
        'b\'{"kind":"Status","reason":"NotFound","message":"pods \\"p\\" not found"}\''
    )
    with pytest.raises(errors.NotFound) as failure, errors.readable("exec", Server("", "c")):
        raise connection_error(reason)
    assert (failure.value.status, failure.value.reason) == (404, "NotFound")
    assert failure.value.message == 'pods "p" not found'


def connection_error(reason: str) -> Exception:
    from kubernetes.client.exceptions import ApiException

    return ApiException(status=0, reason=reason)
