"""The API page has every name that labs can import, and its examples run."""

from __future__ import annotations

import ast
import doctest
import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import kubelab
import nbclaims
from cluster import paths
from nbclaims import labs
from tests.kubelab.conftest import shown  # noqa: F401  (a fixture)
from tests.kubelab.scripted import ended, running
from tests.kubelab.test_lab import api  # noqa: F401  (a fixture)
from tests.kubelab.test_outcomes import named, pods

PAGE = (paths.ROOT / "book" / "about" / "api.md").read_text(encoding="utf-8")
DESCRIBED = re.findall(r"^\.\. auto(?:class|exception|function):: (\S+)$", PAGE, re.MULTILINE)
EXAMPLES = re.findall(r"^```pycon\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def imported_by_labs() -> Iterator[str]:
    """Yield the names that labs import from both packages, such as `kubelab.loki.Loki`."""
    for lab in labs.sources(paths.ROOT):
        for cell in labs.code(labs.read(lab)):
            for node in ast.walk(ast.parse(cell.source)):
                module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
                if module.partition(".")[0] in ("kubelab", "nbclaims"):
                    yield from (f"{module}.{alias.name}" for alias in node.names)


PUBLIC = sorted(
    {f"{package.__name__}.{name}" for package in (nbclaims, kubelab) for name in package.__all__}
    | set(imported_by_labs())
)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_described_and_has_an_example(name: str):
    assert DESCRIBED.count(name) == 1
    word = name.rpartition(".")[2]
    lines = [line for line in "".join(EXAMPLES).splitlines() if line[:4] in (">>> ", "... ")]
    uses = [line for line in lines if re.search(rf"\b{word}\b", line) and " import " not in line]
    assert uses, f"no example uses {word}"


class FakeClient:
    """A client to which a Loki and a Prometheus respond."""

    where = "kubectl exec client -n lab --"

    def run(self, *command: str) -> tuple[int, str, str]:
        return 0, json.dumps({"status": "success", "data": {"result": self.result(command)}}), ""

    def result(self, command: tuple[str, ...]) -> list[Any]:
        if any("/loki/" in part for part in command):
            return [{"stream": {"pod": "shop"}, "values": [["1", "first"], ["2", "second"]]}]
        return [{"metric": {"pod": "shop"}, "value": [1795366800.1, "1"]}]


RULE = (
    "-A KUBE-SVC-X ! -s 10.244.0.0/16 "
    '-m comment --comment "lab/echo -> 10.244.1.7:8080" -j KUBE-SEP-Y'
)


def printing(name: str, text: str, log: list[tuple[str, float]] = ()) -> SimpleNamespace:
    """Return a Pod whose commands print a text, and whose log has these times."""
    return SimpleNamespace(
        name=name,
        namespace="lab",
        run=lambda *command, container: (0, text, ""),
        log_timestamps=lambda container=None: list(log),
    )


@pytest.mark.usefixtures("api", "shown")
def test_the_examples_run():
    script = [
        (0.0, named("exits-1", "Running", running())),
        (1.5, named("exits-1", "Failed", ended(1))),
    ]
    found, _ = pods(script, "exits-1")
    found["exits-1"].informer.sleep_until_change(1, 5)
    names = {
        "client": FakeClient(),
        "pods": found,
        "prometheus": SimpleNamespace(name="prometheus", ip="10.244.1.9"),
        "writer": printing("writer", "first\nsecond\n", [("wrote", 1001.0), ("wrote", 1002.0)]),
        "watcher": printing("watcher", "", [("2", 1003.0)]),
        "exporter": printing("exporter", "0 0 10.244.1.8:9102 10.244.1.7:40000\n"),
        "sender": printing("sender", "sent\n"),
        "worker": SimpleNamespace(run=lambda *command: RULE),
        "echo": SimpleNamespace(namespace="lab", name="echo"),
    }
    examples = doctest.DocTestParser().get_doctest("\n".join(EXAMPLES), names, "api.md", None, 0)
    assert len(examples.examples) > 40
    written: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(examples, out=written.append)
    assert not runner.failures, "".join(written)
