"""A manifest is edited and applied again; of a file all documents apply, or none."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from kubelab.applying import Applier
from kubelab.errors import ApiError, Cause, NotFound
from kubelab.manifests import Document
from kubelab.store import Store
from kubelab.waiting import WaitFailed

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  restartPolicy: Never
  containers: [{name: app, image: i, command: [a]}]
"""
FIXED = Cause("spec", "Forbidden: pod updates may not change fields other than …")


class Cluster:
    """Objects by name. Of a Pod only the image and the metadata can be changed."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.rejected: dict[str, ApiError] = {}
        self.store = Store()
        self.version = 0
        self.stays = False

    def informer(self, api_version: str, kind: str) -> Store:
        return self.store

    def path(self, api_version: str, kind: str, namespace: str, name: str) -> str:
        return name

    def apply(self, manifest: dict, namespace: str, dry_run=False, force=False) -> dict:
        metadata = manifest["metadata"]
        name = metadata.get("name") or metadata["generateName"] + "x1"
        self.requests.append(f"{'dry run' if dry_run else 'apply'} {name}{' by force' * force}")
        if name in self.rejected and not force:
            raise self.rejected[name]
        if "Sometimes" in str(manifest):
            raise ApiError(422, "Invalid", "…", (FIXED, Cause("spec.restartPolicy", "Unsupported")))
        old = self.objects.get(name)
        if old and self._fixed(old) != self._fixed(manifest):
            raise ApiError(422, "Invalid", "…", (FIXED,))
        self.version += 1
        uid = old["metadata"]["uid"] if old else f"uid-{self.version}"
        head = {"name": name, "uid": uid, "resourceVersion": str(self.version)}
        if old and "deletionTimestamp" in old["metadata"]:
            head["deletionTimestamp"] = "…"
        live = copy.deepcopy(manifest) | {"metadata": manifest["metadata"] | head}
        if not dry_run:
            self.objects[name] = live
            self.store.put("MODIFIED", live)
            if "deletionTimestamp" in head:
                self.end(name)
        return live

    def request(self, method: str, name: str, **options: Any) -> dict:
        self.requests.append(f"{method} {name} {options}" if options else f"{method} {name}")
        if name not in self.objects:
            raise NotFound(404, "NotFound", f'pods "{name}" not found')
        live = self.objects[name]
        if method == "delete" and not self.stays:
            self.end(name)
        return live

    def end(self, name: str) -> None:
        self.version += 1
        live = self.objects.pop(name)
        version = {"resourceVersion": str(self.version)}
        self.store.put("DELETED", live | {"metadata": live["metadata"] | version})

    @staticmethod
    def _fixed(pod: dict) -> dict:
        spec = copy.deepcopy(pod["spec"])
        for container in spec["containers"]:
            del container["image"]
        return spec


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setattr("kubelab.applying.secrets.token_hex", lambda _: "c0ffee")
    return Cluster()


@pytest.fixture
def applier(cluster: Cluster) -> Applier:
    return Applier(cluster, "x", cluster.informer)


def documents(*texts: str) -> list[Document]:
    return [Document(yaml.safe_load(text)) for text in texts]


def test_what_cannot_be_changed_is_created_again_and_said_in_one_line(cluster, applier, capsys):
    [first] = applier.apply(documents(POD))
    cluster.requests.clear()
    edited = POD.replace("Never", "Always").replace("image: i", "image: j")
    [again] = applier.apply(documents(edited.replace("[a]", "[a, b]")))
    assert capsys.readouterr().out == (
        "pod/p deleted and created again: these fields can't be changed "
        "(spec.restartPolicy, spec.containers[0].command)\n"
    )
    assert again.live["metadata"]["uid"] != first.live["metadata"]["uid"]
    assert again.start > first.start
    assert cluster.requests == [
        "apply p",
        "get p",
        "dry run p-c0ffee",
        "delete p {'gracePeriodSeconds': 1, 'propagationPolicy': 'Background'}",
        "apply p",
    ]


def test_a_field_that_is_removed_is_named_as_well(cluster, applier, capsys):
    applier.apply(documents(POD))
    applier.apply(documents(POD.replace("  restartPolicy: Never\n", "")))
    assert "can't be changed (spec.restartPolicy)\n" in capsys.readouterr().out


def test_what_can_be_changed_is_changed(cluster, applier, capsys):
    [first] = applier.apply(documents(POD))
    [again] = applier.apply(documents(POD.replace("image: i", "image: j")))
    assert again.live["metadata"]["uid"] == first.live["metadata"]["uid"]
    assert capsys.readouterr().out == ""


def test_what_is_wrong_in_itself_deletes_nothing(cluster, applier):
    applier.apply(documents(POD))
    with pytest.raises(ApiError) as failure:
        applier.apply(documents(POD.replace("Never", "Sometimes")))
    assert failure.value.subject == "Pod p"
    assert "p" in cluster.objects


def test_a_full_quota_does_not_keep_the_object_from_being_created_again(cluster, applier, capsys):
    applier.apply(documents(POD))
    cluster.rejected["p-c0ffee"] = ApiError(403, "Forbidden", "exceeded quota: q")
    applier.apply(documents(POD.replace("Never", "Always")))
    assert "(spec.restartPolicy)" in capsys.readouterr().out


def test_an_object_that_stays_after_its_deletion_is_not_waited_for_without_end(
    cluster, applier, monkeypatch
):
    applier.apply(documents(POD))
    cluster.stays = True
    monkeypatch.setattr("kubelab.applying.GONE_WITHIN", 0)
    with pytest.raises(WaitFailed) as failure:
        applier.apply(documents(POD.replace("Never", "Always")))
    assert str(failure.value) == (
        "Pod p is still there 0 s after its deletion\n"
        "  Next: kubectl get pod/p -n x -o yaml; metadata.finalizers names what it waits for"
    )


def test_an_object_that_is_being_deleted_is_created_once_it_is_gone(cluster, applier, capsys):
    [first] = applier.apply(documents(POD))
    cluster.objects["p"]["metadata"]["deletionTimestamp"] = "…"
    [again] = applier.apply(documents(POD))
    assert again.live["metadata"]["uid"] != first.live["metadata"]["uid"]
    assert capsys.readouterr().out == ("pod/p is being deleted: it is created once it is gone\n")


def test_fields_that_another_command_has_set_are_set_again(cluster, applier, capsys):
    cause = Cause(".spec.replicas", 'conflict with "kubectl-patch"', "FieldManagerConflict")
    cluster.rejected["p"] = ApiError(409, "Conflict", "Apply failed with 1 conflict", (cause,))
    applier.apply(documents(POD))
    assert cluster.requests[-1] == "apply p by force"
    assert capsys.readouterr().out == (
        "pod/p: the file's value replaces what another command set (spec.replicas)\n"
    )


def test_a_rejected_document_is_found_before_the_first_one_is_created(cluster, applier):
    with pytest.raises(ApiError):
        applier.apply(
            documents(POD, POD.replace("name: p", "name: q").replace("Never", "Sometimes"))
        )
    assert cluster.requests == ["dry run p", "dry run q", "get q"]
    assert not cluster.objects


def test_what_only_the_creation_rejects_removes_what_was_created(cluster, applier, capsys):
    old, new, bad = (POD.replace("name: p", f"name: {name}") for name in ("old", "new", "bad"))
    applier.apply(documents(old))
    cluster.rejected["bad"] = ApiError(404, "NotFound", 'serviceaccount "s" not found')
    with pytest.raises(ApiError) as failure:
        applier.apply(documents(old, new, bad))
    assert failure.value.subject == "Pod bad"
    assert list(cluster.objects) == ["old"]
    assert capsys.readouterr().out == "pod/new deleted again: of a file all or nothing applies\n"


def test_a_generated_name_gives_a_new_object(cluster, applier):
    [applied] = applier.apply(documents(POD.replace("name: p", "generateName: p-")))
    assert applied.live["metadata"]["name"] == "p-x1"
