"""`python -m cluster up`: the book's cluster, reused when healthy, made again when not."""

import contextlib
import fcntl
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cluster import addons, checks, hermetic, kind, paths, pulled, registry, versions
from cluster import engine as engines
from cluster import recipe as recipes
from cluster.engine import Engine
from cluster.errors import Stop
from cluster.from_source import node_image
from cluster.progress import step

MARK = "kubernetes-observed"
"""The ConfigMap in kube-public that marks the cluster as the project's, written when it is up."""

_NODE_IMAGES = {"built": node_image, "pulled": pulled}
"""The module that makes the node image, by the way the images come."""


def up() -> None:
    """Brings the cluster up and prints how to use it.

    Raises Stop with the last state that was seen when it does not come up.
    """
    start = time.monotonic()
    with _one_at_a_time():
        engine = engines.connect()
        way = registry.way()
        # Before the build: a file that changes meanwhile is not in the cluster yet.
        mark = _mark(way)
        wrong = _what_is_wrong(engine, mark)
        if wrong:
            if kind.running_nodes(engine):
                print(f"The cluster is there, but {wrong}: making it again.", flush=True)
            image = _NODE_IMAGES[way].build(engine)
            with step("Creating the cluster", 45):
                _create(engine, image, mark)
        else:
            hermetic.seal(engine)
    print(
        f"The cluster is up ({time.monotonic() - start:.0f} s).\n"
        f"  kubectl: export KUBECONFIG={paths.KUBECONFIG} PATH={paths.ROOT}/.venv/bin:$PATH"
    )


def _what_is_wrong(engine: Engine, expected: dict) -> str:
    """Why the cluster cannot be used as it is; nothing if it can."""
    if len(kind.running_nodes(engine)) < 3 or not paths.KUBECONFIG.exists():
        return "not all of its nodes run"
    found = kind.try_kubectl(
        *("get", "configmap", MARK, "--namespace=kube-public", "--output=json"),
        "--request-timeout=2s",
    )
    if found.returncode != 0:
        return "it was never finished, or does not answer"
    if json.loads(found.stdout)["data"] != expected["data"]:
        return "it was made from other versions or in another way"
    waiting = checks.not_ready_nodes()
    return f"{', '.join(waiting)} not Ready" if waiting else ""


def _create(engine: Engine, image: str, mark: dict) -> None:
    kind.delete(engine)
    creating = kind.start_creating(engine, image)
    try:
        # The add-ons are applied as soon as the API server answers, while the workers join.
        _until_the_api_answers(engine, creating)
        addons.apply(engine)
        if creating.wait() != 0:
            raise _not_created()
        hermetic.seal(engine)
        checks.wait_until_up(engine, image)
    except BaseException:
        if creating.poll() is None:
            creating.terminate()
            creating.wait()
        raise
    kind.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(mark))
    # Node images of earlier recipes, a gigabyte each, which no node uses any more.
    engine.docker(*("image", "prune", "--force", "--filter", "label=kubernetes-observed.images"))


def _until_the_api_answers(engine: Engine, creating: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    while creating.poll() is None:
        if kind.write_kubeconfig(engine):
            answer = kind.try_kubectl("get", "--raw=/readyz", "--request-timeout=2s")
            # CoreDNS's configuration is replaced before CoreDNS starts, so it has to be there.
            coredns = ("get", "configmap", "coredns", "--namespace=kube-system")
            if answer.stdout == "ok" and kind.try_kubectl(*coredns).returncode == 0:
                return
        pause.wait(0.3)
    if creating.returncode != 0:
        raise _not_created()


def _not_created() -> Stop:
    tail = "\n".join(kind.creation_log().read_text().splitlines()[-25:])
    return Stop(
        f"kind could not create the cluster:\n{tail}\n(all of it: {kind.creation_log()})",
        "make doctor, then the same command again",
    )


def _mark(way: registry.Way) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": MARK, "namespace": "kube-public"},
        "data": {"project": MARK, "images": way, "recipe": recipe(way)},
    }


def recipe(way: registry.Way) -> str:
    """A digest of all that the cluster is made from; when it changes, the cluster is made again."""
    made_from = [
        kind.CONFIGURATION,
        Path(addons.__file__),
        *(versions.HERE / "kubelet-with-capped-back-off").iterdir(),
        *(versions.HERE / "manifests").rglob("*"),
        *(versions.GO_MODULES / unit / "go.mod" for unit in ("gateway-api", "kind", "metallb")),
    ]
    return recipes.digest(made_from, _NODE_IMAGES[way].recipe())


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two commands at once would create the cluster twice; the second waits for the first."""
    paths.STATE.mkdir(exist_ok=True)
    with (paths.STATE / "cluster.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another command is making the cluster: waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
