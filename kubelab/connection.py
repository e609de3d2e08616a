"""The session's connection: to the project's own cluster, and to no other one by accident.

Everything goes through `Api`, a thin layer over the official client that returns plain dicts, gives
every request a time limit, and raises `ApiError` instead of the client's errors.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import json
import logging
import os
import re
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from kubelab import errors
from kubelab.commands import exit_code
from kubelab.kind import CONTEXT, KUBECONFIG, MARKER, STATE
from kubelab.limits import REQUEST_TIMEOUT, limit_web_sockets, limited, told_when_silent
from kubelab.needs import NEEDS, SHOWN_BY
from kubelab.store import Informer
from nbclaims import environment

COMMAND_SECONDS = 120
"""What a command in a container may take. 500 requests take 2 s, on a busy machine 40 s."""

FIELD_MANAGER = "kubectl"
"""That of `kubectl apply --server-side`, so that the file may be applied in a terminal as well."""

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
        self.server = ""
        """The API server's address."""
        # Otherwise a cell shows a line for each retry before it shows the error.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
        self._new_client = functools.partial(
            config.new_client_from_config, str(kubeconfig), context, persist_config=False
        )
        discovery = STATE / "kubelab" / f"discovery-{context.replace('/', '-')}.json"
        discovery.parent.mkdir(parents=True, exist_ok=True)
        try:
            client = limited(self._new_client())
            self.server = client.configuration.host
        except config.ConfigException as error:
            raise NoCluster(
                f"{kubeconfig} has no usable context {context}: {error}",
                f"kubectl config get-contexts --kubeconfig {kubeconfig}",
            ) from None
        self._server = errors.Server(client.configuration.host, context, context == CONTEXT)
        with errors.readable("the discovery of its kinds", self._server):
            self._client = dynamic.DynamicClient(client, cache_file=str(discovery))

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The response body as a dict. Further options are the query's, in the API's spelling."""
        content_type = options.pop("content_type", None)
        raw = self._send(method, path, body, content_type, REQUEST_TIMEOUT, options)
        return errors.decode(raw.data, f"{method.upper()} {path}", self._server)

    def table(self, path: str) -> dict[str, Any]:
        """An object as the table that `kubectl get` prints: the API server makes its columns."""
        raw = self._send("get", path, None, None, REQUEST_TIMEOUT, {}, accept=TABLE)
        found: dict[str, Any] = errors.decode(raw.data, f"GET {path}", self._server)
        return found

    def text(self, path: str, **query: Any) -> str:
        """A response that is not JSON, such as a log."""
        data: bytes = self._send("get", path, None, None, REQUEST_TIMEOUT, query).data
        return data.decode()

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        content_type: str | None,
        timeout: tuple[float, float],
        query: dict[str, Any],
        accept: str = "application/json",
    ) -> Any:
        with errors.readable(f"{method.upper()} {path}", self._server):
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

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """Where the API serves a kind: `/api/v1/namespaces/<namespace>/pods/<name>`."""
        resource = self._resource(api_version, kind)
        found: str = resource.path(namespace=namespace or None, name=name or None)
        return found

    def is_namespaced(self, api_version: str, kind: str) -> bool:
        """Return whether the objects of a kind are in namespaces."""
        return bool(self._resource(api_version, kind).namespaced)

    def _resource(self, api_version: str, kind: str) -> Any:
        from kubernetes.dynamic.exceptions import ResourceNotFoundError

        try:
            with errors.readable("the discovery of its kinds", self._server):
                # Without a prefix `v1` is found in every group: `v1`, kind Deployment.
                prefix = "apis" if "/" in api_version else "api"
                return self._client.resources.get(prefix=prefix, api_version=api_version, kind=kind)
        except ResourceNotFoundError:
            raise errors.UnknownKind(
                api_version, kind, self._close_kinds(kind), self._server
            ) from None

    def _close_kinds(self, kind: str) -> list[str]:
        """The kinds with a close name, as a manifest spells them: `Job (batch/v1)`."""
        served = {
            resource.kind: resource.group_version
            for same_kind in self._client.resources
            for resource in same_kind
            if not resource.kind.endswith("List")
        }
        close = difflib.get_close_matches(kind.capitalize(), served, cutoff=0.6)
        if kind in served:
            close = [kind, *(name for name in close if name != kind)]
        return [f"{name} ({served[name]})" for name in close]

    def apply(
        self, manifest: dict[str, Any], namespace: str, dry_run: bool = False, force: bool = False
    ) -> Any:
        """Apply server-side, strictly: unknown and duplicate fields are errors.

        An object whose name the API server completes (`metadata.generateName`) is created.

        Args:
            manifest: The object.
            namespace: Where it goes, if its kind is in namespaces.
            dry_run: Store nothing.
            force: Also set fields that another field manager has set to another value.
        """
        return json.loads(self._apply(manifest, namespace, dry_run, force).data)

    def warnings(self, manifest: dict[str, Any], namespace: str, dry_run: bool) -> list[str]:
        """What the API server warns of when it is asked to apply this."""
        answer = self._apply(manifest, namespace, dry_run)
        return warnings_in(answer.headers.getlist("Warning"))

    def _apply(
        self, manifest: dict[str, Any], namespace: str, dry_run: bool, force: bool = False
    ) -> Any:
        metadata = manifest["metadata"]
        if "name" not in metadata:
            path = self.path(manifest["apiVersion"], manifest["kind"], namespace)
            options = _write_options("kubectl-create", dry_run)
            return self._send("post", path, manifest, None, REQUEST_TIMEOUT, options)
        path = self.path(manifest["apiVersion"], manifest["kind"], namespace, metadata["name"])
        options = _write_options(FIELD_MANAGER, dry_run)
        if force:
            options["force"] = "true"
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

    def exec(
        self, namespace: str, pod: str, container: str, command: list[str]
    ) -> tuple[int, str, str]:
        """Run a command in a container: `(exit code, stdout, stderr)`."""
        from kubernetes import client, stream

        # stream.stream() replaces a method of the client it is given: a separate client, so that
        # a watch in another thread goes on.
        core = client.CoreV1Api(limited(self._new_client()))
        limit_web_sockets()
        with (
            errors.readable(f"exec in Pod {pod}", self._server),
            told_when_silent(core.api_client.configuration.host),
        ):
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
        try:
            session.run_forever(timeout=COMMAND_SECONDS)
            code = exit_code(session, pod, container, command, COMMAND_SECONDS)
            return code, session.read_stdout(), session.read_stderr()
        finally:
            # The client leaves the connection open, also after the command exited.
            session.close()


class Watch:
    """The API server's change notices, one dict each; `stop` may come from another thread."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self._response:
            for line in self._response:
                yield json.loads(line)

    def stop(self) -> None:
        """End the watch; another thread may iterate over it."""
        with contextlib.suppress(ValueError, OSError):  # it exited, or exits just now
            self._response.shutdown()


class Cluster:
    """What labs get of a cluster: the connection, its informers, and what they need besides."""

    def __init__(self) -> None:
        self.foreign = foreign = os.environ.get("KUBELAB_CONTEXT")
        kubeconfig = _kubeconfig(foreign)
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
        mark = f" {self._says_of_mark()}" if foreign else ""
        where = f"{self.api.context} at {self.api.server}, Kubernetes {self.kubernetes}"
        self.announcement = (
            f"Cluster: {where}.{mark}\n"
            "Each lab creates a namespace there, and deletes it with all that is in it."
        )
        """Where the labs of this session run and what they create, before they create anything."""

    def describe(self) -> environment.Environment:
        """Return what the records of claims and the provenance of runs say about the cluster."""
        return self._environment

    def informer(self, path: str) -> Informer:
        """Return a new informer on a kind in a namespace, by the API's path of both."""
        return Informer(self.api, path)

    def provides(self, need: str) -> bool:
        """Whether the cluster has what a lab needs by this name, see `needs.NEEDS`.

        The book's own cluster has everything. Of another one its API server tells.
        """
        if not self.foreign:
            return True
        if need not in SHOWN_BY:
            return False
        path, shows = SHOWN_BY[need]
        try:
            return shows(self.api.request("get", path))
        except errors.ApiError as error:
            if error.status not in (403, 404):
                raise
            return False

    def require(self, need: str) -> None:
        """Raise an error if the cluster doesn't provide what a lab is about to use."""
        self.check([need])

    def check(self, needs: Collection[str]) -> None:
        """Raise an error for what a lab declares to need and the cluster doesn't provide.

        Raises:
            NoCluster: It lacks something; the message has a line for each need.
            ValueError: There is no such need.
        """
        if unknown := [need for need in needs if need not in NEEDS]:
            raise ValueError(f"unknown needs {unknown}: choose from {', '.join(NEEDS)}")
        missing = [f"{need}: {NEEDS[need]}" for need in needs if not self.provides(need)]
        if missing:
            raise NoCluster(
                f"This cluster ({self.description}) lacks what the lab needs:\n  "
                + "\n  ".join(missing),
                "unset KUBELAB_CONTEXT; make cluster",
            )

    def _says_of_mark(self) -> str:
        """Whether a cluster that the reader has chosen carries the project's mark, in words."""
        try:
            self._config_map("kube-public", MARKER)
        except errors.ApiError as error:
            if error.status not in (403, 404):
                raise
            return (
                "It isn't the book's own cluster: labs run there because KUBELAB_CONTEXT names it."
            )
        return "It carries the mark of the book's own cluster."

    def _describe_own(self) -> environment.Environment:
        try:
            mark = self._config_map("kube-public", MARKER)
        except errors.NotFound:
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
        path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        data: dict[str, str] = self.api.request("get", path)["data"]
        return data


def _kubeconfig(foreign: str | None) -> Path:
    """Return the kubeconfig of the labs: the project's own, or the one of a foreign context.

    A foreign context is looked for only in a file that the reader names as well, so that
    ~/.kube/config isn't read by accident.
    """
    named = os.environ.get("KUBECONFIG") if foreign else None
    if named is None or named == str(KUBECONFIG):
        if not KUBECONFIG.exists():
            raise NoCluster(
                f"There is no cluster yet: {KUBECONFIG} does not exist.", "make cluster"
            )
        return KUBECONFIG
    if len(files := [file for file in named.split(os.pathsep) if file]) != 1:
        problem = f"names {len(files)} files ({named})" if files else "is empty"
        raise NoCluster(
            f"KUBECONFIG {problem}, and labs read exactly one.",
            f"export KUBECONFIG=<the file with the context {foreign}>",
        )
    if not Path(files[0]).exists():
        raise NoCluster(
            f"KUBECONFIG names {files[0]}, which does not exist.",
            f"export KUBECONFIG=<the file with the context {foreign}>",
        )
    return Path(files[0])


def _write_options(manager: str, dry_run: bool) -> dict[str, str]:
    options = {"fieldManager": manager, "fieldValidation": "Strict"}
    return options | {"dryRun": "All"} if dry_run else options


_lock = threading.Lock()
_cluster: Cluster | None = None


def cluster() -> Cluster:
    """This session's cluster; the first call connects."""
    global _cluster
    with _lock:
        if _cluster is None:
            connected = Cluster()
            environment.describe = connected.describe
            # Tests and the book's own runs choose their cluster themselves.
            if "KUBELAB_RUN" not in os.environ:
                print(connected.announcement)
            _cluster = connected
        return _cluster


@contextlib.contextmanager
def use(replacement: Cluster) -> Iterator[None]:
    """Let the labs of this process use another cluster, within a `with` statement."""
    global _cluster
    before = _cluster, environment.describe
    _cluster, environment.describe = replacement, replacement.describe
    try:
        yield
    finally:
        _cluster, environment.describe = before


def warnings_in(headers: list[str]) -> list[str]:
    """The texts of HTTP `Warning` headers: `299 - "…"`, where a quote inside is escaped."""
    texts = re.findall(r'299 - "((?:[^"\\]|\\.)*)"', ", ".join(headers))
    return [re.sub(r"\\(.)", r"\1", text) for text in texts]
