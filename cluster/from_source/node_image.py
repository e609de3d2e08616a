"""Build the node image as kind builds its own, from parts that need no container registry.

kind's entry point, systemd units and settings come from kind's Go module, so they have the version
of the kind program that starts the node. The files in from_source/node/ replace some of them.
"""

import json
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster import commands, release, versions
from cluster.engine import Engine
from cluster.errors import CommandError
from cluster.fingerprint import fingerprint_of, is_built, label_of
from cluster.from_source import binaries, component_images, debian_root
from cluster.from_source.binaries import BINARIES
from cluster.from_source.debian_root import NODE
from cluster.names import IMAGES_LABEL
from cluster.polling import poll
from cluster.progress import step

_HERE = versions.HERE / "from_source"
_ROOT = "kubernetes-observed/node-root"

_DOCKERFILE = f"""\
FROM {_ROOT}
ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]
# systemd reads this variable: https://systemd.io/CONTAINER_INTERFACE/
ENV container=docker
# systemd shuts down on this signal; on SIGTERM it executes itself again.
STOPSIGNAL SIGRTMIN+3
LABEL {IMAGES_LABEL}=built
"""


def fingerprint() -> str:
    """Return a digest of all that the image is built from."""
    used = [
        release.current().kubeadm_images,
        versions.IMAGES,
        versions.DEBIAN_SUITE,
        versions.BASE_PACKAGES,
        versions.NODE_PACKAGES,
        versions.IMAGE_PACKAGES,
    ]
    return fingerprint_of(_HERE.rglob("*"), json.dumps(used))


def build(engine: Engine) -> str:
    """Build the image, unless it exists, and return its reference."""
    reference, expected = release.current().built_image, fingerprint()
    if is_built(engine, reference, expected):
        return reference
    print(
        f"Building {reference} from source: about 15 minutes on two cores, "
        "about one when Go's caches are warm.",
        flush=True,
    )
    start = time.monotonic()
    with ThreadPoolExecutor(1) as background:
        # Mostly waits for the network while the compiler uses the processors.
        bootstrapped = background.submit(debian_root.bootstrap)
        binaries.compile_all()
        binaries.unpack_wheels()
        with step("Creating the Debian root file systems", 40):
            bootstrapped.result()
    with step("Creating the images", 10):
        component_images.write()
    with step("Importing them into the node's containerd", 15):
        _install_kind_files()
        _install_programs()
        _load_images()
    with step("Importing the node image", 20):
        _import(engine, reference, label_of(expected))
    shutil.rmtree(NODE)
    print(f"Built {reference} in {time.monotonic() - start:.0f} s.", flush=True)
    return reference


def _install_kind_files() -> None:
    """Copy kind's files for its base image, then the project's, as kind's Dockerfile does."""
    kind = binaries.module_directory("kind", "sigs.k8s.io/kind") / "images" / "base" / "files"
    _copy(kind, NODE)
    for script in [*(NODE / "usr/local/bin").iterdir(), *(NODE / "kind/bin").iterdir()]:
        script.chmod(0o755)
    _copy(_HERE / "node", NODE)

    # systemd in a container must not start the units that set up a machine, because they change the
    # host's udev, binfmt_misc and /tmp. Symptom: the node hangs before "Reached target Multi-User
    # System".
    units = NODE / "lib/systemd/system"
    for wanted in (
        *(units / "sysinit.target.wants").glob("systemd-tmpfiles-setup.service"),
        *(units / "multi-user.target.wants").glob("*"),
        *(NODE / "etc/systemd/system").glob("*.wants/*"),
        *(units / "local-fs.target.wants").glob("*"),
        *(units / "sockets.target.wants").glob("*udev*"),
        *(units / "sockets.target.wants").glob("*initctl*"),
        *(units / "basic.target.wants").glob("*"),
    ):
        wanted.unlink()
    with (NODE / "etc/systemd/journald.conf").open("a") as journald:
        journald.write("ReadKMsg=no\n")
    _in_node("systemctl", "enable", "kubelet", "containerd", "undo-mount-hacks")
    _in_node("systemctl", "mask", "systemd-binfmt")
    (NODE / "sbin/init").unlink(missing_ok=True)
    (NODE / "sbin/init").symlink_to("/usr/lib/systemd/systemd")
    (NODE / "etc/kubernetes/manifests").mkdir(parents=True, exist_ok=True)

    version = release.current().version
    (NODE / "kind/version").write_text(version)
    network = NODE / "kind/manifests/default-cni.yaml"
    network.write_text(network.read_text().replace("@KUBERNETES_VERSION@", version))
    containerd = NODE / "etc/containerd/config.toml"
    configuration = containerd.read_text()
    sandbox = 'sandbox_image = "registry.k8s.io/pause:3.10"'
    if sandbox not in configuration:
        raise CommandError(
            f"kind's containerd configuration doesn't contain {sandbox} any more.",
            "adapt from_source/node_image.py to this version of kind",
        )
    pause = release.current().kubeadm_images["pause"]
    containerd.write_text(configuration.replace(sandbox, f'sandbox_image = "{pause}"'))
    (NODE / "kind/packages.txt").write_text(debian_root.installed_packages(NODE))


def _install_programs() -> None:
    for program, directory in {
        "containerd": "usr/local/bin",
        "containerd-shim-runc-v2": "usr/local/bin",
        "ctr": "usr/local/bin",
        "crictl": "usr/local/bin",
        "kubernetes": "usr/bin",
        "host-local": "opt/cni/bin",
        "loopback": "opt/cni/bin",
        "ptp": "opt/cni/bin",
        "portmap": "opt/cni/bin",
    }.items():
        (NODE / directory).mkdir(parents=True, exist_ok=True)
        shutil.copy2(BINARIES / program, NODE / directory / program)
    for name in ("kubelet", "kubeadm", "kubectl"):
        (NODE / "usr/bin" / name).symlink_to("kubernetes")
    # The base specification of all containers in the node, as in kind's Dockerfile, but without
    # kind's hook: a shell script that hides the machine's serial number from each container.
    specification = _in_node("bash", "-c", "ctr oci spec | jq 'del(.process.rlimits)'")
    (NODE / "etc/containerd/cri-base.json").write_text(specification)
    # A program that can't start fails here, and not later in a node.
    for command in (
        "containerd --version",
        "runc --version",
        "crictl --version",
        "kubelet --version",
    ):
        _in_node(*command.split())


def _load_images() -> None:
    """Import the images into the node's containerd, so that a node has them when it starts."""
    with tempfile.TemporaryDirectory(prefix="containerd-", dir="/run") as run:
        socket = f"{run}/containerd.sock"
        configuration = Path(run, "config.toml")
        configuration.write_text(
            f'version = 3\nroot = "{NODE}/var/lib/containerd"\nstate = "{run}/state"\n'
            'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", '
            '"io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"]\n'
            f'[grpc]\naddress = "{socket}"\n'
        )
        with Path(run, "log").open("wb") as log:
            containerd = subprocess.Popen(
                [str(BINARIES / "containerd"), "--config", str(configuration)],
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )
            try:
                ctr = [str(BINARIES / "ctr"), "--address", socket, "--namespace", "k8s.io"]
                _wait_for_containerd([*ctr, "version"], containerd, Path(run, "log"))
                commands.pipe(
                    ["tar", "--create", f"--directory={component_images.LAYOUT}", "."],
                    [
                        # A container needs only the unpacked layers; keeping the packed ones as
                        # well would double the size of the image.
                        *(*ctr, "images", "import", "--local", "--discard-unpacked-layers"),
                        # Keeps the kubelet's garbage collection from removing the images; no node
                        # could pull them again.
                        *("--label=io.cri-containerd.pinned=pinned", "-"),
                    ],
                    "containerd could not import the images",
                )
                commands.run(
                    [*ctr, "content", "prune", "references"],
                    "containerd could not remove the packed layers",
                )
            finally:
                containerd.terminate()
                containerd.wait()


def _wait_for_containerd(
    command: list[str], containerd: subprocess.Popen[bytes], log: Path
) -> None:
    def is_settled() -> bool:
        return commands.attempt(command).returncode == 0 or containerd.poll() is not None

    if not poll(is_settled, within=30) or containerd.poll() is not None:
        raise CommandError(
            "The containerd that imports the images didn't start:\n"
            + commands.tail(log.read_text()),
            commands.RETRY,
        )


def _import(engine: Engine, reference: str, label: str) -> None:
    # Many files are both in the node and in its images (the Kubernetes program, most of Debian).
    # Hard links save a quarter of the image. In a node, /var is a copy, so the two stay separate.
    _in_node("hardlink", "--ignore-time", "--minimum-size", "65536", "/usr", "/opt", "/var")
    commands.pipe(
        ["tar", "--create", f"--directory={NODE}", "."],
        ["docker", "import", "-", _ROOT],
        "The engine could not import the node image",
        "make doctor",
        env=engine.env,
    )
    engine.docker("build", "--label", label, "--tag", reference, "-", input=_DOCKERFILE)
    engine.docker("rmi", _ROOT)


def _copy(source: Path, target: Path) -> None:
    # Files in the Go module cache are read-only; the copies must be writable.
    shutil.copytree(source, target, copy_function=shutil.copy, dirs_exist_ok=True)
    for copied in source.rglob("*"):
        mode = 0o755 if copied.is_dir() or copied.stat().st_mode & 0o100 else 0o644
        (target / copied.relative_to(source)).chmod(mode)


def _in_node(*command: str) -> str:
    problem = f"`{' '.join(command)}` failed in the node's root file system"
    return commands.run(["chroot", str(NODE), *command], problem)
