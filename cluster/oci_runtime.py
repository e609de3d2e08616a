"""An OCI runtime that removes capabilities and limits which this machine refuses, then runs runc.

It is for machines whose bounding set lacks CAP_SYS_RESOURCE (nested containers, micro-VMs). Docker
requests every capability for a privileged container, and runc then fails with "unable to apply
caps: operation not permitted"; a RLIMIT_NOFILE above the hard limit fails with "error setting
rlimits". On such machines this file is the default runtime of the project's engine, see daemon.py.

Docker runs it for every step of every container and for each `docker exec`. So it uses only the
standard library, and imports only what the step needs. It runs with `python -IS` (without site
packages and the user's paths).
"""

from __future__ import annotations

import os
import sys

# For type checkers. Importing `typing` takes a quarter of the start-up time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CAPABILITY = "CAP_SYS_RESOURCE"
RUNTIME = "runc"


def file_to_edit(arguments: list[str]) -> str | None:
    """Return the file with capabilities and limits that a runc command line reads, if any."""

    def value(*names: str) -> str | None:
        for position, argument in enumerate(arguments):
            name, equals, inline = argument.partition("=")
            if name in names:
                return inline if equals else arguments[position + 1]
        return None

    if "create" in arguments or "run" in arguments:
        return os.path.join(value("--bundle", "-b") or ".", "config.json")
    if "exec" in arguments:
        return value("--process", "-p")
    return None


def without_refused(process: dict[str, Any], hard_limit: int) -> dict[str, Any]:
    """Remove the capability from an OCI `process` object, lower its limits, and return it.

    https://github.com/opencontainers/runtime-spec/blob/main/config.md#process
    """
    for names in (process.get("capabilities") or {}).values():
        if CAPABILITY in names:
            names.remove(CAPABILITY)
    for limit in process.get("rlimits") or []:
        if limit["type"] == "RLIMIT_NOFILE":
            limit["hard"] = min(limit["hard"], hard_limit)
            limit["soft"] = min(limit["soft"], hard_limit)
    return process


def edit(path: str) -> None:
    """Rewrite a bundle's config.json, or the process file of an exec, in place."""
    import json
    import resource

    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A bundle's config.json contains a process object; the process file of an exec is one.
    without_refused(document.get("process", document), hard_limit)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)


if __name__ == "__main__":
    edited = file_to_edit(sys.argv[1:])
    if edited:
        edit(edited)
    os.execvp(RUNTIME, [RUNTIME, *sys.argv[1:]])
