"""The node image: kind's recipe for its own, followed with what can be had without a registry.

kind's entry point, units and settings come from kind's own Go module, so that they are those of
the kind program that starts the node. The files in from_source/node/ are what differs.
"""

import json
import shutil
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster import recipe as recipes
from cluster import versions
from cluster.engine import Engine
from cluster.errors import Stop
from cluster.from_source import binaries, component_images, debian_root
from cluster.from_source.binaries import BINARIES
from cluster.from_source.debian_root import NODE
from cluster.progress import step

REFERENCE = f"kindest/node:{versions.KUBERNETES}"

_RECIPE = versions.HERE / "from_source"


_DOCKERFILE = """\
FROM {root}
ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]
# systemd looks for it: https://systemd.io/CONTAINER_INTERFACE/
ENV container=docker
# systemd ends on this signal; on SIGTERM it executes itself again.
STOPSIGNAL SIGRTMIN+3
LABEL kubernetes-observed.images=built
"""


def recipe() -> str:
    """A digest of all that decides what the image contains; equal digests, equal image."""
    used = [
        versions.KUBEADM_IMAGES,
        versions.IMAGES,
        versions.DEBIAN_SUITE,
        versions.BASE_PACKAGES,
        versions.NODE_PACKAGES,
        versions.IMAGE_PACKAGES,
    ]
    return recipes.digest(_RECIPE.rglob("*"), json.dumps(used))


def build(engine: Engine) -> str:
    """Builds the image where it is not built yet, and returns its reference."""
    made_from = recipe()
    if recipes.is_made(engine, REFERENCE, made_from):
        return REFERENCE
    print(
        f"Building {REFERENCE} from source: about 15 minutes on two cores, "
        "about one when Go's caches are warm.",
        flush=True,
    )
    start = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        # Waits for the network while the compiler has the cores.
        debian_root_made = beside.submit(debian_root.bootstrap)
        binaries.compile_all()
        binaries.unpack_wheels()
        with step("Making the Debian root file systems", 40):
            debian_root_made.result()
    with step("Packing the images", 10):
        component_images.write()
    with step("Unpacking them into the node's containerd", 15):
        _install_kind_files()
        _install_programs()
        _load_images()
    with step("Importing the node image", 20):
        _import(engine, recipes.label(made_from))
    shutil.rmtree(NODE)
    print(f"Built {REFERENCE} in {time.monotonic() - start:.0f} s.", flush=True)
    return REFERENCE


def _install_kind_files() -> None:
    """kind's own files for its base image, then ours; the Dockerfile beside them says how."""
    kind = binaries.module_directory("kind", "sigs.k8s.io/kind") / "images" / "base" / "files"
    _copy(kind, NODE)
    for script in [*(NODE / "usr/local/bin").iterdir(), *(NODE / "kind/bin").iterdir()]:
        script.chmod(0o755)
    _copy(_RECIPE / "node", NODE)

    # systemd in a container must not run what sets up a machine: it fights the host over udev,
    # binfmt_misc and /tmp. Symptom: the node hangs before "Reached target Multi-User System".
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

    (NODE / "kind/version").write_text(versions.KUBERNETES)
    network = NODE / "kind/manifests/default-cni.yaml"
    network.write_text(network.read_text().replace("@KUBERNETES_VERSION@", versions.KUBERNETES))
    containerd = NODE / "etc/containerd/config.toml"
    configuration = containerd.read_text()
    sandbox = 'sandbox_image = "registry.k8s.io/pause:3.10"'
    if sandbox not in configuration:
        raise Stop(
            f"kind's containerd configuration no longer says {sandbox}", "adapt node_image.py"
        )
    containerd.write_text(
        configuration.replace(sandbox, f'sandbox_image = "{versions.KUBEADM_IMAGES["pause"]}"')
    )
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
    # The spec that every container of the node starts from, as in kind's Dockerfile but for its
    # hook: a shell script, at the start of each container, that hides the machine's serial number.
    specification = _in_node("bash", "-c", "ctr oci spec | jq 'del(.process.rlimits)'")
    (NODE / "etc/containerd/cri-base.json").write_text(specification)
    # Each program says its version here rather than failing later inside a node.
    for command in (
        "containerd --version",
        "runc --version",
        "crictl --version",
        "kubelet --version",
    ):
        _in_node(*command.split())


def _load_images() -> None:
    """Lets the node's own containerd unpack the images, so that a node has them when it starts."""
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
                _until_it_answers([*ctr, "version"], containerd, Path(run, "log"))
                with subprocess.Popen(
                    ["tar", "--create", f"--directory={component_images.LAYOUT}", "."],
                    stdout=subprocess.PIPE,
                ) as layout:
                    loaded = subprocess.run(
                        # Unpacked layers suffice to start containers; packed ones as well would
                        # double the image.
                        [
                            *(*ctr, "images", "import", "--local", "--discard-unpacked-layers"),
                            # The kubelet must not remove what no node can get again.
                            *("--label=io.cri-containerd.pinned=pinned", "-"),
                        ],
                        stdin=layout.stdout,
                        capture_output=True,
                        text=True,
                    )
                if loaded.returncode != 0:
                    raise Stop(
                        f"containerd could not unpack the images:\n{loaded.stderr[-2000:]}",
                        "make doctor, then the same command again",
                    )
                subprocess.run(
                    [*ctr, "content", "prune", "references"], check=True, capture_output=True
                )
            finally:
                containerd.terminate()
                containerd.wait()


def _until_it_answers(command: list[str], daemon: subprocess.Popen[bytes], log: Path) -> None:
    pause = threading.Event()
    for _ in range(200):
        if subprocess.run(command, capture_output=True).returncode == 0:
            return
        if daemon.poll() is not None:
            break
        pause.wait(0.1)
    raise Stop(
        f"The containerd that unpacks the images did not start:\n{log.read_text()[-2000:]}",
        "make doctor, then the same command again",
    )


def _import(engine: Engine, label: str) -> None:
    # A file that is both in the node and in an image of the node (the Kubernetes program, most of
    # Debian) is stored once: a quarter of the image. Nodes get their own copies of /var anyway.
    _in_node("hardlink", "--ignore-time", "--minimum-size", "65536", "/usr", "/opt", "/var")
    root = "kubernetes-observed/node-root"
    with subprocess.Popen(
        ["tar", "--create", f"--directory={NODE}", "."], stdout=subprocess.PIPE
    ) as tar:
        imported = subprocess.run(
            ["docker", "import", "-", root],
            stdin=tar.stdout,
            env=engine.env,
            capture_output=True,
            text=True,
        )
    if imported.returncode != 0:
        raise Stop(f"The engine did not take the node image:\n{imported.stderr}", "make doctor")
    engine.docker(
        *("build", "--label", label, "--tag", REFERENCE, "-"),
        input=_DOCKERFILE.format(root=root),
    )
    engine.docker("rmi", root)


def _copy(source: Path, target: Path) -> None:
    # Files of the Go module cache are read-only; the copies must not be.
    shutil.copytree(source, target, copy_function=shutil.copy, dirs_exist_ok=True)
    for copied in source.rglob("*"):
        mode = 0o755 if copied.is_dir() or copied.stat().st_mode & 0o100 else 0o644
        (target / copied.relative_to(source)).chmod(mode)


def _in_node(*command: str) -> str:
    ran = subprocess.run(["chroot", str(NODE), *command], capture_output=True, text=True)
    if ran.returncode != 0:
        raise Stop(
            f"{' '.join(command)} failed in the node's root file system:\n{ran.stderr[-2000:]}",
            "make doctor, then the same command again",
        )
    return ran.stdout
