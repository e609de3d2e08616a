"""Host clean-up: revert what a Docker daemon leaves on the machine when it exits.

dockerd sets the FORWARD policy to DROP, enables IP forwarding, and creates chains, bridges,
directories and control groups; it removes none of them when it exits. A snapshot that is taken
before dockerd starts records what existed before and must stay.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
from pathlib import Path
from typing import Any

from cluster import commands
from cluster.polling import poll

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")

PATHS = (
    "/etc/docker/key.json",
    "/etc/docker",
    "/opt/containerd",
    "/run/containerd",
    "/run/docker",
)
"""Paths that dockerd and its containerd create regardless of their configuration."""

CONTROL_GROUPS = Path("/sys/fs/cgroup")


def snapshot() -> dict[str, Any]:
    """Return the state of the machine before the daemon starts, in a form for JSON."""
    return {
        "forwarding": FORWARDING.read_text().strip(),
        "paths": [path for path in PATHS if Path(path).exists()],
        "rules": {command: _rules(command) for command in ("iptables", "ip6tables")},
    }


def restore(before: dict[str, Any], network_ids: bytes) -> None:
    """Remove the daemon's bridges, rules and directories, and restore the machine's settings.

    While another engine runs, everything stays that it may use as well.

    Args:
        before: The snapshot.
        network_ids: Data that contains the ids of the daemon's networks.
    """
    bridges = [
        link.name
        for link in Path("/sys/class/net").glob("br-*")
        if link.name.removeprefix("br-").encode() in network_ids
    ]
    for bridge in bridges:
        _run("ip", "link", "delete", bridge)
    alone = not _another_engine_runs()
    for command, rules_before in before["rules"].items():
        _remove_rules(command, rules_before, bridges, with_chains=alone)
    if alone:
        FORWARDING.write_text(before["forwarding"])
        for path in map(Path, set(PATHS) - set(before["paths"])):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def kill_processes(run_directory: str, control_group: str) -> None:
    """Kill what a daemon left when it exited: containerd, shims, processes of containers."""

    def none_left() -> bool:
        left = _with_argument_below(run_directory) | _in_control_groups(control_group)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    poll(none_left, within=10)


def unmount_below(*directories: Path) -> None:
    """Unmount everything below the directories, the innermost mount first."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in reversed(mounted):
        # mountinfo has \040 for a space.
        path = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        if any(path.is_relative_to(directory) for directory in directories):
            _run("umount", "--lazy", str(path))


def remove_control_groups(name: str) -> None:
    """Remove the empty control groups of that name from every hierarchy."""
    for top in _control_groups(name):
        for directory, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)


def _control_groups(name: str) -> list[Path]:
    # cgroup v2 has one hierarchy at the top, cgroup v1 has a directory for each hierarchy.
    return [*CONTROL_GROUPS.glob(name), *CONTROL_GROUPS.glob(f"*/{name}")]


def _in_control_groups(name: str) -> set[int]:
    pids: set[int] = set()
    for top in _control_groups(name):
        for file in top.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                pids.update(map(int, file.read_text().split()))
    return pids


def _with_argument_below(directory: str) -> set[int]:
    """Return the processes with a path below the directory among their arguments."""
    return {
        pid
        for pid, arguments in _processes().items()
        if any(argument.startswith(f"{directory}/") for argument in arguments)
    }


def _another_engine_runs() -> bool:
    # Not by the name in `comm`, which a zombie process keeps; it has no arguments.
    return any(Path(arguments[0]).name == "dockerd" for arguments in _processes().values())


def _processes() -> dict[int, list[str]]:
    """Return the arguments of every process, by process id."""
    processes = {}
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            processes[int(file.parent.name)] = file.read_text(errors="replace").split("\0")
    return processes


def _rules(command: str) -> list[str]:
    """Return the lines of iptables-save, each after its table: `filter -A FORWARD ...`."""
    if not shutil.which(f"{command}-save"):
        return []
    rules: list[str] = []
    table = ""
    for line in _run(f"{command}-save").splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith((":", "-A")):
            # Without the counters, which change with each packet: `:FORWARD DROP [1:60]`.
            rules.append(f"{table} {line.partition(' [')[0] if line[0] == ':' else line}")
    return rules


def _remove_rules(command: str, before: list[str], bridges: list[str], with_chains: bool) -> None:
    """Delete Docker's rules that didn't exist before.

    With chains: also delete Docker's chains and the rules that jump to them, and reset the policies
    of the other chains.
    """
    chains: list[tuple[str, str]] = []
    for rule in _rules(command):
        if rule in before:
            continue
        table, *words = shlex.split(rule)
        docker = any(word.startswith(("DOCKER", ":DOCKER")) for word in words) or _hairpin(words)
        if words[0] == "-A":
            if set(words) & set(bridges) or (with_chains and docker):
                _run(command, "-t", table, "-D", *words[1:])
        elif with_chains and docker:
            chains.append((table, words[0][1:]))
        elif with_chains and words[1] == "DROP":
            # The table didn't exist before, or the chain's line was `:CHAIN ACCEPT`.
            _run(command, "-t", table, "-P", words[0][1:], "ACCEPT")
    # A chain can be deleted when it is empty and no rule jumps to it.
    for action in ("-F", "-X"):
        for table, chain in chains:
            _run(command, "-t", table, action, chain)


def _hairpin(rule: list[str]) -> bool:
    """Return whether a rule is Docker's for a mapped port, from a container to itself."""
    return rule[:2] == ["-A", "POSTROUTING"] and rule[2:6:2] == ["-s", "-d"] and rule[3] == rule[5]


def _run(*command: str) -> str:
    """Return a command's output; a command that fails has nothing to remove any more."""
    return commands.attempt(command).stdout
