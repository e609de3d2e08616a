"""The images that run in a node, as one OCI layout."""

from pathlib import Path

from cluster import paths, release, versions
from cluster.from_source.binaries import BINARIES
from cluster.from_source.debian_root import BASE, NODE, package_layer
from cluster.from_source.oci_layout import Image, write_layer, write_layout

LAYOUT = paths.STATE / "build" / "images"

_LAYERS = paths.STATE / "build" / "layers"
_COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
_IPTABLES = ("iptables", "iptables-save", "iptables-restore")


def write() -> None:
    """Write LAYOUT from the programs in BINARIES and the Debian root file systems.

    Every image has the paths, entry point and default arguments of its publisher's image.
    """
    kubernetes_version = release.current().version
    kubeadm_images = release.current().kubeadm_images
    _LAYERS.mkdir(parents=True, exist_ok=True)
    # One layer, because the components are one program under several names (go/kubernetes/main.go).
    kubernetes = write_layer(
        _LAYERS / "kubernetes.tar",
        {"usr/local/bin/kubernetes": BINARIES / "kubernetes"},
        links={f"usr/local/bin/{name}": "kubernetes" for name in (*_COMPONENTS, "kubectl")},
    )
    iptables = write_layer(
        _LAYERS / "iptables.tar",
        {
            "usr/local/sbin/iptables-of-the-node": versions.HERE
            / "from_source/kube-proxy/usr/local/sbin/iptables-of-the-node"
        },
        links={
            f"usr/local/sbin/{name}": "iptables-of-the-node"
            for name in (*_IPTABLES, *(name.replace("ip", "ip6", 1) for name in _IPTABLES))
        },
    )
    write_layout(
        LAYOUT,
        [
            *(
                Image(
                    f"registry.k8s.io/{name}:{kubernetes_version}",
                    # Only kube-proxy needs BASE. containerd unpacks a layer once for each stack of
                    # layers below it, so with BASE in all four images it unpacks `kubernetes` once.
                    [BASE, kubernetes, *([iptables] if name == "kube-proxy" else [])],
                    entrypoint=[f"/usr/local/bin/{name}"],
                )
                for name in _COMPONENTS
            ),
            _single(kubeadm_images["etcd"], "usr/local/bin/etcd", BINARIES / "etcd"),
            _single(kubeadm_images["coredns"], "coredns", BINARIES / "coredns"),
            _single(
                kubeadm_images["pause"],
                "pause",
                # A static init that only reaps zombie processes, as pause does.
                NODE / "usr/bin/catatonit",
                arguments=["-P"],
            ),
            Image(
                versions.IMAGES["agnhost"],
                [BASE, write_layer(_LAYERS / "agnhost.tar", {"agnhost": BINARIES / "agnhost"})],
                entrypoint=["/agnhost"],
                command=["pause"],
            ),
            _single(
                versions.IMAGES["metallb-controller"], "controller", BINARIES / "metallb-controller"
            ),
            _single(versions.IMAGES["metallb-speaker"], "speaker", BINARIES / "metallb-speaker"),
            _single(versions.IMAGES["traefik"], "usr/local/bin/traefik", BINARIES / "traefik"),
            _single(versions.IMAGES["loki"], "usr/bin/loki", BINARIES / "loki"),
            _single(
                versions.IMAGES["statsd-exporter"],
                "bin/statsd_exporter",
                BINARIES / "statsd_exporter",
            ),
            Image(
                versions.IMAGES["prometheus"],
                # Only the server, without the pages of its web interface. In the image its path is
                # /bin/prometheus, because Debian merges /bin into /usr/bin.
                [BASE, package_layer("prometheus", _LAYERS, only=["usr/bin/prometheus"])],
                entrypoint=["/bin/prometheus"],
            ),
            Image(
                versions.IMAGES["syslog-ng"],
                [BASE, package_layer("syslog-ng", _LAYERS)],
                entrypoint=["/usr/sbin/syslog-ng", "-F"],
            ),
        ],
    )


def _single(reference: str, path: str, program: Path, arguments: list[str] | None = None) -> Image:
    """Return an image with one static program and nothing else."""
    layer = write_layer(_LAYERS / f"{Path(path).name}.tar", {path: program})
    return Image(reference, [layer], entrypoint=[f"/{path}", *(arguments or [])])
