"""The session's connection: to the project's own cluster, and to no other one by accident.

Everything goes through `Api`, a thin layer over the official client that returns plain dicts, gives
every request a time limit, and turns the client's errors into ones that can be read.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError

from kubelab.kind import CONTEXT, KUBECONFIG, MARKER, STATE
from nbclaims import environment

REQUEST_TIMEOUT = (5, 30)
"""Seconds to connect and to wait for each read; without them a dead API server hangs a cell."""

COMMAND_SECONDS = 120
"""What a command in a container may take. 500 requests take 2 s, on a busy machine 40 s."""

TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"

WATCH_SECONDS = 300
"""The server ends a watch after this time. The client's own limit is a little later: a server that
died no longer ends anything."""


class NoCluster(RuntimeError):
    """There is no cluster that labs may use; the message ends with the next command."""

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(f"{problem}\n  Next: {next_step}")


class Api:
    """Requests to one cluster, as plain dicts. Threads may share it."""

    def __init__(self, kubeconfig: Path, context: str) -> None:
        from kubernetes import config, dynamic

        self.kubeconfig, self.context = kubeconfig, context
        self._new_client = functools.partial(
            config.new_client_from_config, str(kubeconfig), context, persist_config=False
        )
        discovery = STATE / "kubelab" / f"discovery-{context.replace('/', '-')}.json"
        discovery.parent.mkdir(parents=True, exist_ok=True)
        try:
            client = self._new_client()
        except config.ConfigException as error:
            error.add_note(f"  Next: kubectl config get-contexts --kubeconfig {kubeconfig}")
            raise
        with _with_next_step():
            self._client = dynamic.DynamicClient(client, cache_file=str(discovery))

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The response body as a dict. Further options are the query's, in the API's spelling."""
        content_type = options.pop("content_type", None)
        raw = self._send(method, path, body, content_type, REQUEST_TIMEOUT, options)
        return json.loads(raw.data)

    def table(self, path: str) -> dict:
        """An object as the table that `kubectl get` prints: the API server makes its columns."""
        raw = self._send("get", path, None, None, REQUEST_TIMEOUT, {}, accept=TABLE)
        return json.loads(raw.data)

    def text(self, path: str, **query: Any) -> str:
        """A response that is not JSON, such as a log."""
        return self._send("get", path, None, None, REQUEST_TIMEOUT, query).data.decode()

    def _send(
        self, method, path, body, content_type, timeout, query, accept="application/json"
    ) -> Any:
        from kubernetes.dynamic.exceptions import DynamicApiError

        try:
            with _with_next_step():
                return self._client.request(
                    method,
                    path,
                    body=body,
                    content_type=content_type,
                    query_params=list(query.items()),
                    header_params={"Accept": accept},
                    serialize=False,
                    _request_timeout=timeout,
                )
        except DynamicApiError as error:
            # As it comes, the error prints HTTP headers and a second traceback before it gets to
            # what the API server said.
            error.details = _status_object(error.body)
            error.reason = error.details.get("message") or error.reason
            error.body = error.headers = error.original_traceback = None
            raise

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """Where the API serves a kind: `/api/v1/namespaces/<namespace>/pods/<name>`."""
        resource = self._client.resources.get(api_version=api_version, kind=kind)
        return resource.path(namespace=namespace or None, name=name or None)

    def apply(self, manifest: dict, namespace: str, dry_run: bool = False) -> dict:
        """Server-side apply; unknown and doubled fields are errors (`fieldValidation=Strict`)."""
        return json.loads(self._apply(manifest, namespace, dry_run).data)

    def warnings(self, manifest: dict, namespace: str, dry_run: bool) -> list[str]:
        """What the API server warns of when it is asked to apply this."""
        answer = self._apply(manifest, namespace, dry_run)
        return warnings_in(answer.headers.getlist("Warning"))

    def _apply(self, manifest: dict, namespace: str, dry_run: bool) -> Any:
        path = self.path(
            manifest["apiVersion"], manifest["kind"], namespace, manifest["metadata"]["name"]
        )
        options = {"fieldManager": "kubelab", "fieldValidation": "Strict"}
        if dry_run:
            options["dryRun"] = "All"
        content_type = "application/apply-patch+yaml"
        return self._send("patch", path, manifest, content_type, REQUEST_TIMEOUT, options)

    def watch(self, path: str, resource_version: str, **selection: str) -> Watch:
        """A watch that begins right after `resource_version`."""
        query = selection | {
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": WATCH_SECONDS,
        }
        timeout = (REQUEST_TIMEOUT[0], WATCH_SECONDS + 10)
        return Watch(self._send("get", path, None, None, timeout, query))

    def exec(self, namespace: str, pod: str, container: str, command: list[str]) -> tuple:
        """Run a command in a container: `(exit code, stdout, stderr)`."""
        from kubernetes import client, stream

        # stream.stream() replaces a method of the client it is given: a client of its own, so that
        # a watch in another thread goes on.
        core = client.CoreV1Api(self._new_client())
        session = stream.stream(
            core.connect_get_namespaced_pod_exec,
            pod,
            namespace,
            container=container,
            command=command,
            stdout=True,
            stderr=True,
            _preload_content=False,
        )
        session.run_forever(timeout=COMMAND_SECONDS)
        return session.returncode, session.read_stdout(), session.read_stderr()


class Watch:
    """The API server's change notices, one dict each; `stop` may come from another thread."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def __iter__(self) -> Iterator[dict]:
        with self._response:
            for line in self._response:
                yield json.loads(line)

    def stop(self) -> None:
        with contextlib.suppress(ValueError, OSError):  # it has ended, or does so just now
            self._response.shutdown()


@contextlib.contextmanager
def _with_next_step() -> Iterator[None]:
    """Adds the next command to a connection error, which keeps its type."""
    try:
        yield
    except HTTPError as error:
        error.add_note("The cluster does not answer.\n  Next: make doctor, then make cluster")
        raise


class Cluster:
    """The cluster of this session and what a claim says about it."""

    def __init__(self) -> None:
        foreign = os.environ.get("KUBELAB_CONTEXT")
        # A context of somebody's own is looked for only in a file that they name as well:
        # ~/.kube/config is not read by accident.
        kubeconfig = Path((foreign and os.environ.get("KUBECONFIG")) or KUBECONFIG)
        if not kubeconfig.exists():
            raise NoCluster(
                f"There is no cluster yet: {kubeconfig} does not exist.", "make cluster"
            )
        self.api = Api(kubeconfig, foreign or CONTEXT)
        self.kubernetes: str = self.api.request("get", "/version")["gitVersion"]
        if foreign:
            # Not one of the environments of the book: such a run is no evidence for the book.
            self._environment = environment.Environment(
                self.kubernetes, f"context {foreign}", f"context {foreign}"
            )
        else:
            self._environment = self._describe_own()
        self.description = self._environment.description

    def describe(self) -> environment.Environment:
        """Return what the records of claims and the provenance of runs say about the cluster."""
        return self._environment

    def _describe_own(self) -> environment.Environment:
        from kubernetes.dynamic.exceptions import NotFoundError

        try:
            mark = self._config_map("kube-public", MARKER)
        except NotFoundError:
            raise NoCluster(
                f"This cluster does not carry the project's mark (ConfigMap kube-public/{MARKER}), "
                "so no lab runs on it.",
                "make cluster (or KUBELAB_CONTEXT=<exact context name> for a cluster of your own)",
            ) from None
        images = {"built": "built from source", "pulled": "pulled"}[mark["images"]]
        proxy = self._config_map("kube-system", "kube-proxy")["config.conf"]
        mode = next(line.split()[1] for line in proxy.splitlines() if line.startswith("mode:"))
        return environment.Environment(
            version=self.kubernetes,
            description=f"kind, kube-proxy {mode}, images {images}",
            name=mark["images"],
            ingredients={"cluster": mark["fingerprint"], "version": self.kubernetes},
        )

    def _config_map(self, namespace: str, name: str) -> dict[str, str]:
        return self.api.request("get", f"/api/v1/namespaces/{namespace}/configmaps/{name}")["data"]


def _status_object(body: bytes | str | None) -> dict:
    """The `Status` that the API server sends with an error: reason, message, causes."""
    try:
        return json.loads(body or "{}")
    except ValueError:  # a proxy's HTML page, or nothing at all
        return {}


_lock = threading.Lock()
_cluster: Cluster | None = None


def cluster() -> Cluster:
    """This session's cluster; the first call connects."""
    global _cluster
    with _lock:
        if _cluster is None:
            connected = Cluster()
            environment.describe = connected.describe
            _cluster = connected
        return _cluster


def warnings_in(headers: list[str]) -> list[str]:
    """The texts of HTTP `Warning` headers: `299 - "…"`, where a quote inside is escaped."""
    texts = re.findall(r'299 - "((?:[^"\\]|\\.)*)"', ", ".join(headers))
    return [re.sub(r"\\(.)", r"\1", text) for text in texts]
