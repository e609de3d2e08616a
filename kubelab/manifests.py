"""Manifests: read from a file and checked before they are sent.

What is wrong is named with its file and line. YAML's own rules let much of it pass: of two equal
keys the last one wins silently, and an empty file is no document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kubelab.errors import Readable

MAX_BYTES = 1_000_000
"""The API server and etcd reject objects that are a little larger."""
MAX_NODES = 100_000
"""Keys and values, aliases written out: a few nested aliases make millions of them."""

MAX_DEPTH = 100
"""Levels of brackets and indentation."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_AGAIN = "and run the cell again"


class ManifestError(Readable, ValueError):
    """A manifest that can't be sent; the message names file and line."""

    def __init__(self, where: str, problem: str, next_step: str) -> None:
        super().__init__(f"{where}: {problem}\n  Next: {next_step}")


@dataclass(frozen=True)
class Document:
    """One manifest, and where it is written.

    Attributes:
        manifest: the object.
        file: `restart-policies/never.yaml`; empty for a manifest that a lab has put together.
        node: the YAML from which it was read.
    """

    manifest: dict[str, Any]
    file: str = ""
    node: yaml.Node | None = None

    @property
    def subject(self) -> str:
        """The object as a text names it: `Pod never-exits-1`."""
        return f"{self.manifest['kind']} {self.name}"

    @property
    def reference(self) -> str:
        """As kubectl takes it: `pod/never-exits-1`."""
        return f"{self.manifest['kind'].lower()}/{self.name}"

    @property
    def name(self) -> str:
        """Its name; the beginning of the name that the API server completes."""
        metadata = self.manifest["metadata"]
        return str(metadata.get("name") or metadata["generateName"])

    @property
    def where(self) -> str:
        """The file and the line where it begins."""
        return f"{self.file}, line {_line(self.node)}" if self.node else "the manifest"

    def line_of(self, field: str) -> int | None:
        """Return the line of a field, or of the part of it that is there.

        Args:
            field: as the API server names it: `spec.containers[0].image`, or
                `spec.containers[name="app"].image`.
        """
        node, line = self.node, None
        for name, index, key, value in re.findall(
            r'([^.\[\]]+)(?![^\[]*\])|\[(\d+)\]|\[(\w+)="([^"]*)"\]', field
        ):
            found = _child(node, name, index, key, value)
            if not found:
                break
            line, node = found
        return line

    def check(self) -> None:
        """Check that the document is an object with all that an apply needs.

        Raises:
            ManifestError: It isn't.
        """
        manifest: Any = self.manifest
        for key in ("apiVersion", "kind"):
            if not manifest.get(key):
                raise self.error("", f"the document has no {key}", f"add {key} {_AGAIN}")
            if not isinstance(manifest[key], str):
                raise self.error(key, f"{key} is not a text", f"correct {key} {_AGAIN}")
        metadata = manifest.get("metadata")
        if not metadata:
            step = f"add metadata with a name {_AGAIN}"
            raise self.error("metadata", f"the {manifest['kind']} has no metadata", step)
        if not isinstance(metadata, dict):
            step = f"put the name below it, indented {_AGAIN}"
            raise self.error("metadata", "metadata is not a mapping", step)
        name = metadata.get("name") or metadata.get("generateName")
        if not name:
            step = f"add metadata.name {_AGAIN}"
            raise self.error("metadata", f"the {manifest['kind']} has no name", step)
        if not isinstance(name, str):
            step = f"put the name in quotes {_AGAIN}"
            raise self.error("metadata.name", f"the name {name} is not a text", step)

    def check_scope(self, namespace: str, namespaced: bool, wants_namespaced: bool) -> None:
        """Check that the object goes where the call puts it.

        Args:
            namespace: the lab's.
            namespaced: whether objects of this kind are in a namespace.
            wants_namespaced: whether the call is for such objects.

        Raises:
            ManifestError: The call is for other kinds, or the manifest names another namespace.
        """
        kind, file = self.manifest["kind"], self.file.rpartition("/")[2]
        if wants_namespaced and not namespaced:
            problem = f"a {kind} is in no namespace, so it would outlive the lab"
            raise self.error("kind", problem, f'call lab.apply_cluster_scoped("{file}")')
        if namespaced and not wants_namespaced:
            problem = f"a {kind} is in a namespace"
            raise self.error("kind", problem, f'call lab.apply("{file}")')
        named = self.manifest["metadata"].get("namespace")
        if named and (not namespaced or named != namespace):
            problem = f"metadata.namespace is {named}, and the lab's namespace is {namespace}"
            step = f"remove metadata.namespace {_AGAIN}"
            raise self.error("metadata.namespace", problem, step)

    def error(self, field: str, problem: str, next_step: str) -> ManifestError:
        """Return an error at the line of a field, or at the document's first line."""
        line = self.line_of(field) if field else None
        return ManifestError(
            f"{self.file}, line {line}" if line else self.where, problem, next_step
        )


def read(path: Path, shown: str) -> list[Document]:
    """Read the documents of a file; a List's items count as documents.

    Args:
        path: the file.
        shown: the file's name in messages.

    Raises:
        ManifestError: It isn't readable YAML, or has no document.
    """
    raw = path.read_bytes()
    if len(raw) > MAX_BYTES:
        problem = f"the file has {len(raw) / 1e6:.1f} MB, and the API server takes 1 MB"
        raise ManifestError(shown, problem, f"make the manifest smaller {_AGAIN}")
    try:
        # A byte order mark at the beginning is allowed.
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ManifestError(
            f"{shown}, line {line}", "the file is not UTF-8", f"save it as UTF-8 {_AGAIN}"
        ) from None
    try:
        _check_depth(text, shown)
        found = list(_documents(text, shown))
    except yaml.YAMLError as error:
        raise _syntax(error, text, shown) from None
    if not found:
        problem = "the file has no manifest: it is empty, or all of it is comments"
        raise ManifestError(shown, problem, f"write a manifest into it {_AGAIN}")
    return found


def _documents(text: str, shown: str) -> Iterator[Document]:
    loader = _LOADER(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None  # as check_node said
            _check_size(node, shown)
            _check_keys(node, shown)
            manifest = loader.construct_document(node)
            if manifest is None:
                continue
            if not isinstance(manifest, dict):
                kind = "a list" if isinstance(manifest, list) else "a single value"
                raise ManifestError(
                    f"{shown}, line {_line(node)}",
                    f"the document is {kind}, not a manifest",
                    f"begin it with apiVersion, kind and metadata {_AGAIN}",
                )
            yield from _items(Document(manifest, shown, node))
    finally:
        loader.dispose()


def _items(document: Document) -> Iterator[Document]:
    """The items of a List, as kubectl takes it; any other document as it is."""
    items = document.manifest.get("items")
    if document.manifest.get("kind") != "List" or not isinstance(items, list):
        yield document
        return
    for index, item in enumerate(items):
        found = _child(document.node, "items", "", "", "")
        inner = _child(found and found[1], "", str(index), "", "")
        if not isinstance(item, dict):
            step = f"correct items[{index}] {_AGAIN}"
            raise document.error(f"items[{index}]", "an item of the List is not a manifest", step)
        yield Document(item, document.file, inner[1] if inner else document.node)


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node else 1


def _child(
    node: yaml.Node | None, name: str, index: str, key: str, value: str
) -> tuple[int, yaml.Node] | None:
    """One step into a node, by key, by index, or by an item's own field."""
    if name and isinstance(node, yaml.MappingNode):
        for its_key, its_value in node.value:
            if its_key.value == name:
                return _line(its_key), its_value
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            named = key and _child(item, key, "", "", "")
            if (index and number == int(index)) or (named and named[1].value == value):
                return _line(item), item
    return None


def _check_depth(text: str, shown: str) -> None:
    """Refuse deep nesting. Symptom without this: libyaml's composer ends the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ManifestError(
                f"{shown}, line {event.start_mark.line + 1 if event.start_mark else 1}",
                f"more than {MAX_DEPTH} levels of brackets or indentation",
                f"correct the YAML {_AGAIN}",
            )


def _check_size(node: yaml.Node, shown: str) -> None:
    """Refuse aliases that write out to more than any manifest has."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if isinstance(node, yaml.ScalarNode):
            return 1
        if id(node) not in sizes:
            # An alias to what surrounds it has no end.
            sizes[id(node)] = MAX_NODES + 1
            pairs = node.value
            children = (
                [part for pair in pairs for part in pair]
                if isinstance(node, yaml.MappingNode)
                else pairs
            )
            sizes[id(node)] = 1 + sum(map(size, children))
        return sizes[id(node)]

    if size(node) > MAX_NODES:
        raise ManifestError(
            f"{shown}, line {_line(node)}",
            f"the document has more than {MAX_NODES} values, its aliases written out",
            f"remove aliases (*name) {_AGAIN}",
        )


def _check_keys(node: yaml.Node, shown: str) -> None:
    """Refuse a key that is there twice; YAML would keep the last one."""
    seen: set[int] = set()
    left = [node]
    while left:
        node = left.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            left += node.value
            continue
        lines: dict[str, int] = {}
        for key, value in node.value:
            left.append(value)
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in lines:
                raise ManifestError(
                    f"{shown}, line {_line(key)}",
                    f"the key {key.value} is there twice, the first time in line "
                    f"{lines[key.value]}",
                    f"remove one of them {_AGAIN}",
                )
            lines[key.value] = _line(key)


def _syntax(error: yaml.YAMLError, text: str, shown: str) -> ManifestError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # a character that YAML doesn't allow: the reader knows its position only
        position = int(getattr(error, "position", 0) or 0)
        line = text[:position].count("\n") + 1
        problem = (
            f"the file has a character that YAML doesn't allow ({getattr(error, 'reason', error)})"
        )
        return ManifestError(f"{shown}, line {line}", problem, f"remove it {_AGAIN}")
    line = mark.line + 1
    lines = text.splitlines()
    here = lines[mark.line][: mark.column + 1] if mark.line < len(lines) else ""
    if "\t" in here:
        problem, step = "a tab; YAML takes only spaces for indentation", "replace it with spaces"
    else:
        told = [getattr(error, "context", None), getattr(error, "problem", None)]
        problem = f"no valid YAML: {', '.join(filter(None, told))}"
        step = "correct the indentation or the quotes there"
    return ManifestError(f"{shown}, line {line}", problem, f"{step} {_AGAIN}")
