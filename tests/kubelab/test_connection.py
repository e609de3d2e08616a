"""Which cluster a session talks to, and what it says when there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from kubelab import NoCluster, connection
from kubelab.connection import Cluster
from kubelab.errors import NotFound
from nbclaims import environment

PROXY = {"config.conf": "bindAddress: 0.0.0.0\nmode: iptables\n"}


class FakeApi:
    config_maps: ClassVar[dict[str, dict]] = {}
    opened: ClassVar[tuple[Path, str]]

    def __init__(self, kubeconfig: Path, context: str) -> None:
        type(self).opened = (kubeconfig, context)
        self.context, self.server = context, "https://127.0.0.1:6443"

    def request(self, method: str, path: str) -> dict[str, Any]:
        if path == "/version":
            return {"gitVersion": "v1.37.2"}
        name = path.rsplit("/", 1)[1]
        if name not in self.config_maps:
            raise NotFound(404, "NotFound", "no")
        return {"data": self.config_maps[name]}


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kubeconfig"
    path.touch()
    monkeypatch.setattr(connection, "KUBECONFIG", path)
    monkeypatch.setattr(connection, "Api", FakeApi)
    monkeypatch.delenv("KUBELAB_CONTEXT", raising=False)
    monkeypatch.delenv("KUBELAB_RUN", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "somebody-s"))
    mark = {"kubernetes-observed": {"images": "built", "fingerprint": "f"}}
    monkeypatch.setattr(FakeApi, "config_maps", {"kube-proxy": PROXY} | mark)
    return path


def test_the_project_s_cluster_says_what_it_is(kubeconfig: Path):
    cluster = Cluster()
    assert FakeApi.opened == (kubeconfig, "kind-kubernetes-observed")
    assert cluster.kubernetes == "v1.37.2"
    assert cluster.description == "kind, kube-proxy iptables, images built from source"


def test_claims_get_the_description_of_the_connected_cluster(kubeconfig: Path, monkeypatch):
    monkeypatch.setattr(connection, "_cluster", None)
    monkeypatch.setattr(environment, "describe", lambda: None)
    connection.cluster()
    assert environment.describe() == environment.Environment(
        version="v1.37.2",
        description="kind, kube-proxy iptables, images built from source",
        name="built",
        ingredients={"cluster": "f", "version": "v1.37.2"},
    )


def test_a_test_hands_labs_another_cluster_for_a_while(kubeconfig: Path, monkeypatch):
    monkeypatch.setattr(connection, "_cluster", None)
    monkeypatch.setattr(environment, "describe", lambda: None)
    other = Cluster()
    monkeypatch.setattr(other, "describe", lambda: environment.Environment("v1.0.0", "another"))
    with connection.use(other):
        assert connection.cluster() is other
        assert environment.describe().version == "v1.0.0"
    assert environment.describe() is None
    assert connection.cluster() is not other


def test_without_a_kubeconfig_there_is_no_cluster_yet(kubeconfig: Path):
    kubeconfig.unlink()
    with pytest.raises(NoCluster) as failure:
        Cluster()
    assert str(failure.value) == (
        f"There is no cluster yet: {kubeconfig} does not exist.\n  Next: make cluster"
    )


def test_no_lab_runs_on_a_cluster_without_the_mark(kubeconfig: Path):
    del FakeApi.config_maps["kubernetes-observed"]
    with pytest.raises(NoCluster, match="does not carry the project's mark") as failure:
        Cluster()
    assert "Next: make cluster" in str(failure.value)


def test_another_cluster_takes_an_exact_context_and_a_file_that_is_named(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KUBELAB_CONTEXT", "mine")
    (tmp_path / "somebody-s").touch()
    assert Cluster().describe() == environment.Environment(
        version="v1.37.2", description="context mine", name="context mine"
    )
    assert FakeApi.opened == (tmp_path / "somebody-s", "mine")


def test_a_session_begins_with_where_it_is_and_what_it_will_create(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(connection, "_cluster", None)
    monkeypatch.setattr(environment, "describe", lambda: None)
    connection.cluster()
    connection.cluster()
    assert capsys.readouterr().out == (
        "Cluster: kind-kubernetes-observed at https://127.0.0.1:6443, Kubernetes v1.37.2.\n"
        "Each lab creates a namespace there, and deletes it with all that is in it.\n"
    )


@pytest.mark.parametrize("marked", [True, False])
def test_on_another_cluster_the_mark_is_read_and_told(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: bool
):
    monkeypatch.setenv("KUBELAB_CONTEXT", "mine")
    (tmp_path / "somebody-s").touch()
    if not marked:
        del FakeApi.config_maps["kubernetes-observed"]
    assert Cluster().announcement == (
        "Cluster: mine at https://127.0.0.1:6443, Kubernetes v1.37.2. "
        + (
            "It carries the mark of the book's own cluster.\n"
            if marked
            else "It isn't the book's own cluster: labs run there because KUBELAB_CONTEXT names "
            "it.\n"
        )
        + "Each lab creates a namespace there, and deletes it with all that is in it."
    )


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ("/a:/b", "KUBECONFIG names 2 files (/a:/b), and labs read exactly one."),
        ("", "KUBECONFIG is empty, and labs read exactly one."),
        ("/nowhere/config", "KUBECONFIG names /nowhere/config, which does not exist."),
    ],
)
def test_another_cluster_s_kubeconfig_is_one_file(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch, named: str, problem: str
):
    monkeypatch.setenv("KUBELAB_CONTEXT", "mine")
    monkeypatch.setenv("KUBECONFIG", named)
    with pytest.raises(NoCluster) as failure:
        Cluster()
    assert str(failure.value) == (
        f"{problem}\n  Next: export KUBECONFIG=<the file with the context mine>"
    )


def test_a_warning_is_told_to_its_end_also_with_quotes_in_it():
    headers = [r'299 - "ignored: not \"ExternalName\"", 299 - "old"']
    assert connection.warnings_in(headers) == ['ignored: not "ExternalName"', "old"]
