"""A lab against an API server that records its requests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from kubelab import Lab, NoCluster, connection, has, polling, runs
from kubelab import kubectl as kubectl_module
from kubelab import lab as lab_module
from kubelab.clients import HostClient, PodClient
from kubelab.connection import Cluster
from kubelab.errors import (
    ApiError,
    Cause,
    LabClosed,
    NotFound,
    Server,
    StaleObject,
    UnknownKind,
    Unreachable,
)
from kubelab.lab import close_all
from kubelab.manifests import ManifestError
from kubelab.needs import NEEDS
from kubelab.results import ApplyResult
from kubelab.store import Store
from nbclaims import environment

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: worker, image: i}]}
"""


class FakeApi:
    """Namespaces exist as soon as they are requested; objects are accepted as they are."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.refusal: ApiError | None = None

    def request(self, method: str, path: str, body: Any = None, **_: Any) -> dict:
        self.asked.append((method, path))
        if self.refusal:
            raise self.refusal
        here = {"name": "p", "uid": "uid-1", "resourceVersion": "2"}
        return {"kind": "Pod", "metadata": here, "items": [{"metadata": {"name": "namespace"}}]}

    def text(self, path: str) -> str:
        return path

    def is_namespaced(self, version: str, kind: str) -> bool:
        return kind not in ("IngressClass", "Namespace", "ClusterRole")

    def apply(
        self, manifest: dict, namespace: str, dry_run: bool = False, force: bool = False
    ) -> dict:
        self.request("apply", "dry run" if dry_run else namespace)
        metadata = {"uid": "uid-1", "resourceVersion": "1"} | manifest["metadata"]
        return manifest | {"metadata": metadata}

    def warnings(self, manifest: dict, namespace: str, dry_run: bool) -> list[str]:
        self.apply(manifest, namespace, dry_run)
        return ["v1 Endpoints is deprecated"] if manifest["kind"] == "Endpoints" else []

    def path(self, version: str, kind: str, namespace: str = "", name: str = "") -> str:
        return f"/{kind}/{name}"


class FakeInformer(Store):
    """Every namespace has its default ServiceAccount at once."""

    def __init__(self, api: FakeApi, path: str) -> None:
        super().__init__()
        if path.startswith("/ServiceAccount"):
            self.put("ADDED", {"metadata": {"name": "default", "resourceVersion": "1"}})

    def stop(self) -> None: ...


class FakeCluster(Cluster):
    """The cluster of the fake API server."""

    def __init__(self, api: FakeApi, foreign: str | None = None) -> None:
        self.api, self.foreign = api, foreign
        self.kubernetes, self.description = "v1.37.2", "context mine"
        self._environment = environment.Environment(self.kubernetes, self.description)

    def informer(self, path: str) -> FakeInformer:
        return FakeInformer(self.api, path)


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    fake = FakeApi()
    monkeypatch.setattr(lab_module.secrets, "token_hex", lambda _: "c0ffee")
    monkeypatch.setattr(runs, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(runs, "_lock", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    Path("manifests/never-exits-1.yaml").write_text(POD)
    with connection.use(FakeCluster(fake)):
        yield fake
        fake.refusal = None
        close_all()
    if runs._lock:
        runs._lock.close()


def invalid(status: int = 422, cause: str = "") -> ApiError:
    """What the API server says to a value that validation forbids."""
    return ApiError(
        status, "Invalid", "no", (Cause("spec.restartPolicy", "Unsupported value", cause),)
    )


def test_every_call_prints_the_kubectl_command_that_does_the_same(api: FakeApi, capsys):
    lab = Lab("restart-policies")
    pod = lab.apply("never-exits-1.yaml")
    lab.try_apply("never-exits-1.yaml")
    pod.patch({"spec": {"restartPolicy": "Never"}})
    pod.delete()
    lab.close()
    namespace = "restart-policies-c0ffee"
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("$")] == [
        f"$ kubectl create namespace {namespace}",
        f"$ kubectl apply --server-side -n {namespace} -f manifests/never-exits-1.yaml",
        f"$ kubectl apply --server-side --dry-run=server -n {namespace} "
        "-f manifests/never-exits-1.yaml",
        f"""$ kubectl patch pod/p -n {namespace} -p '{{"spec": {{"restartPolicy": "Never"}}}}'""",
        f"$ kubectl delete pod/p -n {namespace} --wait=false",
        f"$ kubectl delete namespace {namespace} --wait=false",
    ]


def test_a_refusal_is_an_answer_with_status_field_and_message(api: FakeApi):
    lab = Lab("x")
    api.refusal = invalid()
    refusal = lab.try_apply("never-exits-1.yaml")
    assert refusal == ApplyResult(422, "Invalid", "spec.restartPolicy", "no")
    assert not refusal.accepted


def test_an_acceptance_is_not_the_answer_until_admission_has_caught_up(
    api: FakeApi, monkeypatch, capsys
):
    def warnings(*asked: Any) -> list[str]:
        if next(refuses):
            raise invalid()
        return []

    lab, refuses = Lab("x"), iter([False, False, True])
    monkeypatch.setattr(api, "warnings", warnings)
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0)
    assert lab.try_apply("never-exits-1.yaml", within=5).status == 422
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "$ kubectl apply --server-side --dry-run=server -n x-c0ffee "
        "-f manifests/never-exits-1.yaml",
        "no",
    ]


def test_what_is_no_refusal_stays_an_error(api: FakeApi):
    lab = Lab("x")
    api.refusal = invalid(500)
    with pytest.raises(ApiError):
        lab.try_apply("never-exits-1.yaml")


def test_an_object_in_no_namespace_is_looked_at_or_is_not_there(api: FakeApi, capsys):
    lab = Lab("x")
    assert lab.cluster_object("v1", "Node", "worker")["kind"] == "Pod"
    assert api.asked[-1] == ("get", "/Node/worker")
    assert capsys.readouterr().out.endswith("$ kubectl get node worker -o yaml\n")
    api.refusal = NotFound(404, "NotFound", "no")
    assert lab.cluster_object("v1", "Node", "nobody") is None


def test_an_eviction_is_asked_for_and_a_budget_may_refuse_it(api: FakeApi, capsys):
    pod = Lab("x").apply("never-exits-1.yaml")
    assert pod.evict().accepted
    assert api.asked[-1] == ("post", "/Pod/p/eviction")
    assert "$ kubectl create --raw /Pod/p/eviction -f - <<< '{" in capsys.readouterr().out
    api.refusal = invalid(429, "DisruptionBudget")
    assert pod.evict().status == 429
    api.refusal = invalid(429)
    with pytest.raises(ApiError):
        pod.evict()


def test_a_refused_apply_says_what_to_do_next(api: FakeApi, tmp_path: Path):
    lab = Lab("x")
    api.refusal = invalid()
    with pytest.raises(ApiError) as failure:
        lab.apply("never-exits-1.yaml")
    assert str(failure.value) == (
        "manifests/never-exits-1.yaml, line 4: "
        "the API server rejected Pod p (422 Invalid)\n\n"
        "  spec.restartPolicy: Unsupported value\n\n"
        "  Next: correct spec.restartPolicy in never-exits-1.yaml (line 4) and run the cell again"
    )


def test_running_the_set_up_cell_again_closes_the_lab_it_made_before(api: FakeApi, capsys):
    Lab("x")
    Lab("x")
    assert capsys.readouterr().out.splitlines() == [
        "$ kubectl create namespace x-c0ffee",
        "$ kubectl delete namespace x-c0ffee --wait=false",
        "$ kubectl create namespace x-c0ffee",
    ]


def test_an_object_whose_file_could_not_be_applied_is_stale_until_it_is_applied(api: FakeApi):
    lab = Lab("x")
    pod = lab.apply("never-exits-1.yaml")
    api.refusal = invalid()
    with pytest.raises(ApiError):
        lab.apply("never-exits-1.yaml")
    api.refusal = None
    for use in (
        lambda: pod.phase,
        lambda: pod.timeline,
        lambda: pod.wait(until=has("spec")),
        lambda: pod.hold(has("spec"), 1),
        pod.delete,
        pod.logs,
    ):
        with pytest.raises(StaleObject) as failure:
            use()
        message = (
            "never-exits-1.yaml could not be applied, so this object no longer says what the file "
            "says\n  Next: correct the file and run the cell that applies it again"
        )
        assert failure.value._render_traceback_() == [f"StaleObject: {message}"]
    assert str(pod) == "Pod p"
    lab.apply("never-exits-1.yaml")
    assert pod.object


@pytest.mark.parametrize("manifest", ["", "kind: [\n"])
def test_a_file_that_is_no_manifest_makes_its_objects_stale_as_well(api: FakeApi, manifest):
    lab = Lab("x")
    pods = lab.apply_all("never-exits-1.yaml")
    Path("manifests/never-exits-1.yaml").write_text(manifest)
    with pytest.raises(ManifestError):
        lab.apply_all("never-exits-1.yaml")
    with pytest.raises(StaleObject):
        _ = pods[0].phase


def test_a_closed_lab_and_its_objects_refuse(api: FakeApi):
    lab = Lab("x")
    pod = lab.apply("never-exits-1.yaml")
    lab.close()
    for use in (
        lambda: pod.phase,
        lambda: pod.wait(until=has("spec")),
        pod.delete,
        lambda: lab.apply("never-exits-1.yaml"),
        lambda: lab.try_apply("never-exits-1.yaml"),
        lambda: lab.pods({}),
        lambda: lab.kubectl("get pods"),
        lambda: lab.nodes(),
    ):
        with pytest.raises(LabClosed) as failure:
            use()
        message = (
            "the lab x is closed, and its namespace x-c0ffee is deleted\n"
            "  Next: run the set-up cell, then the cells below it"
        )
        assert failure.value._render_traceback_() == [f"LabClosed: {message}"]


def test_objects_say_that_the_api_server_does_not_answer(api: FakeApi):
    pod = Lab("x").apply("never-exits-1.yaml")
    pod.informer.fail(Unreachable("connection refused", server=Server("https://a", "c")))
    with pytest.raises(Unreachable) as failure:
        _ = pod.phase
    assert str(failure.value) == (
        "the API server at https://a doesn't answer: connection refused\n\n"
        "  Next: make doctor, then make cluster"
    )


def test_closing_twice_deletes_once(api: FakeApi):
    lab = Lab("x")
    lab.close()
    lab.close()
    assert api.asked.count(("delete", "/api/v1/namespaces/namespace")) == 1


def test_several_documents_are_for_apply_all(api: FakeApi, tmp_path: Path):
    Path("manifests/two.yaml").write_text(f"{POD}---\n{POD.replace('name: p', 'name: q')}")
    lab = Lab("x")
    assert [found.name for found in lab.apply_all("two.yaml")] == ["p", "q"]
    assert [result.accepted for result in lab.try_apply_all("two.yaml")] == [True, True]
    assert [found.name for found in lab.apply_all("never-exits-1.yaml")] == ["p"]
    asked = len(api.asked)
    for apply, step in ((lab.apply, "apply_all"), (lab.try_apply, "try_apply_all")):
        with pytest.raises(ValueError) as failure:
            apply("two.yaml")
        assert str(failure.value) == (
            f"manifests/two.yaml: the file has 2 documents, not one\n  Next: call {step}"
        )
    assert len(api.asked) == asked


def test_an_empty_manifest_is_an_error(api: FakeApi, tmp_path: Path):
    Path("manifests/empty.yaml").write_text("# nothing\n")
    with pytest.raises(ValueError) as failure:
        Lab("x").apply("empty.yaml")
    assert str(failure.value) == (
        "manifests/empty.yaml: the file has no manifest: it is empty, or all of it is "
        "comments\n  Next: write a manifest into it and run the cell again"
    )


@pytest.mark.parametrize(
    ("manifest", "call", "message"),
    [
        (
            POD.replace("Pod", "ClusterRole"),
            "apply",
            "line 2: a ClusterRole is in no namespace, so it would outlive the lab\n"
            '  Next: call lab.apply_cluster_scoped("a.yaml")',
        ),
        (
            POD.replace("Pod", "Namespace"),
            "try_apply_all",
            "line 2: a Namespace is in no namespace, so it would outlive the lab\n"
            '  Next: call lab.apply_cluster_scoped("a.yaml")',
        ),
        (
            POD,
            "apply_cluster_scoped",
            'line 2: a Pod is in a namespace\n  Next: call lab.apply("a.yaml")',
        ),
        (
            POD.replace("{name: p}", "{name: p, namespace: kube-system}"),
            "apply_all",
            "line 3: metadata.namespace is kube-system, and the lab's namespace is x-c0ffee\n"
            "  Next: remove metadata.namespace and run the cell again",
        ),
    ],
)
def test_what_does_not_belong_in_the_labs_namespace_is_not_sent(
    api: FakeApi, tmp_path: Path, manifest: str, call: str, message: str
):
    Path("manifests/a.yaml").write_text(manifest)
    lab = Lab("x")
    with pytest.raises(ManifestError) as failure:
        getattr(lab, call)("a.yaml")
    assert str(failure.value) == f"manifests/a.yaml, {message}"
    assert not [method for method, _ in api.asked if method == "apply"]


def test_the_labs_own_namespace_may_stand_in_a_manifest(api: FakeApi):
    Path("manifests/a.yaml").write_text(POD.replace("{name: p}", "{name: p, namespace: x-c0ffee}"))
    assert Lab("x").apply("a.yaml").name == "p"


def test_a_kind_that_is_not_served_is_named_with_its_line(api: FakeApi, tmp_path, monkeypatch):
    def unknown(version: str, kind: str) -> bool:
        raise UnknownKind(version, kind, ["Pod (v1)"], Server("", ""))

    monkeypatch.setattr(api, "is_namespaced", unknown)
    Path("manifests/a.yaml").write_text(POD.replace("Pod", "Pdo"))
    with pytest.raises(UnknownKind) as failure:
        Lab("x").apply("a.yaml")
    assert str(failure.value) == (
        "manifests/a.yaml, line 2: the API server serves no kind Pdo of apiVersion v1; "
        "close names: Pod (v1)\n\n  Next: correct kind and apiVersion and run the cell again, or "
        "install the CRD that defines the kind"
    )


def test_an_object_with_a_generated_name_is_created(api: FakeApi, monkeypatch, capsys):
    def create(manifest: dict, namespace: str) -> dict:
        return manifest | {"metadata": {"name": "p-1", "uid": "u", "resourceVersion": "1"}}

    monkeypatch.setattr(api, "apply", create)
    Path("manifests/a.yaml").write_text(POD.replace("name: p", "generateName: p-"))
    assert Lab("x").apply("a.yaml").name == "p-1"
    assert capsys.readouterr().out.endswith("$ kubectl create -n x-c0ffee -f manifests/a.yaml\n")


def test_clients_by_their_place(api: FakeApi):
    lab = Lab("x")
    pod = lab.apply("never-exits-1.yaml")
    client = lab.client(pod)
    assert isinstance(client, PodClient) and client.pod is pod
    assert isinstance(lab.client("host"), HostClient)
    with pytest.raises(ValueError, match="client 'outside': choose a Pod, 'host' or 'external'"):
        lab.client("outside")


def test_only_the_pods_of_a_clients_own_lab_count_as_answering(api: FakeApi):
    lab, other = Lab("x"), Lab("other")
    pod = lab.apply("never-exits-1.yaml")
    for client in (lab.client(pod), lab.client("host"), lab.client("host").via("controller")):
        assert client.answers_as("p")
        assert not client.answers_as("nobody")
    assert not other.client("host").answers_as("p")
    # A Pod of one lab can be a client of another one.
    assert not other.client(pod).answers_as("p")


def test_nodes_of_a_role_are_sorted_by_name(api: FakeApi, monkeypatch, capsys):
    lab, queries = Lab("x"), []

    def request(method: str, path: str, **query: str) -> dict:
        queries.append((method, path, query))
        return {"items": [{"metadata": {"name": name}} for name in ("worker2", "worker")]}

    with monkeypatch.context() as patch:
        patch.setattr(api, "request", request)
        assert [node.name for node in lab.nodes(role="worker")] == ["worker", "worker2"]
        label = "node-role.kubernetes.io/control-plane"
        assert queries == [("get", "/api/v1/nodes", {"labelSelector": f"!{label}"})]
        assert capsys.readouterr().out.endswith(f"$ kubectl get nodes -l '!{label}'\n")
        lab.nodes(role="control-plane")
        lab.nodes()
        assert [query["labelSelector"] for _, _, query in queries[1:]] == [label, ""]
        assert capsys.readouterr().out == f"$ kubectl get nodes -l {label}\n$ kubectl get nodes\n"
        with pytest.raises(ValueError, match="role 'master': choose control-plane or worker"):
            lab.nodes(role="master")


def test_the_nodes_of_another_cluster_are_left_alone(api: FakeApi):
    with connection.use(FakeCluster(api, foreign="mine")):
        lab = Lab("foreign")
        for call in (lambda: lab.node("worker"), lab.nodes):
            with pytest.raises(NoCluster) as failure:
                call()
            assert str(failure.value) == (
                "This cluster (context mine) lacks what the lab needs:\n"
                "  nodes: the lab runs commands on the nodes\n"
                "  Next: unset KUBELAB_CONTEXT; make cluster"
            )
        with pytest.raises(NoCluster, match="external-client: the lab sends requests from a"):
            lab.client("external")


def test_a_lab_is_not_opened_on_a_cluster_that_lacks_what_the_lab_declares(api: FakeApi):
    Path("gateway.md").write_text("---\nlab: {needs: [nodes, gateway-api]}\n---\n")
    api.refusal = NotFound(404, "NotFound", "no")
    with connection.use(FakeCluster(api, foreign="mine")), pytest.raises(NoCluster) as failure:
        Lab("gateway")
    assert str(failure.value) == (
        "This cluster (context mine) lacks what the lab needs:\n"
        "  nodes: the lab runs commands on the nodes\n"
        "  gateway-api: the lab runs a Gateway controller for the GatewayClass `lab`\n"
        "  Next: unset KUBELAB_CONTEXT; make cluster"
    )
    assert api.asked == [("get", "/apis/gateway.networking.k8s.io/v1/gatewayclasses/lab")]
    api.refusal = None
    Lab("gateway")
    Path("gateway.md").write_text("---\nlab: {needs: [gpu]}\n---\n")
    with pytest.raises(ValueError, match=r"unknown needs \['gpu'\]: choose from nodes, "):
        Lab("gateway")


def test_another_cluster_shows_what_it_provides(api: FakeApi, monkeypatch):
    foreign = FakeCluster(api, foreign="mine")
    assert {need for need in NEEDS if foreign.provides(need)} == {
        "ingress-controller",
        "gateway-api",
    }
    services = {"items": [{"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}]}
    monkeypatch.setattr(api, "request", lambda method, path: services)
    assert foreign.provides("load-balancer")
    assert all(FakeCluster(api).provides(need) for need in NEEDS)


def test_kubectl_is_the_one_of_the_environment(api: FakeApi, tmp_path, monkeypatch, capsys):
    script = tmp_path / "kubectl"
    script.write_text('#!/bin/sh\n[ "$7" = nosuch ] && { echo no >&2; exit 1; }\necho "$@"\n')
    script.chmod(0o755)
    monkeypatch.setattr(kubectl_module, "KUBECTL", script)
    api.kubeconfig, api.context = Path("config"), "kind"
    lab = Lab("x")
    pod = lab.apply("never-exits-1.yaml")
    capsys.readouterr()
    where = "--kubeconfig config --context kind --request-timeout=35s"
    for call, words in (
        (pod.describe, "describe pod/p"),
        (lambda: lab.kubectl("get pods -o wide"), "get pods -o wide"),
    ):
        printed = f"{where} {words} -n x-c0ffee\n"
        assert call() == printed
        assert capsys.readouterr().out == f"$ kubectl {words} -n x-c0ffee\n{printed}"
    with pytest.raises(RuntimeError, match="kubectl get nosuch -n x-c0ffee failed: no\n  Next: "):
        lab.kubectl("get nosuch")


def test_scale_sets_the_replicas(api: FakeApi, capsys):
    deployment = Lab("x").apply("never-exits-1.yaml")
    assert deployment.scale(3).accepted
    assert api.asked[-1] == ("patch", "/Pod/p")
    assert capsys.readouterr().out.endswith("$ kubectl scale pod/p -n x-c0ffee --replicas=3\n")


def test_a_missing_manifest_is_named_with_those_that_there_are(api: FakeApi, tmp_path: Path):
    with pytest.raises(FileNotFoundError) as failure:
        Lab("x").apply("other")
    assert str(failure.value) == f"no other in {tmp_path}/manifests; there are: never-exits-1.yaml"
    with pytest.raises(FileNotFoundError) as failure:
        Lab("x").apply("never-exit-1.yaml")
    assert str(failure.value) == (
        f"no never-exit-1.yaml in {tmp_path}/manifests; did you mean never-exits-1.yaml?"
    )


def test_an_object_in_no_namespace_has_the_labs_name_and_goes_with_its_namespace(api: FakeApi):
    Path("manifests/older.yaml").write_text(POD.replace("kind: Pod", "kind: IngressClass"))
    metadata = Lab("x").apply_cluster_scoped("older.yaml").object["metadata"]
    assert metadata["name"] == "x-c0ffee-p"
    [owner] = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Namespace", "x-c0ffee", "uid-1")


def test_what_all_labs_share_is_changed_by_one_at_a_time(api: FakeApi, tmp_path: Path):
    one, other = Lab("one"), Lab("other")
    with (
        one.exclusive("default-class"),
        other.exclusive("something-else"),
        pytest.raises(Timeout),
    ):
        FileLock(tmp_path / "default-class.lock").acquire(blocking=False)
    with other.exclusive("default-class"):
        pass


def test_a_dry_run_answers_when_admission_has_caught_up(api: FakeApi, monkeypatch):
    seen = iter([{}, {}, {"spec": {"ingressClassName": "older"}}])
    monkeypatch.setattr(api, "apply", lambda manifest, namespace, dry_run: next(seen))
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0)
    lab = Lab("x")
    found = lab.dry_run("never-exits-1.yaml", until=has("spec.ingressClassName"), within=5)
    assert found["spec"] == {"ingressClassName": "older"}


def test_a_dry_run_gives_what_came_last_when_nothing_better_comes(api: FakeApi):
    lab = Lab("x")
    found = lab.dry_run("never-exits-1.yaml", until=has("spec.ingressClassName"), within=0)
    assert found["metadata"]["name"] == "p"
    assert ("apply", "dry run") in api.asked and ("apply", lab.namespace) not in api.asked


def test_the_command_for_a_tls_secret_names_files_and_does_not_print_the_key(api: FakeApi, capsys):
    pair = Lab("x").tls_secret("foo-tls", "foo.example.com").object["stringData"]
    assert pair["tls.crt"].startswith("-----BEGIN CERTIFICATE-----\n")
    assert re.match("-----BEGIN .*PRIVATE KEY-----\n", pair["tls.key"])
    printed = capsys.readouterr().out
    assert "--cert=foo.example.com.crt --key=foo.example.com.key" in printed
    assert "-----BEGIN" not in printed


def test_a_dry_run_tells_the_warnings_of_what_is_accepted(api: FakeApi, capsys) -> None:
    Path("manifests/old.yaml").write_text(
        "{apiVersion: v1, kind: Endpoints, metadata: {name: old}}"
    )
    answer = Lab("x").try_apply("old.yaml")
    assert (answer.accepted, answer.message) == (True, "v1 Endpoints is deprecated")
    assert "Warning: v1 Endpoints is deprecated\n" in capsys.readouterr().out


def test_manifests_that_a_lab_has_put_together_are_applied_and_refused_as_one(api: FakeApi, capsys):
    lab = Lab("every-end")
    [pod] = lab.documents("never-exits-1.yaml")
    assert [found.name for found in lab.apply_documents([pod, pod])] == ["p", "p"]
    assert [answer.accepted for answer in lab.try_apply_documents([pod])] == [True]
    api.refusal = invalid()
    assert [answer.status for answer in lab.try_apply_documents([pod])] == [422]
    apply = "$ kubectl apply --server-side"
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"{apply} -n every-end-c0ffee -f -",
        "2 objects",
        f"{apply} --dry-run=server -n every-end-c0ffee -f -",
        "1 accepted, 0 refused",
        f"{apply} --dry-run=server -n every-end-c0ffee -f -",
        "0 accepted, 1 refused",
    ]
