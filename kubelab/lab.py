"""A lab: a folder of manifests and its own namespace."""

from __future__ import annotations

import atexit
import contextlib
import difflib
import os
import secrets
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, overload

import yaml
from filelock import FileLock

import nbclaims.display
from kubelab import connection, manifests, nodes, runs, traefik
from kubelab.applying import Applied, Applier
from kubelab.certificates import issue_certificate
from kubelab.clients import HostClient, PodClient
from kubelab.connection import Api
from kubelab.display import Progress, echo
from kubelab.endpoints import Service
from kubelab.errors import ApiError, LabClosed, NotFound, StaleObject, UnknownKind
from kubelab.external import ExternalClient
from kubelab.kubectl import kubectl
from kubelab.manifests import Document, ManifestError
from kubelab.needs import declared
from kubelab.nodes import Node
from kubelab.objects import KubernetesObject, Pod
from kubelab.polling import poll
from kubelab.results import ApplyResult
from kubelab.states import State
from kubelab.store import Informer
from kubelab.traefik import Traefik

SERVICE_ACCOUNT_SECONDS = 30
MANIFESTS = "manifests"
"""The folder of a lab's manifests, below the lab's folder."""

_open: dict[str, Lab] = {}


class Lab:
    """`Lab("restart-policies")` makes a namespace for the manifests in the working directory.

    Running the set-up cell again closes the lab that it made before. The namespace goes with
    `close()`, with the kernel's end, or, where the kernel had no time for that, with the next lab.

    Raises:
        NoCluster: There is no cluster for labs, or it lacks what the lab's front matter declares
            under `needs`.
    """

    def __init__(self, name: str) -> None:
        self.name, self.folder = name, Path.cwd()
        self.manifests = self.folder / MANIFESTS
        self.cluster = connection.cluster()
        self._api = self.cluster.api
        self.cluster.check(declared(self.folder / f"{name}.md"))
        if name in _open:
            _open[name].close()
        self.namespace = f"{name}-{secrets.token_hex(3)}"
        self._informers: dict[tuple[str, str], Informer] = {}
        self._starts: dict[str, float] = {}
        self._closed = False
        self._not_applied: set[str] = set()
        self._applier = Applier(self.api, self.namespace, self.informer)
        self._external: list[ExternalClient] = []
        run = runs.join()
        for leftover in runs.remove_leftovers(self.api):
            print(f"removed {leftover}, which an earlier run left behind")
        echo(f"kubectl create namespace {self.namespace}")
        metadata = {"name": self.namespace, "labels": {runs.LABEL: run, "kubelab/lab": name}}
        self.api.request(
            "post",
            "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
        )
        _open[name] = self
        # The tests delete their namespaces themselves, after they have looked at what went wrong.
        # Registered only now, because the client's own exit handler, which removes the keys it
        # connects with, must run after this one.
        if "KUBELAB_RUN" not in os.environ:
            atexit.register(self.close)
        self._await_service_account()
        self.informer("v1", "Pod")

    @property
    def api(self) -> Api:
        """The connection to the cluster.

        Raises:
            LabClosed: The lab is closed.
        """
        self._check_current()
        return self._api

    def show(self, manifest: str | dict[str, Any]) -> None:
        """Display a manifest, highlighted: a file's, or one that the lab has put together."""
        text = (
            self._path(manifest).read_text()
            if isinstance(manifest, str)
            else yaml.safe_dump(manifest, sort_keys=False)
        )
        nbclaims.display.show({"text/markdown": f"```yaml\n{text}```", "text/plain": text})

    def apply(self, file: str) -> KubernetesObject:
        """Apply a manifest of one document with server-side apply, strictly; return its object.

        Edit the file and run the cell again: the object is updated, or deleted and created again if
        the API server doesn't change such fields.

        Raises:
            ManifestError: The file is no manifest of this lab.
            ValueError: The file has several documents.
            ApiError: The API server rejected it; `try_apply` is for manifests that the book says
                are rejected.
        """
        with self._applying(file):
            document = self._document(file, "apply_all")
            echo(f"kubectl {_verb([document])} -n {self.namespace} -f {MANIFESTS}/{file}")
            [found] = self._apply([document], file)
        return found

    def apply_all(self, file: str) -> list[KubernetesObject]:
        """Apply every document of a file, in their order, or none; return their objects."""
        with self._applying(file):
            documents = self._documents(file)
            echo(f"kubectl {_verb(documents)} -n {self.namespace} -f {MANIFESTS}/{file}")
            return self._apply(documents, file)

    def try_apply(self, file: str, dry_run: bool = True, within: float = 0) -> ApplyResult:
        """Send a manifest of one document to the API server; print and return its answer.

        Args:
            file: The manifest.
            dry_run: Create nothing. A dry run allocates no addresses and ports; where they matter,
                set it to False.
            within: For so many seconds an acceptance isn't the answer yet, see `dry_run`.

        Raises:
            ValueError: The file has no document, or several.
        """
        self._document(file, "try_apply_all")
        [answer] = self.try_apply_all(file, dry_run, within)
        return answer

    def try_apply_all(
        self, file: str, dry_run: bool = True, within: float = 0
    ) -> list[ApplyResult]:
        """Send every document of a file to the API server, as `try_apply` does with one."""
        option = " --dry-run=server" * dry_run
        echo(f"kubectl apply --server-side{option} -n {self.namespace} -f {MANIFESTS}/{file}")
        documents = self._documents(file)
        self._check(documents)
        return [self._ask(document.manifest, dry_run, within) for document in documents]

    def apply_cluster_scoped(self, file: str) -> KubernetesObject:
        """Apply a manifest of a kind that lies in no namespace, such as an IngressClass.

        Its name begins with that of the lab's namespace, which owns it: the two go together.
        """
        document = self._document(file)
        self._check([document], wants_namespaced=False)
        manifest = document.manifest
        namespace = self.api.request("get", f"/api/v1/namespaces/{self.namespace}")["metadata"]
        owner = {"apiVersion": "v1", "kind": "Namespace", "name": self.namespace}
        metadata = manifest["metadata"]
        metadata["name"] = f"{self.namespace}-{metadata['name']}"
        metadata["ownerReferences"] = [owner | {"uid": namespace["uid"]}]
        echo(f"kubectl apply --server-side -f {MANIFESTS}/{file}  # as {metadata['name']}")
        return self._apply([document], checked=True)[0]

    @contextlib.contextmanager
    def exclusive(self, what: str) -> Iterator[None]:
        """Change what all labs of the cluster share, while no other lab of this checkout does."""
        with FileLock(runs.RUNS.parent / f"{what}.lock"):
            yield

    def dry_run(self, file: str, until: State | None = None, within: float = 0) -> dict[str, Any]:
        """The object as the API server would store it, with what admission fills in; not stored.

        For `within` seconds an object that is not yet `until` is not the answer: admission looks
        at copies of other objects, which follow them a moment later.
        """
        echo(
            f"kubectl apply --server-side --dry-run=server -n {self.namespace} "
            f"-f {MANIFESTS}/{file} -o yaml"
        )
        manifest = self._document(file).manifest
        for _ in poll(within, f"waiting for the dry run of {file}"):
            answer: dict[str, Any] = self.api.apply(manifest, self.namespace, dry_run=True)
            if until is None or until.holds(answer):
                break
        return answer

    def tls_secret(self, name: str, host: str) -> KubernetesObject:
        """Create a Secret with a private key and a certificate for `host`."""
        certificate, key = issue_certificate(host)
        files = f"--cert={host}.crt --key={host}.key"
        echo(f"kubectl create secret tls {name} -n {self.namespace} {files}")
        pair = {"tls.crt": certificate, "tls.key": key}
        head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
        secret = head | {"type": "kubernetes.io/tls", "stringData": pair}
        return self._apply([Document(secret)])[0]

    def documents(self, file: str) -> list[dict[str, Any]]:
        """The documents of a file, for a lab that puts manifests together from parts."""
        return [document.manifest for document in self._documents(file)]

    def apply_documents(self, manifests: Iterable[dict[str, Any]]) -> list[KubernetesObject]:
        """Apply manifests that the lab has put together, or none if one is rejected."""
        echo(f"kubectl apply --server-side -n {self.namespace} -f -")
        objects = self._apply([Document(manifest) for manifest in manifests])
        print(f"{len(objects)} objects")
        return objects

    def try_apply_documents(self, manifests: Iterable[dict[str, Any]]) -> list[ApplyResult]:
        """What the API server says to each of them in a dry run; prints how many it accepts."""
        echo(f"kubectl apply --server-side --dry-run=server -n {self.namespace} -f -")
        answers = [self._answer(manifest, dry_run=True)[0] for manifest in manifests]
        accepted = sum(answer.accepted for answer in answers)
        print(f"{accepted} accepted, {len(answers) - accepted} refused")
        return answers

    def pods(self, labels: dict[str, str]) -> list[Pod]:
        """The Pods that exist now and carry these labels."""
        informer, found = self.informer("v1", "Pod"), []
        for name in informer.names():
            first, live = informer.snapshots(name)[0], informer.snapshots(name)[-1].object
            if live and labels.items() <= live["metadata"].get("labels", {}).items():
                found.append(Pod(self, live, first.at, self._check_current))
        return found

    def kubectl(self, command: str) -> str:
        """Run kubectl in the lab's namespace; print the command and its output, and return it.

        Args:
            command: What follows `kubectl` on a command line, such as `get pods -o wide`.
        """
        return kubectl(self.api, self.namespace, *shlex.split(command))

    def cluster_object(self, api_version: str, kind: str, name: str) -> dict[str, Any] | None:
        """An object in no namespace, such as a CustomResourceDefinition; None if there is none."""
        echo(f"kubectl get {kind.lower()} {name} -o yaml")
        try:
            found: dict[str, Any] = self.api.request(
                "get", self.api.path(api_version, kind, name=name)
            )
            return found
        except NotFound:
            return None

    def node(self, name: str) -> Node:
        """A node of the cluster, for commands on it; NoCluster if it isn't the book's cluster."""
        self.cluster.require("nodes")
        return Node(name)

    def nodes(self, role: str | None = None) -> list[Node]:
        """The cluster's nodes of a role (`control-plane` or `worker`), sorted by name.

        NoCluster if it isn't the book's cluster.
        """
        self.cluster.require("nodes")
        return nodes.nodes(self.api, role)

    @overload
    def client(self, where: Pod) -> PodClient: ...

    @overload
    def client(self, where: Literal["host"]) -> HostClient: ...

    @overload
    def client(
        self, where: Literal["external"], *, name: str = ..., port: int = ...
    ) -> ExternalClient: ...

    def client(
        self,
        where: Pod | Literal["host", "external"],
        *,
        name: str = "outside",
        port: int = 8080,
    ) -> PodClient | HostClient | ExternalClient:
        """A client that sends requests to the cluster.

        A response counts as answered if a Pod or an external client of this lab gave it.

        Args:
            where: A Pod, also one of another lab, whose first container runs the commands; `host`
                for the machine that the lab runs on; `external` for a container outside the
                cluster, on the nodes' network. The container also responds itself, and is removed
                with the lab.
            name: The external client's name, with which it responds.
            port: The port at which the external client responds, by HTTP and UDP.

        Raises:
            ValueError: There is no such place.
        """
        if where == "host":
            self.cluster.require("host-ports")
            return HostClient(self.answers_as)
        if where == "external":
            self.cluster.require("external-client")
            self._external.append(ExternalClient(self, name, port))
            return self._external[-1]
        if isinstance(where, str):
            raise ValueError(f"client {where!r}: choose a Pod, 'host' or 'external'")
        return PodClient(where, self.answers_as)

    def ingress_controller(self, *options: str, name: str = "controller") -> Traefik:
        """A Traefik for this namespace's Ingresses of the class `lab`; `options` are Traefik's."""
        return self._controller(name, traefik.INGRESS + options)

    def gateway_controller(self, *options: str, name: str = "controller") -> Traefik:
        """A Traefik for this namespace's Gateways of the class `lab`; `options` are Traefik's."""
        return self._controller(name, traefik.GATEWAY + options)

    def answers_as(self, name: str) -> bool:
        """Whether a Pod of this lab has or had this name, or an external client has."""
        external = any(client.name == name for client in self._external)
        return external or bool(self.informer("v1", "Pod").snapshots(name))

    def informer(self, api_version: str, kind: str) -> Informer:
        """What the watch on a kind in this namespace has seen; the first call begins it."""
        self._check_current()
        key = (api_version, kind)
        if key not in self._informers:
            path = self.api.path(api_version, kind, self.namespace)
            self._informers[key] = self.cluster.informer(path)
        return self._informers[key]

    def close(self) -> None:
        """Delete the namespace and everything in it; the cluster finishes that by itself."""
        if _open.get(self.name) is not self:
            return
        del _open[self.name]
        self._closed = True
        for informer in self._informers.values():
            informer.stop()
        for client in self._external:
            client.close()
        atexit.unregister(self.close)
        echo(f"kubectl delete namespace {self.namespace} --wait=false")
        runs.delete(self._api, runs.namespaces(self._api, f"{runs.NAME}={self.namespace}"))

    def _apply(
        self, documents: list[Document], file: str = "", checked: bool = False
    ) -> list[KubernetesObject]:
        """Apply all of these documents or none; `file` is where they stand."""
        if not checked:
            self._check(documents)
        return [self._object(each, file) for each in self._applier.apply(documents)]

    def _object(self, applied: Applied, file: str) -> KubernetesObject:
        # An object that was there before keeps its beginning: its timeline is still one.
        start = self._starts.setdefault(applied.live["metadata"]["uid"], applied.start)
        wrapper = {"Pod": Pod, "Service": Service}.get(applied.live["kind"], KubernetesObject)
        return wrapper(self, applied.live, start, lambda: self._check_current(file))

    def _check(self, documents: Iterable[Document], wants_namespaced: bool = True) -> None:
        """Check that each document is an object that belongs in this lab's namespace."""
        for document in documents:
            document.check()
            version, kind = document.manifest["apiVersion"], document.manifest["kind"]
            try:
                namespaced = self.api.is_namespaced(version, kind)
            except UnknownKind as error:
                raise error.about(document.subject, document.file, document.line_of) from None
            document.check_scope(self.namespace, namespaced, wants_namespaced)

    def _check_current(self, file: str = "") -> None:
        """Check that objects of this lab tell the truth.

        Args:
            file: The manifest of the object; empty for an object of no file.

        Raises:
            LabClosed: The lab is closed.
            StaleObject: The last attempt to apply the file failed.
        """
        if self._closed:
            raise LabClosed(
                f"the lab {self.name} is closed, and its namespace {self.namespace} is deleted\n"
                "  Next: run the set-up cell, then the cells below it"
            )
        if file in self._not_applied:
            raise StaleObject(
                f"{file} could not be applied, so this object no longer says what the file says\n"
                "  Next: correct the file and run the cell that applies it again"
            )

    @contextlib.contextmanager
    def _applying(self, file: str) -> Iterator[None]:
        """Until the file is applied, earlier objects of it are stale."""
        self._not_applied.add(file)
        yield
        self._not_applied.discard(file)

    def _controller(self, name: str, options: tuple[str, ...]) -> Traefik:
        file = os.path.relpath(traefik.MANIFEST, self.folder)
        echo(f"kubectl apply --server-side -n {self.namespace} -f {file}")
        print(f"  # as {name}, with {' '.join(options)}")
        documents = [Document(manifest) for manifest in traefik.documents(name, options)]
        *_, service, deployment = self._apply(documents)
        assert isinstance(service, Service)
        return Traefik(service, deployment)

    def _ask(self, manifest: dict[str, Any], dry_run: bool, within: float) -> ApplyResult:
        for _ in poll(within, "waiting for a rejection"):
            result, said = self._answer(manifest, dry_run)
            if not result.accepted:
                break
        for line in said:
            print(line)
        return result

    def _answer(self, manifest: dict[str, Any], dry_run: bool) -> tuple[ApplyResult, list[str]]:
        """What the API server says to a manifest, and the lines that a person would see."""
        try:
            warnings = self.api.warnings(manifest, self.namespace, dry_run)
        except ApiError as error:
            result = ApplyResult.of(error)
            return result, [result.message]
        accepted = f"{Document(manifest).reference} accepted"
        said = [*(f"Warning: {warning}" for warning in warnings), accepted]
        return ApplyResult(200, message="; ".join(warnings)), said

    def _document(self, file: str, for_several: str = "") -> Document:
        """The one document of a file; ValueError where there are several."""
        found = self._documents(file)
        if len(found) == 1:
            return found[0]
        step = f"call {for_several}" if for_several else "leave one document in the file"
        raise ManifestError(
            f"{MANIFESTS}/{file}",
            f"the file has {len(found)} documents, not one",
            step,
        )

    def _documents(self, file: str) -> list[Document]:
        return manifests.read(self._path(file), f"{MANIFESTS}/{file}")

    def _path(self, file: str) -> Path:
        path = self.manifests / file
        if path.is_file():
            return path
        known = sorted(found.name for found in self.manifests.glob("*.yaml"))
        close = difflib.get_close_matches(file, known, n=3)
        there = (
            f"did you mean {' or '.join(close)}?"
            if close
            else f"there are: {', '.join(known) or 'none'}"
        )
        raise FileNotFoundError(f"no {file} in {self.manifests}; {there}")

    def _await_service_account(self) -> None:
        """Wait until the namespace has its default ServiceAccount.

        The controller manager creates it a moment after the namespace. Until then the API server
        forbids Pods.
        """
        informer = self.informer("v1", "ServiceAccount")
        deadline, progress = informer.clock() + SERVICE_ACCOUNT_SECONDS, None
        while "default" not in informer.names():
            count = informer.count
            if informer.error:
                raise informer.error
            if informer.clock() > deadline:
                raise TimeoutError(
                    f"namespace {self.namespace} has no default ServiceAccount after "
                    f"{SERVICE_ACCOUNT_SECONDS} s: does the controller manager run?\n"
                    "  Next: make doctor"
                )
            over = SERVICE_ACCOUNT_SECONDS - (deadline - informer.clock())
            if over > 2:  # usually it takes less, and a line would be noise
                progress = progress or Progress("waiting for the namespace's ServiceAccount")
                progress.update(f"· {over:.0f} s of {SERVICE_ACCOUNT_SECONDS} s")
            informer.sleep_until_change(count, 1)
        if progress:
            progress.update("· came")
        self._informers.pop(("v1", "ServiceAccount")).stop()


def _verb(documents: list[Document]) -> str:
    """The kubectl command for documents: an object with a generateName can only be created."""
    generated = ["generateName" in (found.manifest.get("metadata") or ()) for found in documents]
    return "create" if any(generated) else "apply --server-side"


def close_all() -> None:
    """Close every lab of this process."""
    for lab in list(_open.values()):
        lab.close()
