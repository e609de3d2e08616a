"""The images that run inside the node, as one OCI layout."""

from pathlib import Path

from cluster import paths, versions
from cluster.from_source.binaries import BINARIES
from cluster.from_source.debian_root import BASE, NODE, package_layer
from cluster.from_source.oci_layout import Image, write_layer, write_layout

LAYOUT = paths.STATE / "build" / "images"

_LAYERS = paths.STATE / "build" / "layers"
_COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
_IPTABLES = ("iptables", "iptables-save", "iptables-restore")


def write() -> None:
    """Writes LAYOUT from the programs in BINARIES and the Debian roots.

    Every image keeps its publisher's layout: the same paths, entry point and default argument.
    """
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
                    f"registry.k8s.io/{name}:{versions.KUBERNETES}",
                    # The base lies below, although only kube-proxy needs it: a layer is unpacked
                    # once for each stack it is part of, and this way all four share one stack.
                    [BASE, kubernetes, *([iptables] if name == "kube-proxy" else [])],
                    entrypoint=[f"/usr/local/bin/{name}"],
                )
                for name in _COMPONENTS
            ),
            _single(versions.KUBEADM_IMAGES["etcd"], "usr/local/bin/etcd", BINARIES / "etcd"),
            _single(versions.KUBEADM_IMAGES["coredns"], "coredns", BINARIES / "coredns"),
            _single(
                versions.KUBEADM_IMAGES["pause"],
                "pause",
                # A static init that does nothing but reap, which is all that pause is.
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
                # Of the package the server alone, which its /bin/prometheus is after Debian's
                # merge of /bin and /usr/bin; the pages of its web interface would need more.
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
    """An image with one static program and nothing else."""
    layer = write_layer(_LAYERS / f"{Path(path).name}.tar", {path: program})
    return Image(reference, [layer], entrypoint=[f"/{path}", *(arguments or [])])
