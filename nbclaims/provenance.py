"""What a run was made of: a digest of each ingredient, and which ingredients changed since.

Ingredients of every run:
    code      the sources of the lab's code cells
    files     the lab's other files, such as manifests and data
    library   what the code cells import: parts of this package, and what the project names

The verdict on a mutant also has `mutant`, its entry in mutants.yaml. The project adds ingredients
of the environment, such as its version.

Settings, in the book's pyproject.toml:

    [tool.nbclaims]
    # Globs of the files that labs import. Defaults to none.
    library = ["kubelab/**/*"]
    # A function without arguments. It returns the ingredients of each environment in which a run of
    # this checkout counts: {"built": {"cluster": digest, "version": "v1.37.2"}, ...}
    environment = "kubelab.kind:environments"

    [tool.nbclaims.ingredients]
    # Words for "... changed".
    files = "a manifest of the lab"

A run states its environment in `nbclaims.environment`. A run in an environment that the function
doesn't return never counts.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from nbclaims import environment, labs

Digests = dict[str, str]
"""Digests of ingredients, by their names."""

WORDS = {
    "code": "a code cell of the lab",
    "files": "a file of the lab",
    "library": "the library",
    "mutant": "the mutant",
}
"""Words for an ingredient that changed; the project's settings replace them."""

NO_PROVENANCE = "provenance"
"""Stands for the ingredients of a run that doesn't state them."""
OTHER_ENVIRONMENT = "environment"
"""Stands for the ingredients of a run in an environment that is not one of the book's."""

PACKAGE = Path(__file__).parent
NOT_IMPORTED = {"__main__", "evidence", "labs", "pending", "provenance", "pytest_plugin"}
"""Modules of this package that have no effect on what a run observes."""
ONLY_MUTANTS = {"effects", "mutants", "sites", "slices"}
"""Modules of this package that have an effect on verdicts, but not on the runs of labs."""


class BadSettings(ValueError):
    """The settings in pyproject.toml can't be used; the text says which, and what to correct."""


@dataclass(frozen=True)
class Provenance:
    """What a run was made of.

    Attributes:
        at: when it was taken, before the run started, ISO 8601 in UTC.
        environment: the name of the environment in which it ran.
        digests: the digests of its ingredients.
    """

    at: str
    environment: str
    digests: Digests

    @property
    def day(self) -> str:
        """The day of the run, such as `2026-11-22`."""
        return self.at[:10]

    def of_mutant(self, digest: str) -> Provenance:
        """Return the provenance of a verdict on a mutant with this digest."""
        return replace(self, digests=self.digests | {"mutant": digest})

    def to_json(self) -> dict[str, Any]:
        """Return the provenance as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Provenance | None:
        """Return the provenance that `to_json` wrote; None for None."""
        return cls(**data) if data is not None else None


class Book:
    """A book's settings and the digests of its library, read when the object is created."""

    def __init__(self, root: Path) -> None:
        self.root = root
        file = root / "pyproject.toml"
        content = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        self._settings: dict[str, Any] = content.get("tool", {}).get("nbclaims", {})
        self._words: dict[str, str] = WORDS | self._settings.get("ingredients", {})
        self._now = cache(ingredients)
        library = list(self._library())
        self._library_of_labs = digest(*(part for name, part in library if name != "mutants"))
        self._library_of_mutants = digest(*(part for _, part in library))

    def take(self, lab: Path) -> Provenance:
        """Return the provenance of a run of the lab that starts now."""
        return self._take(lab, self._library_of_labs)

    def take_for_mutants(self, lab: Path) -> Provenance:
        """Return the provenance of a run of the lab's mutants that starts now.

        A mutant runs in this process: create the book when the process starts, so that the library
        has the digests of what the process imports.
        """
        return self._take(lab, self._library_of_mutants)

    def changed(self, lab: Path, taken: Provenance | None) -> tuple[str, ...]:
        """Return the ingredients of a lab's run that changed since; none if the run counts."""
        return self._changed(taken, self._now(lab) | {"library": self._library_of_labs})

    def changed_for_mutant(
        self, lab: Path, taken: Provenance | None, mutant: str
    ) -> tuple[str, ...]:
        """Return the ingredients of a verdict that changed since; none if the verdict counts.

        Args:
            lab: the lab's text.
            taken: the provenance of the verdict.
            mutant: the digest of the mutant.
        """
        now = {"library": self._library_of_mutants, "mutant": mutant}
        return self._changed(taken, self._now(lab) | now)

    def reason(self, changed: Sequence[str]) -> str:
        """Return why a run doesn't count: `kubelab and the mutant changed`."""
        if NO_PROVENANCE in changed:
            return "the run doesn't state what it was made of"
        if OTHER_ENVIRONMENT in changed:
            return "the lab ran in an environment that is not the book's"
        *first, last = (self._words.get(name, name) for name in changed)
        return f"{' and '.join(filter(None, [', '.join(first), last]))} changed"

    def _take(self, lab: Path, library: str) -> Provenance:
        where = environment.describe()
        return Provenance(
            at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            environment=where.name if where else "",
            digests=ingredients(lab)
            | {"library": library}
            | (dict(where.ingredients) if where else {}),
        )

    def _changed(self, taken: Provenance | None, now: Digests) -> tuple[str, ...]:
        if taken is None:
            return (NO_PROVENANCE,)
        if taken.environment not in self._environments:
            return (OTHER_ENVIRONMENT,)
        now = now | dict(self._environments[taken.environment])
        names = dict.fromkeys([*now, *taken.digests])
        return tuple(name for name in names if now.get(name) != taken.digests.get(name))

    @cached_property
    def _environments(self) -> Mapping[str, Mapping[str, str]]:
        if "environment" not in self._settings:
            return {"": {}}
        name = self._settings["environment"]
        try:
            module, function = name.split(":")
            environments: Callable[[], Mapping[str, Mapping[str, str]]]
            environments = getattr(importlib.import_module(module), function)
        except (ValueError, ImportError, AttributeError) as error:
            raise BadSettings(
                f"{self.root / 'pyproject.toml'}: [tool.nbclaims] environment = {name!r} can't be "
                f"imported: {error}\n"
                '  Next: write a function that takes no argument as "package.module:function"'
            ) from error
        return environments()

    def _library(self) -> Iterator[tuple[str, bytes]]:
        """Yield the digest of each file, under `mutants` if it has no effect on runs of labs."""
        for path in sorted(PACKAGE.glob("*.py")):
            if path.stem not in NOT_IMPORTED:
                of = "mutants" if path.stem in ONLY_MUTANTS else "labs"
                yield of, f"{PACKAGE.name}/{path.name} {_without_comments(path)}".encode()
        globs = self._settings.get("library", [])
        paths = {path for glob in globs for path in self.root.glob(glob) if path.is_file()}
        for path in sorted(paths):
            if path.suffix != ".pyc":
                yield "labs", f"{path.relative_to(self.root)} {_without_comments(path)}".encode()


def ingredients(lab: Path) -> Digests:
    """Return the digests of a lab's own ingredients."""
    return {"code": digest(*labs.code_cells(lab)), "files": digest(*_files(lab))}


def digest(*parts: object) -> str:
    """Return a digest of bytes, texts, or values that JSON has."""
    seen = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        seen.update(len(data).to_bytes(8) + data)
    return seen.hexdigest()[:16]


def _files(lab: Path) -> Iterator[bytes]:
    for path in sorted(lab.parent.rglob("*")):
        name = path.relative_to(lab.parent)
        text = path.suffix in (".md", ".ipynb") or name.as_posix() == "mutants.yaml"
        hidden = any(part.startswith((".", "__")) for part in name.parts)
        if path.is_file() and not text and not hidden:
            yield name.as_posix().encode()
            yield path.read_bytes()


def _without_comments(path: Path) -> str:
    """Return a digest of a file that stays the same when only comments or docstrings change."""
    content = path.read_bytes()
    return _of_syntax(content) if path.suffix == ".py" else digest(content)


@cache
def _of_syntax(content: bytes) -> str:
    tree = ast.parse(content)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return digest(ast.dump(tree))


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
