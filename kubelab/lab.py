"""A lab: a folder of manifests and a namespace of its own."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, overload

import yaml

import nbclaims.display
from kubelab import connection, nodes, runs, traefik
from kubelab.certificates import issue_certificate
from kubelab.clients import HostClient, PodClient
from kubelab.display import Progress, echo
from kubelab.endpoints import Service
from kubelab.external import ExternalClient
from kubelab.kubectl import kubectl
from kubelab.nodes import Node
from kubelab.objects import KubernetesObject, Pod
from kubelab.polling import nothing_is_applied, poll
from kubelab.results import ApplyResult
from kubelab.states import State
from kubelab.store import Informer
from kubelab.traefik import Traefik

SERVICE_ACCOUNT_SECONDS = 30

_open: dict[str, Lab] = {}


class Lab:
    """`Lab("restart-policies")` makes a namespace for the manifests in the working directory.

    Running the set-up cell again closes the lab that it made before. The namespace goes with
    `close()`, with the kernel's end, or, where the kernel had no time for that, with the next lab.
    """

    def __init__(self, name: str) -> None:
        self.name, self.folder = name, Path.cwd()
        self.api = connection.cluster().api
        self.applies = not nothing_is_applied()
        if name in _open:
            _open[name].close()
        self.namespace = f"{name}-{secrets.token_hex(3)}"
        self._informers: dict[tuple[str, str], Informer] = {}
        self._starts: dict[str, float] = {}
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

    def show(self, manifest: str | dict) -> None:
        """Display a manifest, highlighted: a file's, or one that the lab has put together."""
        is_file = isinstance(manifest, str)
        text = self._read(manifest) if is_file else yaml.safe_dump(manifest, sort_keys=False)
        nbclaims.display.show({"text/markdown": f"```yaml\n{text}```", "text/plain": text})

    def apply(self, file: str) -> KubernetesObject:
        """Apply a manifest of one document with server-side apply, strictly; return its object.

        Raises:
            ValueError: The file has no document, or several.
            DynamicApiError: The API server rejected it; `try_apply` is for manifests that the book
                says are rejected.
        """
        self._document(file, "apply_all")
        [found] = self.apply_all(file)
        return found

    def apply_all(self, file: str) -> list[KubernetesObject]:
        """Apply every document of a file, in their order; return their objects."""
        from kubernetes.dynamic.exceptions import DynamicApiError, ResourceNotFoundError

        echo(f"kubectl apply --server-side -n {self.namespace} -f {file}")
        try:
            return [self._apply(manifest) for manifest in self.documents(file)]
        except (DynamicApiError, ResourceNotFoundError) as error:
            error.add_note(f"  Next: correct {self.folder.name}/{file} and run the cell again")
            raise

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
        echo(f"kubectl apply --server-side{option} -n {self.namespace} -f {file}")
        return [self._ask(manifest, dry_run, within) for manifest in self.documents(file)]

    def apply_cluster_scoped(self, file: str) -> KubernetesObject:
        """Apply a manifest of a kind that lies in no namespace, such as an IngressClass.

        Its name begins with that of the lab's namespace, which owns it: the two go together.
        """
        manifest = self._document(file)
        namespace = self.api.request("get", f"/api/v1/namespaces/{self.namespace}")["metadata"]
        owner = {"apiVersion": "v1", "kind": "Namespace", "name": self.namespace}
        metadata = manifest["metadata"]
        metadata["name"] = f"{self.namespace}-{metadata['name']}"
        metadata["ownerReferences"] = [owner | {"uid": namespace["uid"]}]
        echo(f"kubectl apply --server-side -f {file}  # as {metadata['name']}")
        return self._apply(manifest)

    @contextlib.contextmanager
    def exclusive(self, what: str) -> Iterator[None]:
        """Change what all labs of the cluster share, while no other lab of this checkout does."""
        with (runs.RUNS.parent / f"{what}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def dry_run(self, file: str, until: State | None = None, within: float = 0) -> dict:
        """The object as the API server would store it, with what admission fills in; not stored.

        For `within` seconds an object that is not yet `until` is not the answer: admission looks
        at copies of other objects, which follow them a moment later.
        """
        echo(f"kubectl apply --server-side --dry-run=server -n {self.namespace} -f {file} -o yaml")
        manifest = self._document(file)
        if not self.applies:
            return {}
        for _ in poll(within, f"waiting for the dry run of {file}"):
            answer = self.api.apply(manifest, self.namespace, dry_run=True)
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
        return self._apply(head | {"type": "kubernetes.io/tls", "stringData": pair})

    def documents(self, file: str) -> list[dict]:
        """The documents of a file, for a lab that puts manifests together from parts."""
        return [document for document in yaml.safe_load_all(self._read(file)) if document]

    def apply_documents(self, manifests: Iterable[dict]) -> list[KubernetesObject]:
        """Apply manifests that the lab has put together."""
        echo(f"kubectl apply --server-side -n {self.namespace} -f -")
        objects = [self._apply(manifest) for manifest in manifests]
        print(f"{len(objects)} objects")
        return objects

    def try_apply_documents(self, manifests: Iterable[dict]) -> list[ApplyResult]:
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
                found.append(Pod(self, live, live, first.at))
        return found

    def get(self, kind: str) -> str:
        """Print `kubectl get` of a kind in the lab's namespace, and return it."""
        return kubectl(self.api, self.namespace, "get", kind)

    def describe(self, kind: str) -> str:
        """Print `kubectl describe` of a kind in the lab's namespace, and return it."""
        return kubectl(self.api, self.namespace, "describe", kind)

    def cluster_object(self, api_version: str, kind: str, name: str) -> dict | None:
        """An object in no namespace, such as a CustomResourceDefinition; None if there is none."""
        from kubernetes.dynamic.exceptions import NotFoundError

        echo(f"kubectl get {kind.lower()} {name} -o yaml")
        try:
            return self.api.request("get", self.api.path(api_version, kind, name=name))
        except NotFoundError:
            return None

    def node(self, name: str) -> Node:
        """A node of the cluster, for commands on it."""
        return Node(name)

    def nodes(self, role: str | None = None) -> list[Node]:
        """The cluster's nodes of a role (`control-plane` or `worker`), sorted by name."""
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

        Args:
            where: A Pod, whose first container runs the commands; `host` for the machine that the
                lab runs on; `external` for a container outside the cluster, on the nodes' network.
                The container also responds itself, and is removed with the lab.
            name: The external client's name, with which it responds.
            port: The port at which the external client responds, by HTTP and UDP.

        Raises:
            ValueError: There is no such place.
        """
        if where == "host":
            return HostClient()
        if where == "external":
            if not self.applies:
                raise RuntimeError("KUBELAB_APPLY=nothing: there is no external client")
            self._external.append(ExternalClient(self, name, port))
            return self._external[-1]
        if isinstance(where, str):
            raise ValueError(f"client {where!r}: choose a Pod, 'host' or 'external'")
        return PodClient(where)

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
        key = (api_version, kind)
        if key not in self._informers:
            path = self.api.path(api_version, kind, self.namespace)
            self._informers[key] = Informer(self.api, path)
        return self._informers[key]

    def close(self) -> None:
        """Delete the namespace and everything in it; the cluster finishes that by itself."""
        if _open.get(self.name) is not self:
            return
        del _open[self.name]
        for informer in self._informers.values():
            informer.stop()
        for client in self._external:
            client.close()
        atexit.unregister(self.close)
        echo(f"kubectl delete namespace {self.namespace} --wait=false")
        runs.delete(self.api, runs.namespaces(self.api, f"{runs.NAME}={self.namespace}"))

    def _apply(self, manifest: dict) -> KubernetesObject:
        informer = self.informer(manifest["apiVersion"], manifest["kind"])
        start, live = informer.clock(), None
        if self.applies:
            live = self.api.apply(manifest, self.namespace)
            informer.put("ADDED", live)
            # An object that was there before keeps its beginning: its timeline is still one.
            start = self._starts.setdefault(live["metadata"]["uid"], start)
        wrapper = {"Pod": Pod, "Service": Service}.get(manifest["kind"], KubernetesObject)
        return wrapper(self, manifest, live, start)

    def _controller(self, name: str, options: tuple[str, ...]) -> Traefik:
        file = os.path.relpath(traefik.MANIFEST, self.folder)
        echo(f"kubectl apply --server-side -n {self.namespace} -f {file}")
        print(f"  # as {name}, with {' '.join(options)}")
        *_, service, deployment = map(self._apply, traefik.documents(name, options))
        return Traefik(service, deployment)

    def _ask(self, manifest: dict, dry_run: bool, within: float) -> ApplyResult:
        for _ in poll(within, "waiting for a rejection"):
            result, said = self._answer(manifest, dry_run)
            if not result.accepted:
                break
        for line in said:
            print(line)
        return result

    def _answer(self, manifest: dict, dry_run: bool) -> tuple[ApplyResult, list[str]]:
        """What the API server says to a manifest, and the lines that a person would see."""
        from kubernetes.dynamic.exceptions import DynamicApiError

        if not self.applies:
            return ApplyResult(200), []
        try:
            warnings = self.api.warnings(manifest, self.namespace, dry_run)
        except DynamicApiError as error:
            result = ApplyResult.of(error)
            return result, [result.message]
        accepted = f"{manifest['kind'].lower()}/{manifest['metadata']['name']} accepted"
        said = [*(f"Warning: {warning}" for warning in warnings), accepted]
        return ApplyResult(200, message="; ".join(warnings)), said

    def _document(self, file: str, for_several: str = "") -> dict:
        """The one document of a file; ValueError where there is none, or several."""
        found = self.documents(file)
        if len(found) == 1:
            return found[0]
        step = f"call {for_several}" if found and for_several else "leave one document in the file"
        raise ValueError(
            f"{self.folder.name}/{file} has {len(found)} documents, not one\n  Next: {step}"
        )

    def _read(self, file: str) -> str:
        path = self.folder / file
        if not path.exists():
            known = ", ".join(sorted(found.name for found in self.folder.glob("*.yaml")))
            raise FileNotFoundError(f"no {file} in {self.folder}; there are: {known or 'none'}")
        return path.read_text()

    def _await_service_account(self) -> None:
        """A Pod is forbidden until the namespace has its default ServiceAccount, which the
        controller manager makes a moment after the namespace.
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


def is_known(name: str) -> bool:
    """Whether an open lab of this process knows who answers with this name."""
    return any(lab.answers_as(name) for lab in _open.values())


def close_all() -> None:
    """Close every lab of this process."""
    for lab in list(_open.values()):
        lab.close()
