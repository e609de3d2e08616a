"""A learner edits a manifest and runs the cell again, in the lab or with kubectl in a terminal."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubelab import ApiError, Lab, phase
from kubelab.errors import UnknownKind
from kubelab.kind import AGNHOST
from kubelab.kubectl import KUBECTL
from kubelab.objects import KubernetesObject

POD = f"""\
apiVersion: v1
kind: Pod
metadata:
  name: p
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 30
  containers:
    - name: app
      image: {AGNHOST}
      imagePullPolicy: IfNotPresent
      command: [bash, -c, "exit 1"]
"""
TEMPLATE = f"""\
  template:
    metadata: {{labels: {{app: a}}}}
    spec:
      restartPolicy: Always
      terminationGracePeriodSeconds: 0
      containers: [{{name: app, image: {AGNHOST}, imagePullPolicy: IfNotPresent}}]
"""
JOB = f"""\
apiVersion: batch/v1
kind: Job
metadata: {{name: j}}
spec:
  completions: 1
{TEMPLATE.replace("Always", "Never")}"""
DEPLOYMENT = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: d}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: a}}}}
{TEMPLATE}"""
STATEFUL_SET = DEPLOYMENT.replace("Deployment", "StatefulSet").replace(
    "  replicas: 1\n", "  replicas: 1\n  serviceName: s\n"
)
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: s}
spec:
  clusterIP: None
  ports: [{port: 80}]
"""
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
immutable: true
data: {a: b}
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    lab = Lab("edit-and-run-again")
    yield lab
    lab.close()


def apply(lab: Lab, manifest: str) -> KubernetesObject:
    Path("manifests/a.yaml").write_text(manifest)
    return lab.apply("a.yaml")


def kubectl(lab: Lab, *command: str) -> subprocess.CompletedProcess[str]:
    where = ["--kubeconfig", str(lab.api.kubeconfig), "--context", lab.api.context]
    return subprocess.run(
        [KUBECTL, *where, *command, "-n", lab.namespace], capture_output=True, text=True
    )


def test_an_edited_pod_is_created_again_and_its_timeline_begins_anew(lab: Lab, capsys):
    pod = apply(lab, POD)
    pod.wait(until=phase("Failed"), within=60)
    capsys.readouterr()
    again = apply(lab, POD.replace("exit 1", "exit 0"))
    assert capsys.readouterr().out == (
        f"$ kubectl apply --server-side -n {lab.namespace} -f manifests/a.yaml\n"
        "pod/p deleted and created again: these fields can't be changed "
        "(spec.containers[0].command)\n"
    )
    timeline = again.wait(until=phase("Succeeded"), within=60)
    assert again.uid != pod.uid
    assert "Failed" not in "\n".join(timeline.lines())
    assert pod.object is None


def test_a_running_pod_with_a_long_grace_period_is_created_again_within_seconds(lab: Lab):
    pod = apply(lab, POD.replace("exit 1", "trap '' TERM; sleep 300 & wait; sleep 300"))
    pod.wait(until=phase("Running"), within=60)
    started = pod.informer.clock()
    apply(lab, POD)
    assert pod.informer.clock() - started < 20


@pytest.mark.parametrize(
    ("manifest", "old", "new", "fields"),
    [
        (JOB, "completions: 1", "completions: 2", "spec.completions"),
        (JOB, "name: app", "name: other", "spec.template.spec.containers[0].name"),
        (DEPLOYMENT, "{app: a}", "{app: b}", "spec.selector.matchLabels.app"),
        (STATEFUL_SET, "serviceName: s", "serviceName: t", "spec.serviceName"),
        (SERVICE, "clusterIP: None", "clusterIP: 10.96.0.213", "spec.clusterIP"),
        (CONFIG, "a: b", "a: c", "data.a"),
    ],
    ids=["job", "job-template", "deployment", "stateful-set", "service", "config-map"],
)
def test_what_the_api_server_fixes_is_created_again(
    lab: Lab, capsys, manifest: str, old: str, new: str, fields: str
):
    first = apply(lab, manifest)
    capsys.readouterr()
    again = apply(lab, manifest.replace(old, new))
    said = f"{again.reference} deleted and created again: these fields can't be changed ({fields})"
    assert capsys.readouterr().out.splitlines()[1:] == [said]
    assert again.uid != first.uid


def test_try_apply_reports_the_refusal_and_deletes_nothing(lab: Lab):
    pod = apply(lab, POD)
    Path("manifests/a.yaml").write_text(POD.replace("exit 1", "exit 0"))
    result = lab.try_apply("a.yaml")
    assert (result.status, result.reason, result.field) == (422, "Invalid", "spec")
    assert pod.object


def test_kubectl_in_a_terminal_and_the_lab_take_turns(lab: Lab, capsys):
    deployment = apply(lab, DEPLOYMENT)
    Path("manifests/a.yaml").write_text(DEPLOYMENT.replace("replicas: 1", "replicas: 0"))
    ran = kubectl(lab, "apply", "--server-side", "-f", "manifests/a.yaml")
    assert (ran.stdout, ran.stderr) == ("deployment.apps/d serverside-applied\n", "")
    apply(lab, DEPLOYMENT)
    capsys.readouterr()
    Path("manifests/a.yaml").write_text(DEPLOYMENT.replace("replicas: 1", "replicas: 0"))
    ran = kubectl(lab, "apply", "-f", "manifests/a.yaml")
    assert ran.stdout == "deployment.apps/d configured\n"
    assert ran.stderr.startswith(
        "Warning: resource deployments/d is missing the kubectl.kubernetes"
    )
    assert ran.stderr.count("\n") == 1
    apply(lab, DEPLOYMENT)
    deployment.scale(0)
    capsys.readouterr()
    assert apply(lab, DEPLOYMENT).object["spec"]["replicas"] == 1
    assert capsys.readouterr().out.endswith(
        "deployment/d: the file's value replaces what another command set (spec.replicas)\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "restartPolicy: Never",
            "restartPolicy: Sometimes",
            "manifests/a.yaml, line 6: the API server rejected Pod p (422 Invalid)\n\n"
            '  spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", '
            '"OnFailure", "Never"\n\n'
            "  Next: correct spec.restartPolicy in a.yaml (line 6) and run the cell again",
        ),
        (
            "restartPolicy: Never",
            "restartPolici: Never",
            "manifests/a.yaml, line 6: the API server rejected Pod p "
            "(500 Internal Server Error)\n\n"
            "  failed to create typed patch object (/p; /v1, Kind=Pod): "
            ".spec.restartPolici: field not declared in schema\n\n"
            "  Next: correct spec.restartPolici in a.yaml (line 6) and run the cell again",
        ),
    ],
)
def test_a_rejected_manifest_is_told_with_its_line(lab: Lab, old: str, new: str, text: str):
    with pytest.raises(ApiError) as failure:
        apply(lab, POD.replace(old, new))
    assert str(failure.value).replace(lab.folder.name, "edit") == text


def test_kinds_that_are_not_served_have_close_names(lab: Lab):
    with pytest.raises(UnknownKind) as failure:
        apply(lab, DEPLOYMENT.replace("apps/v1", "v1"))
    assert "close names: Deployment (apps/v1)" in str(failure.value)


def test_of_several_documents_all_are_applied_or_none(lab: Lab, capsys):
    Path("manifests/b.yaml").write_text(
        f"{CONFIG}---\n{SERVICE}---\n{POD.replace('Never', 'Sometimes')}"
    )
    with pytest.raises(ApiError):
        lab.apply_all("b.yaml")
    bad = POD.replace("restartPolicy", "serviceAccountName: nobody\n  restartPolicy")
    Path("manifests/b.yaml").write_text(f"{CONFIG}---\n{SERVICE}---\n{bad}")
    capsys.readouterr()
    with pytest.raises(ApiError) as failure:
        lab.apply_all("b.yaml")
    assert "apply the ServiceAccount first" in str(failure.value)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "service/s deleted again: of a file all or nothing applies",
        "configmap/c deleted again: of a file all or nothing applies",
    ]
    assert kubectl(lab, "get", "configmap/c", "service/s", "--ignore-not-found").stdout == ""


def test_a_list_is_applied_item_by_item(lab: Lab):
    Path("manifests/b.yaml").write_text(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: "
        "{name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {generateName: b-}}\n"
    )
    first, second = lab.apply_all("b.yaml")
    assert first.name == "a" and second.name.startswith("b-") and second.object
