"""A lab: a folder of manifests and a namespace of its own."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

import nbclaims.display
from kubelab import connection, ingress_controller, runs
from kubelab.certificates import issue_certificate
from kubelab.display import echo
from kubelab.endpoints import Service
from kubelab.feed import WatchedFeed
from kubelab.ingress_controller import Controller
from kubelab.nodes import Node
from kubelab.objects import Handle, Pod, Refusal
from kubelab.outside import Outside
from kubelab.polling import again, nothing_is_applied
from kubelab.states import State

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
        self._feeds: dict[tuple[str, str], WatchedFeed] = {}
        self._starts: dict[str, float] = {}
        self._outside: list[Outside] = []
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
        self.feed("v1", "Pod")

    def show(self, manifest: str | dict) -> None:
        """Display a manifest, highlighted: a file's, or one that the lab has put together."""
        is_file = isinstance(manifest, str)
        text = self._read(manifest) if is_file else yaml.safe_dump(manifest, sort_keys=False)
        nbclaims.display.show({"text/markdown": f"```yaml\n{text}```", "text/plain": text})

    def apply(self, file: str) -> Any:
        """Apply a manifest, strictly; a handle on its object, or a list of them if it has several.

        The API server's refusal is an error of the official client; `refused` is for manifests
        that the book says are refused.
        """
        from kubernetes.dynamic.exceptions import DynamicApiError, ResourceNotFoundError

        echo(f"kubectl apply --server-side -n {self.namespace} -f {file}")
        try:
            handles = [self._apply(manifest) for manifest in self.manifests(file)]
        except (DynamicApiError, ResourceNotFoundError) as error:
            error.add_note(f"  Next: correct {self.folder.name}/{file} and run the cell again")
            raise
        return handles[0] if len(handles) == 1 else handles

    def refused(self, file: str, dry_run: bool = True, within: float = 0) -> Any:
        """Ask the API server what it says to a manifest, and print it.

        A dry run creates nothing, and leaves out what it takes to allocate addresses and ports;
        for these, ask in earnest. For `within` seconds an acceptance is not the answer, see
        `dry_run`. A `Refusal`, or a list if the manifest has several documents.
        """
        option = " --dry-run=server" * dry_run
        echo(f"kubectl apply --server-side{option} -n {self.namespace} -f {file}")
        answers = [self._ask(manifest, dry_run, within) for manifest in self.manifests(file)]
        return answers[0] if len(answers) == 1 else answers

    def apply_to_cluster(self, file: str) -> Handle:
        """Apply a manifest of a kind that lies in no namespace, such as an IngressClass.

        Its name begins with that of the lab's namespace, which owns it: the two go together.
        """
        [manifest] = self.manifests(file)
        namespace = self.api.request("get", f"/api/v1/namespaces/{self.namespace}")["metadata"]
        owner = {"apiVersion": "v1", "kind": "Namespace", "name": self.namespace}
        metadata = manifest["metadata"]
        metadata["name"] = f"{self.namespace}-{metadata['name']}"
        metadata["ownerReferences"] = [owner | {"uid": namespace["uid"]}]
        echo(f"kubectl apply --server-side -f {file}  # as {metadata['name']}")
        return self._apply(manifest)

    @contextlib.contextmanager
    def alone(self, what: str) -> Iterator[None]:
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
        [manifest] = self.manifests(file)
        if not self.applies:
            return {}
        for _ in again(within):
            answer = self.api.apply(manifest, self.namespace, dry_run=True)
            if not until or until.holds(answer):
                break
        return answer

    def tls_secret(self, name: str, host: str) -> Handle:
        """Create a Secret with a private key and a certificate for `host`."""
        certificate, key = issue_certificate(host)
        files = f"--cert={host}.crt --key={host}.key"
        echo(f"kubectl create secret tls {name} -n {self.namespace} {files}")
        pair = {"tls.crt": certificate, "tls.key": key}
        head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
        return self._apply(head | {"type": "kubernetes.io/tls", "stringData": pair})

    def manifests(self, file: str) -> list[dict]:
        """The documents of a file, for a lab that puts manifests together from parts."""
        return [document for document in yaml.safe_load_all(self._read(file)) if document]

    def apply_each(self, manifests: Iterable[dict]) -> list[Handle]:
        """Apply manifests that the lab has put together."""
        echo(f"kubectl apply --server-side -n {self.namespace} -f -")
        handles = [self._apply(manifest) for manifest in manifests]
        print(f"{len(handles)} objects")
        return handles

    def refused_each(self, manifests: Iterable[dict]) -> list[Refusal]:
        """What the API server says to each of them in a dry run; prints how many it accepts."""
        echo(f"kubectl apply --server-side --dry-run=server -n {self.namespace} -f -")
        answers = [self._answer(manifest, dry_run=True)[0] for manifest in manifests]
        accepted = sum(answer.accepted for answer in answers)
        print(f"{accepted} accepted, {len(answers) - accepted} refused")
        return answers

    def pods(self, labels: dict[str, str]) -> list[Pod]:
        """The Pods that exist now and carry these labels."""
        feed, found = self.feed("v1", "Pod"), []
        for name in feed.names():
            first, live = feed.versions(name)[0], feed.versions(name)[-1].object
            if live and labels.items() <= live["metadata"].get("labels", {}).items():
                found.append(Pod(self, live, live, first.at))
        return found

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

    def outside(self, name: str = "outside", port: int = 8080) -> Outside:
        """A container beside the cluster that asks, and answers on `port`; it ends with the lab."""
        if not self.applies:
            raise RuntimeError("KUBELAB_APPLY=nothing: there is no container beside the cluster")
        self._outside.append(Outside(self, name, port))
        return self._outside[-1]

    def ingress_controller(self, *options: str, name: str = "controller") -> Controller:
        """A Traefik for this namespace's Ingresses of the class `lab`; `options` are Traefik's."""
        return self._controller(name, ingress_controller.INGRESS + options)

    def gateway_controller(self, *options: str, name: str = "controller") -> Controller:
        """A Traefik for this namespace's Gateways of the class `lab`; `options` are Traefik's."""
        return self._controller(name, ingress_controller.GATEWAY + options)

    def answers_as(self, name: str) -> bool:
        """Whether a Pod of this lab has or had this name, or a container beside the cluster has."""
        beside = any(container.name == name for container in self._outside)
        return beside or bool(self.feed("v1", "Pod").versions(name))

    def feed(self, api_version: str, kind: str) -> WatchedFeed:
        """What the watch on a kind in this namespace has seen; the first call begins it."""
        key = (api_version, kind)
        if key not in self._feeds:
            path = self.api.path(api_version, kind, self.namespace)
            self._feeds[key] = WatchedFeed(self.api, path)
        return self._feeds[key]

    def close(self) -> None:
        """Delete the namespace and everything in it; the cluster finishes that by itself."""
        if _open.get(self.name) is not self:
            return
        del _open[self.name]
        for feed in self._feeds.values():
            feed.stop()
        for container in self._outside:
            container.close()
        atexit.unregister(self.close)
        echo(f"kubectl delete namespace {self.namespace} --wait=false")
        runs.delete(self.api, runs.namespaces(self.api, f"{runs.NAME}={self.namespace}"))

    def _apply(self, manifest: dict) -> Handle:
        feed = self.feed(manifest["apiVersion"], manifest["kind"])
        start, live = feed.clock(), None
        if self.applies:
            live = self.api.apply(manifest, self.namespace)
            feed.put("ADDED", live)
            # An object that was there before keeps its beginning: its story is still one.
            start = self._starts.setdefault(live["metadata"]["uid"], start)
        kind = {"Pod": Pod, "Service": Service}.get(manifest["kind"], Handle)
        return kind(self, manifest, live, start)

    def _controller(self, name: str, options: tuple[str, ...]) -> Controller:
        file = os.path.relpath(ingress_controller.MANIFEST, self.folder)
        echo(f"kubectl apply --server-side -n {self.namespace} -f {file}")
        print(f"  # as {name}, with {' '.join(options)}")
        *_, service, deployment = map(self._apply, ingress_controller.documents(name, options))
        return Controller(service, deployment)

    def _ask(self, manifest: dict, dry_run: bool, within: float) -> Refusal:
        for _ in again(within):
            refusal, said = self._answer(manifest, dry_run)
            if not refusal.accepted:
                break
        for line in said:
            print(line)
        return refusal

    def _answer(self, manifest: dict, dry_run: bool) -> tuple[Refusal, list[str]]:
        """What the API server says to a manifest, and the lines that a person would see."""
        from kubernetes.dynamic.exceptions import DynamicApiError

        if not self.applies:
            return Refusal(200), []
        try:
            warnings = self.api.warnings(manifest, self.namespace, dry_run)
        except DynamicApiError as error:
            refusal = Refusal.of(error)
            return refusal, [refusal.message]
        accepted = f"{manifest['kind'].lower()}/{manifest['metadata']['name']} accepted"
        said = [*(f"Warning: {warning}" for warning in warnings), accepted]
        return Refusal(200, message="; ".join(warnings)), said

    def _read(self, file: str) -> str:
        path = self.folder / file
        if not path.exists():
            known = ", ".join(sorted(found.name for found in self.folder.glob("*.yaml")))
            raise FileNotFoundError(f"no {file} in {self.folder}; there are: {known or 'none'}")
        return path.read_text()

    def _await_service_account(self) -> None:
        """A Pod is forbidden until the namespace has its default ServiceAccount, which the
        controller manager makes a moment after the namespace."""
        feed = self.feed("v1", "ServiceAccount")
        deadline = feed.clock() + SERVICE_ACCOUNT_SECONDS
        while "default" not in feed.names():
            count = feed.count
            if feed.error:
                raise feed.error
            if feed.clock() > deadline:
                raise TimeoutError(
                    f"namespace {self.namespace} has no default ServiceAccount after "
                    f"{SERVICE_ACCOUNT_SECONDS} s: does the controller manager run?\n"
                    "  Next: make doctor"
                )
            feed.sleep_until_change(count, 1)
        self._feeds.pop(("v1", "ServiceAccount")).stop()


def is_known(name: str) -> bool:
    """Whether an open lab of this process knows who answers with this name."""
    return any(lab.answers_as(name) for lab in _open.values())


def close_all() -> None:
    """Close every lab of this process."""
    for lab in list(_open.values()):
        lab.close()
