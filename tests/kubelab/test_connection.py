"""Which cluster a session talks to, and what it says when there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from kubernetes.client.rest import ApiException
from kubernetes.dynamic.exceptions import NotFoundError
from urllib3.exceptions import MaxRetryError

from kubelab import NoCluster, connection
from kubelab.connection import Cluster
from nbclaims import environment

PROXY = {"config.conf": "bindAddress: 0.0.0.0\nmode: iptables\n"}


class FakeApi:
    config_maps: ClassVar[dict[str, dict]] = {}
    opened: ClassVar[tuple[Path, str]]

    def __init__(self, kubeconfig: Path, context: str) -> None:
        type(self).opened = (kubeconfig, context)

    def request(self, method: str, path: str) -> dict[str, Any]:
        if path == "/version":
            return {"gitVersion": "v1.37.2"}
        name = path.rsplit("/", 1)[1]
        if name not in self.config_maps:
            raise NotFoundError(ApiException(status=404, reason="Not Found"))
        return {"data": self.config_maps[name]}


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kubeconfig"
    path.touch()
    monkeypatch.setattr(connection, "KUBECONFIG", path)
    monkeypatch.setattr(connection, "Api", FakeApi)
    monkeypatch.delenv("KUBELAB_CONTEXT", raising=False)
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


def test_a_cluster_that_does_not_answer_keeps_its_error_and_gets_a_next_step():
    with pytest.raises(MaxRetryError) as failure, connection._with_next_step():
        raise MaxRetryError(None, "/version")
    assert failure.value.__notes__ == [
        "The cluster does not answer.\n  Next: make doctor, then make cluster"
    ]


def test_a_warning_is_told_to_its_end_also_with_quotes_in_it():
    headers = [r'299 - "ignored: not \"ExternalName\"", 299 - "old"']
    assert connection.warnings_in(headers) == ['ignored: not "ExternalName"', "old"]
