"""What the documents of a manifest declare, and what they mention: how objects meet in a cluster.

Objects of a cluster meet without a name of the lab's code: a Service selects Pods by their labels,
an Ingress names a Service, a container calls `http://echo`. A document *declares* names, labels and
values such as a port of the nodes. It *mentions* what others may declare: every scalar of it that
isn't known to be something else.

Everything that is specific to Kubernetes stands in the tables at the top.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

OWNED = frozenset(
    {"nodePort", "hostPort", "healthCheckNodePort", "clusterIP", "clusterIPs", "externalIPs"}
    | {"loadBalancerIP", "host", "hostname", "hostnames", "controller"}
)
"""Fields whose values only one object can have, or that decide which of several objects is used."""

LABELS = frozenset({"labels", "selector", "matchLabels", "podSelector", "nodeSelector"})
"""Fields with labels."""

LOCAL_NAMES = frozenset(
    {"containers", "initContainers", "ephemeralContainers", "env", "ports", "volumes"}
    | {"volumeMounts", "listeners", "tolerations", "securityContext", "resources"}
)
"""Fields whose lists have items with a `name` that means nothing outside the object."""

MEANINGLESS = frozenset(
    {"apiVersion", "kind", "image", "imagePullPolicy", "restartPolicy", "protocol", "type"}
    | {"containerPort", "mountPath", "group", "policyTypes", "scope"}
)
"""Fields that address no object of the lab."""

PASSIVE = frozenset(
    {"Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service"}
    | {"ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount", "Role", "RoleBinding"}
    | {"Ingress", "HTTPRoute", "GRPCRoute", "Gateway", "IngressClass", "GatewayClass", "Lease"}
)
"""Kinds that do nothing to objects that they mention. Others act on what they mention."""

BY_HOST = frozenset({"Ingress", "HTTPRoute", "GRPCRoute"})
"""Kinds whose rules are chosen by the host of a request; without a host they are for all hosts."""

FAR_REACHING = frozenset({"ResourceQuota", "LimitRange", "NetworkPolicy", "Namespace", "Node"})
"""Kinds that act on objects that they don't mention."""

FAR_REACHING_TEXT = re.compile(r"is-default-class|default-ingress-class")

SHELL_ECHO = re.compile(r"(^|[;&|({`\n]|\bdo\b|\bthen\b|\belse\b)\s*echo\b", re.MULTILINE)
SERVICE_VARIABLE = re.compile(r"\b([A-Z][A-Z0-9_]*)_(SERVICE_(?:HOST|PORT)|PORT)\b")
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C, if there is one: it takes a tenth of the time."""

Token = tuple[str, ...]


@dataclass
class Document:
    """One document of a manifest, as far as other objects can meet it."""

    declares: set[Token] = field(default_factory=set)
    mentions: set[Token] = field(default_factory=set)
    acts: bool = False
    """It acts on what it mentions."""
    acts_on_all: bool = False
    content: str = ""
    """Equal for documents that say the same."""
    file: str = ""


def documents(text: str, file: str = "") -> list[Document]:
    """Return the documents of a manifest; one that acts on all if it can't be read."""
    try:
        found = [raw for raw in yaml.load_all(text, LOADER) if raw is not None]
    except yaml.YAMLError:
        return [Document(acts_on_all=True, content=text, file=file)]
    return [_document(part, file) for raw in found for part in _parts(raw)]


def _parts(raw: Any) -> list[Any]:
    """Split a document whose rules work each for itself: each part has one rule."""
    match raw:
        case {"kind": kind, "spec": {"rules": [_, _, *_] as rules}} if kind in BY_HOST:
            return [{**raw, "spec": {**raw["spec"], "rules": [rule]}} for rule in rules]
    return [raw]


def words(text: str) -> set[str]:
    """Return the words of a text that may be names of objects: hosts also without their domain."""
    text = SHELL_ECHO.sub(r"\1", text)
    found = set()
    for whole in WORD.findall(text):
        found |= {whole, whole.strip("."), *whole.split("."), *_above(whole)}
    for name, _ in SERVICE_VARIABLE.findall(text):
        found.add(name.lower().replace("_", "-"))
    return found - {""}


def _above(host: str) -> set[str]:
    """Return the wildcards that a host belongs to."""
    _, _, rest = host.partition(".")
    return {f"*.{rest}", *_above(rest)} if "." in rest else set()


def meet(one: Document, other: Document) -> bool:
    """Tell whether one document declares something that the other mentions."""
    common = one.declares & other.mentions
    # A file has the rules of one object as several documents.
    return any(kind != "object" or one.file != other.file for kind, *_ in common)


def _document(raw: Any, file: str) -> Document:
    content = json.dumps(raw, default=str, sort_keys=True)
    if not isinstance(raw, dict):
        return Document(acts_on_all=True, content=content, file=file)
    kind = str(raw.get("kind"))
    document = Document(
        acts=kind not in PASSIVE,
        acts_on_all=kind in FAR_REACHING or bool(FAR_REACHING_TEXT.search(content)),
        content=content,
        file=file,
    )
    metadata = raw.get("metadata") or {}
    if name := metadata.get("name"):
        document.declares |= {("name", str(name)), ("object", kind, str(name))}
        document.mentions.add(("object", kind, str(name)))
    for path, value in _scalars(raw):
        *_, parent, key = ("", *path)
        if path == ("metadata", "name"):
            continue
        if parent in LABELS:
            token = ("label", key, str(value))
            document.mentions.add(token)
            if parent == "labels":
                document.declares.add(token)
            continue
        if key in MEANINGLESS or (key == "name" and parent in LOCAL_NAMES):
            continue
        if key in OWNED and str(value) != "None":
            document.declares.add(("value", str(value)))
        document.mentions |= {("name", word) for word in words(str(value))}
        document.mentions |= {("value", word) for word in words(str(value))}
    if kind in BY_HOST:
        hosts = {token[1] for token in document.declares if token[0] == "value"}
        document.declares |= {("value", "*")} if not hosts else set()
        document.mentions.add(("value", "*"))
        document.mentions |= {("value", wildcard) for host in hosts for wildcard in _above(host)}
    return document


def _scalars(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each scalar with the fields that lead to it; items of lists have the list's path."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from _scalars(inner, (*path, str(key)))
        case list():
            for inner in value:
                yield from _scalars(inner, path)
        case None:
            pass
        case _:
            yield path, value
