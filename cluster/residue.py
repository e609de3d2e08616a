"""What a Docker daemon leaves on a machine when it ends, and how to take it back.

dockerd sets the FORWARD policy to DROP, switches IP forwarding on and makes chains, bridges,
directories and control groups; none of it goes when it ends. A snapshot taken before it starts says
what was there already and stays.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")

PATHS = (
    "/etc/docker/key.json",
    "/etc/docker",
    "/opt/containerd",
    "/run/containerd",
    "/run/docker",
)
"""What dockerd and its containerd write whatever their configuration says."""

CONTROL_GROUPS = Path("/sys/fs/cgroup")


def snapshot() -> dict:
    """What is on the machine before the daemon starts; can be written as JSON."""
    return {
        "forwarding": FORWARDING.read_text().strip(),
        "paths": [path for path in PATHS if Path(path).exists()],
        "rules": {command: _rules(command) for command in ("iptables", "ip6tables")},
    }


def restore(before: dict, network_ids: bytes) -> None:
    """Takes back what the daemon made: its bridges, rules, settings and directories.

    `network_ids`: text in which the ids of the daemon's networks occur.
    What other engines may use as well stays while one runs.
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


def end_processes(run_directory: str, control_group: str) -> None:
    """Kills what an ended daemon left: its containerd, their shims, the containers' processes."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = _with_argument_below(run_directory) | _in_control_groups(control_group)
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def unmount_below(*directories: Path) -> None:
    """Unmounts everything mounted below the directories, the innermost first."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in reversed(mounted):
        # mountinfo writes a blank as \040.
        path = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        if any(path.is_relative_to(directory) for directory in directories):
            _run("umount", "--lazy", str(path))


def remove_control_groups(name: str) -> None:
    """Removes the control groups of that name, empty by now, from every hierarchy."""
    for top in _control_groups(name):
        for directory, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)


def _control_groups(name: str) -> list[Path]:
    # cgroup v2 has one hierarchy at the top, v1 a directory for each.
    return [*CONTROL_GROUPS.glob(name), *CONTROL_GROUPS.glob(f"*/{name}")]


def _in_control_groups(name: str) -> set[int]:
    pids = set()
    for top in _control_groups(name):
        for file in top.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                pids.update(map(int, file.read_text().split()))
    return pids


def _with_argument_below(directory: str) -> set[int]:
    """The processes with a path below the directory among their arguments."""
    return {
        pid
        for pid, arguments in _processes().items()
        if any(argument.startswith(f"{directory}/") for argument in arguments)
    }


def _another_engine_runs() -> bool:
    # Not by name in `comm`: an ended process that nobody waited for keeps it, without arguments.
    return any(Path(arguments[0]).name == "dockerd" for arguments in _processes().values())


def _processes() -> dict[int, list[str]]:
    """The arguments of every process, by its number."""
    processes = {}
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            processes[int(file.parent.name)] = file.read_text(errors="replace").split("\0")
    return processes


def _rules(command: str) -> list[str]:
    """Lines of iptables-save, each with its table in front: `filter -A FORWARD ...`."""
    if not shutil.which(f"{command}-save"):
        return []
    rules, table = [], ""
    for line in _run(f"{command}-save").splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith((":", "-A")):
            # Without the counters, which change all the time: `:FORWARD DROP [1:60]`.
            rules.append(f"{table} {line.partition(' [')[0] if line[0] == ':' else line}")
    return rules


def _remove_rules(command: str, before: list[str], bridges: list[str], with_chains: bool) -> None:
    """Deletes Docker's rules that were not there before.

    With chains: also Docker's chains and what leads there, and resets the policies of the others.
    """
    chains = []
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
            # The table was not there before, or its line was `:CHAIN ACCEPT`.
            _run(command, "-t", table, "-P", words[0][1:], "ACCEPT")
    # A chain can be deleted when it is empty and nothing leads there.
    for action in ("-F", "-X"):
        for table, chain in chains:
            _run(command, "-t", table, action, chain)


def _hairpin(rule: list[str]) -> bool:
    """Whether it masquerades what a container sends to itself: Docker's rule for a mapped port."""
    return rule[:2] == ["-A", "POSTROUTING"] and rule[2:6:2] == ["-s", "-d"] and rule[3] == rule[5]


def _run(*command: str) -> str:
    """What the command printed. What it cannot take back has gone already."""
    return subprocess.run(command, capture_output=True, text=True).stdout
