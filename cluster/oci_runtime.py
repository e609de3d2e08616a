"""An OCI runtime that calls runc after taking out what this machine cannot give.

Only for machines whose bounding set lacks CAP_SYS_RESOURCE (nested containers, micro-VMs). Docker
asks for every capability for a privileged container, and runc then ends with "unable to apply
caps: operation not permitted"; a RLIMIT_NOFILE above the hard limit ends with "error setting
rlimits". The engine's configuration names this file as the default runtime there, see engine.py.

It runs for every step of every container and for each `docker exec`: standard library only, and
nothing imported that the step does not need. Run with `python -IS` (no site, no user's paths).
"""

import os
import sys

CAPABILITY = "CAP_SYS_RESOURCE"
RUNTIME = "runc"


def file_to_edit(arguments: list[str]) -> str | None:
    """The file in which a runc command line names capabilities and limits, if it reads one."""

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


def without_what_is_refused(process: dict, hard_limit: int) -> dict:
    """The `process` object of an OCI specification, without the capability and with lower limits.

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
    """Rewrites a bundle's config.json, or the process file of an exec, in place."""
    import json
    import resource

    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A bundle's config.json holds a process; the process file of an exec is one.
    without_what_is_refused(document.get("process", document), hard_limit)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)


if __name__ == "__main__":
    edited = file_to_edit(sys.argv[1:])
    if edited:
        edit(edited)
    os.execvp(RUNTIME, [RUNTIME, *sys.argv[1:]])
