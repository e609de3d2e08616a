"""Live objects: kubectl's verbs and words, and the timeline of what happened to them."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from kubelab import waiting
from kubelab.commands import CommandFailed, failure
from kubelab.connection import Api
from kubelab.display import Progress, echo
from kubelab.errors import ApiError
from kubelab.kubectl import kubectl
from kubelab.polling import poll
from kubelab.results import ApplyResult
from kubelab.states import TERMINAL, State, container_status, describe, shortened
from kubelab.store import Informer, Snapshot
from kubelab.timeline import Timeline, changes, container_statuses, log_timestamps, state_of

LOG_SECONDS = 30
"""How long a container may take to write the lines that `log_timestamps` reads."""

LAST_EVENTS = 5
"""How many Kubernetes Events a failed wait shows."""


class Session(Protocol):
    """What an object needs of the lab that it belongs to; `Lab` provides it."""

    namespace: str

    @property
    def api(self) -> Api:
        """The connection to the API server."""

    def informer(self, api_version: str, kind: str) -> Informer:
        """Return the informer on a kind in the lab's namespace."""

    def pods(self, labels: dict[str, str]) -> list[Pod]:
        """Return the Pods that exist now and carry these labels."""

    def answers_as(self, name: str) -> bool:
        """Return whether a Pod or an external client of the lab has this name."""


@dataclass(frozen=True)
class Container:
    """One container of a Pod at one moment, read from its status."""

    name: str
    status: dict[str, Any]

    @property
    def state(self) -> str:
        """running, waiting or terminated."""
        return state_of(self.status)[0]

    @property
    def reason(self) -> str | None:
        """Why it is in that state, such as CrashLoopBackOff, Completed or Error."""
        return state_of(self.status)[1].get("reason")

    @property
    def message(self) -> str | None:
        """The message to the reason."""
        return state_of(self.status)[1].get("message")

    @property
    def exit_code(self) -> int | None:
        """Of a container that terminated and is not restarted, or not yet."""
        return state_of(self.status)[1].get("exitCode")

    @property
    def last_exit_code(self) -> int | None:
        """Of the run before the present state, as `kubectl describe` shows it under Last State."""
        return self._last.get("exitCode")

    @property
    def last_reason(self) -> str | None:
        """Why the run before the present state ended, such as OOMKilled."""
        return self._last.get("reason")

    @property
    def restarts(self) -> int:
        """How often the kubelet restarted it."""
        return int(self.status.get("restartCount", 0))

    @property
    def ready(self) -> bool:
        """Whether it counts as ready, by its readiness probe where it has one."""
        return bool(self.status.get("ready", False))

    @property
    def id(self) -> str | None:
        """The container runtime's id; each restart is a new container with a new id."""
        return self.status.get("containerID")

    @property
    def _last(self) -> dict[str, Any]:
        last: dict[str, Any] = self.status.get("lastState", {}).get("terminated", {})
        return last


class KubernetesObject:
    """A live object. Its attributes are what the watch saw last.

    They raise an error where that would no longer be true: `StaleObject`, `LabClosed`, or
    `ApiError` where the API server doesn't answer.
    """

    def __init__(
        self,
        lab: Session,
        live: dict[str, Any],
        start: float,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """`live` is the API server's answer to the apply.

        `check` raises an error where the object no longer tells the truth.
        """
        self.lab, self.namespace = lab, lab.namespace
        self.kind: str = live["kind"]
        self.api_version: str = live["apiVersion"]
        self.name: str = live["metadata"]["name"]
        self.uid: str = live["metadata"]["uid"]
        self.start = start
        """When it was applied, by the informer's clock."""
        self.check = check
        self._informer = lab.informer(self.api_version, self.kind)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def informer(self) -> Informer:
        """What the watch on its kind has seen, if that is still the truth."""
        self.check()
        if self._informer.error:
            raise self._informer.error
        return self._informer

    @property
    def since(self) -> float:
        """When it was applied, in seconds since 1970, as containers stamp their times."""
        return time.time() - (self.informer.clock() - self.start)

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def reference(self) -> str:
        """As kubectl takes it: `pod/never-exits-1`."""
        return f"{self.kind.lower()}/{self.name}"

    @property
    def describe_command(self) -> str:
        """The kubectl command that shows this object."""
        return f"kubectl describe {self.reference} -n {self.namespace}"

    def snapshots(self) -> list[Snapshot]:
        """Every snapshot of this very object (by UID, not of a namesake), and its deletion."""
        mine, is_mine = [], False
        for snapshot in self.informer.snapshots(self.name):
            if snapshot.object:
                is_mine = snapshot.object["metadata"]["uid"] == self.uid
            if is_mine:
                mine.append(snapshot)
        return mine

    @property
    def object(self) -> dict[str, Any] | None:
        """The object as the API returns it; None when it no longer exists."""
        snapshots = self.snapshots()
        return snapshots[-1].object if snapshots else None

    @property
    def timeline(self) -> Timeline:
        """What happened since it was applied, in order."""
        until = self.informer.clock() - self.start
        return Timeline(str(self), tuple(changes(self.snapshots(), self.start)), until)

    def condition_history(self, kind: str) -> list[str]:
        """Return what one condition said since apply, each text once, in order.

        Such as `False`, its reason and its message, then `True`.
        """
        said = (
            f"{c['status']} {c.get('reason', '')} {c.get('message', '')}".strip()
            for snapshot in self.snapshots()
            for c in (snapshot.object or {}).get("status", {}).get("conditions", [])
            if c["type"] == kind
        )
        return list(dict.fromkeys(said))

    def wait(self, until: State, within: float = waiting.WITHIN) -> Timeline:
        """Return once `until` holds; WaitFailed after `within` seconds, or earlier if hopeless."""
        return waiting.wait(self, until, within)

    def hold(self, state: State, during: float) -> Timeline:
        """Watch for `during` seconds whether `state` stays true; the timeline's `held` tells."""
        return waiting.hold(self, state, during)

    def delete(self, quiet: bool = False, grace: int | None = None) -> None:
        """Ask for its deletion; wait for `gone()` where it matters.

        `grace` is a Pod's grace period in seconds for this once, instead of the manifest's.
        """
        options = {} if grace is None else {"gracePeriodSeconds": grace}
        if not quiet:
            words = "" if grace is None else f" --grace-period={grace}"
            echo(f"kubectl delete {self.reference} -n {self.namespace}{words} --wait=false")
        # As kubectl does it. Without this word a Job leaves its Pods behind.
        self.lab.api.request("delete", self._path(), propagationPolicy="Background", **options)

    def patch(self, body: dict[str, Any], subresource: str = "") -> ApplyResult:
        """Change the live object by a strategic merge patch; the answer may be a refusal.

        A controller's `status` is changed by `subresource="status"` only.
        """
        text, where = json.dumps(body), f" --subresource={subresource}" * bool(subresource)
        echo(f"kubectl patch {self.reference} -n {self.namespace}{where} -p {shlex.quote(text)}")
        return self._patch(body, subresource)

    def _patch(self, body: dict[str, Any], subresource: str = "") -> ApplyResult:
        kind = "application/strategic-merge-patch+json"
        path = "/".join(filter(None, [self._path(), subresource]))
        try:
            live = self.lab.api.request("patch", path, body, content_type=kind)
        except ApiError as error:
            return ApplyResult.of(error)
        self.informer.put("MODIFIED", live)
        return ApplyResult(200)

    def scale(self, replicas: int) -> ApplyResult:
        """Set `spec.replicas` of a Deployment or its like."""
        echo(f"kubectl scale {self.reference} -n {self.namespace} --replicas={replicas}")
        return self._patch({"spec": {"replicas": replicas}})

    def pods(self) -> list[Pod]:
        """The Pods that exist now and match this Deployment's, Job's or ReplicaSet's selector."""
        selector = (self.object or {}).get("spec", {}).get("selector", {}).get("matchLabels")
        return self.lab.pods(selector) if selector else []

    def first_pod(self, within: float = waiting.WITHIN) -> Pod:
        """Its first Pod, as soon as there is one; WaitFailed after `within` seconds.

        The watches of two kinds keep no step: a Job may be seen active before its Pod is seen.
        """
        informer = self.lab.informer("v1", "Pod")
        start, count = informer.clock(), informer.count
        progress = Progress(f"waiting for the first Pod of {self}")
        while not (pods := self.pods()):
            if informer.error:
                raise informer.error
            over = informer.clock() - start
            if over >= within:
                events = "".join(f"\n    {line}" for line in self.last_events())
                raise waiting.WaitFailed(
                    f"{self} has created no Pod within {within:g} s"
                    + (f"\n\n  Last Events:{events}" if events else "")
                    + f"\n\n  Next: {self.describe_command}"
                )
            progress.update(f"· {over:.0f} s of {within:g} s")
            informer.sleep_until_change(count, min(within - over, waiting.PROGRESS_EVERY))
            count = informer.count
        progress.update(f"· came after {informer.clock() - start:.1f} s")
        return pods[0]

    def get(self) -> dict[str, str]:
        """Its line as `kubectl get` prints it, by column: `{"READY": "1/1", "STATUS": …}`."""
        echo(f"kubectl get {self.reference} -n {self.namespace}")
        table = self.lab.api.table(self._path())
        # Columns of a higher priority are those of `-o wide`.
        return {
            column["name"].upper(): str(cell)
            for column, cell in zip(
                table["columnDefinitions"], table["rows"][0]["cells"], strict=True
            )
            if column["priority"] == 0
        }

    def describe(self) -> str:
        """Print `kubectl describe` of this object, and return it."""
        return kubectl(self.lab.api, self.namespace, "describe", self.reference)

    def events(self, reason: str | None = None, within: float = 0) -> list[dict[str, Any]]:
        """Kubernetes Events about this object, oldest first, as the API gives them.

        For `within` seconds none at all is not yet the answer: a component records it
        a moment later.
        """
        echo(f"kubectl events --for {self.reference} -n {self.namespace}")
        for _ in poll(within, f"waiting for Events about {self}"):
            items = self._read_events()
            if found := [event for event in items if reason in (None, event["reason"])]:
                break
        return found

    def last_events(self) -> list[str]:
        """The last Kubernetes Events about this object, as lines, oldest first.

        None where they can't be read: they explain another error, which must not get lost.
        """
        try:
            events = self._read_events()[-LAST_EVENTS:]
        except Exception:
            return []
        return [
            f"{event['type']} {event['reason']}: {shortened(event['message'])}"
            + (f" ({event['count']} times)" if (event.get("count") or 1) > 1 else "")
            for event in events
        ]

    def _read_events(self) -> list[dict[str, Any]]:
        path = self.lab.api.path("v1", "Event", self.namespace)
        mine = {"fieldSelector": f"involvedObject.uid={self.uid}"}
        items = self.lab.api.request("get", path, **mine)["items"]
        return sorted(items, key=lambda event: int(event["metadata"]["resourceVersion"]))

    def _path(self) -> str:
        self.check()
        return self.lab.api.path(self.api_version, self.kind, self.namespace, self.name)


class Pod(KubernetesObject):
    """A live Pod."""

    def pods(self) -> list[Pod]:
        """Itself, where a controller has those that it made."""
        return [self] if self.object else []

    @property
    def phase(self) -> str | None:
        """Pending, Running, Succeeded or Failed."""
        return self._text("phase")

    @property
    def reason(self) -> str | None:
        """Why the Pod as a whole is in its phase: DeadlineExceeded, Evicted; usually None."""
        return self._text("reason")

    @property
    def ip(self) -> str | None:
        """The Pod's IP address; None before it has one."""
        return self._text("podIP")

    @property
    def node(self) -> str | None:
        """The name of the node that the Pod is scheduled to."""
        name: str | None = (self.object or {}).get("spec", {}).get("nodeName")
        return name

    @property
    def ready(self) -> bool:
        """The Ready condition, which decides whether Services send it requests."""
        return self.condition("Ready") == "True"

    @property
    def restarts(self) -> int | None:
        """The sum over its containers, as `kubectl get pods` shows it."""
        statuses = container_statuses(self.object or {}).values()
        return sum(status["restartCount"] for status in statuses) if self.object else None

    def condition(self, kind: str) -> str | None:
        """The status of one condition: "True", "False" or "Unknown"; None when it has none."""
        conditions = self._status("conditions") or []
        return next((c["status"] for c in conditions if c["type"] == kind), None)

    def container(self, name: str | None = None) -> Container:
        """One container now; a Pod with just one needs no name."""
        status = container_status(self.object, name) if self.object else {}
        return Container(status.get("name", name or ""), status)

    def logs(self, container: str | None = None, previous: bool = False) -> str:
        """What a container wrote: its present run, or the run before."""
        self._echo_logs(container, previous)
        return self._log(container, previous)

    def log_timestamps(
        self, container: str | None = None, least: int = 0
    ) -> list[tuple[str, float]]:
        """The times that the container wrote into its log, see `timeline.log_timestamps`.

        Fewer than `least` are asked for again: a run that has just begun may not have written yet,
        and of a run that has just been removed there is no log for a moment (400).
        """
        self._echo_logs(container)
        for is_last in poll(LOG_SECONDS, f"waiting for timestamps in the log of {self}"):
            try:
                found = log_timestamps(self._log(container))
            except ApiError as error:
                if is_last or error.status != 400:
                    raise
                continue
            if len(found) >= least:
                break
        return found

    def log_order(self, *containers: str) -> list[str]:
        """Return what containers wrote with a time, in the order of these times: `app started`.

        Args:
            containers: the names of the containers; all of the Pod's containers without a name.
        """
        spec = (self.object or {}).get("spec", {})
        known = [one["name"] for one in spec.get("initContainers", []) + spec.get("containers", [])]
        stamped = [
            (at, f"{name} {what}")
            for name in containers or known
            for what, at in self.log_timestamps(name)
        ]
        return [line for _, line in sorted(stamped)]

    def evict(self) -> ApplyResult:
        """Ask for its eviction, as `kubectl drain` does; a disruption budget may refuse it."""
        path, metadata = f"{self._path()}/eviction", {"name": self.name}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        echo(f"kubectl create --raw {path} -f - <<< {shlex.quote(json.dumps(body))}")
        try:
            self.lab.api.request("post", path, body)
        except ApiError as error:
            return ApplyResult.of(error)
        return ApplyResult(200)

    def exec(self, *command: str, container: str | None = None) -> str:
        """Run a command in a container and return what it printed; CommandFailed if it fails."""
        option = f" -c {container}" if container else ""
        echo(f"kubectl exec {self.name} -n {self.namespace}{option} -- {shlex.join(command)}")
        code, out, err = self.run(*command, container=container)
        if code != 0:
            raise failure(code, command, err or out)
        return out

    def run(self, *command: str, container: str | None = None) -> tuple[int, str, str]:
        """Run a command in a container, the first one without a name: exit code, stdout, stderr.

        Raises:
            CommandFailed: The Pod no longer exists or terminated, or the command failed to run.
            ValueError: The Pod has no such container.
        """
        names = self._containers(container, "no command can run in it")
        if self.phase in TERMINAL:
            raise CommandFailed(
                f"{self} has ended (phase {self.phase}): no command can run in it\n"
                "  Next: run the command while the Pod runs, or read its log with .logs()"
            )
        target = container or names[0]
        try:
            return self.lab.api.exec(self.namespace, self.name, target, list(command))
        except Exception as error:
            if "container not found" not in str(error):
                raise
        raise CommandFailed(
            f"container {target} of {self} does not run: no command can run in it "
            f"({describe(self.object)})\n"
            "  Next: run the command after .wait(until=running()), or read the log with .logs()"
        )

    def _containers(self, wanted: str | None, when_gone: str) -> list[str]:
        """The names of the containers; an error without the Pod or the wanted container."""
        if self.object is None:
            raise CommandFailed(
                f"{self} is gone: {when_gone}\n  Next: run the cell again that applies it"
            )
        spec = self.object["spec"]
        found = spec["containers"] + spec.get("initContainers", [])
        names = [container["name"] for container in found]
        if wanted not in (None, *names):
            raise ValueError(f"{self} has no container {wanted!r}; it has {', '.join(names)}")
        return names

    def _echo_logs(self, container: str | None, previous: bool = False) -> None:
        options = f" -c {container}" * bool(container) + " --previous" * previous
        echo(f"kubectl logs {self.name} -n {self.namespace}{options}")

    def _log(self, container: str | None, previous: bool = False) -> str:
        self._containers(container, "its logs are gone with it")
        query = {"container": container, "previous": "true" if previous else None}
        return self.lab.api.text(
            f"{self._path()}/log", **{key: value for key, value in query.items() if value}
        )

    def _text(self, key: str) -> str | None:
        value: str | None = self._status(key)
        return value

    def _status(self, key: str) -> Any:
        return (self.object or {}).get("status", {}).get(key)
