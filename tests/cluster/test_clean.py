"""`make clean` removes only the project's objects from a user's engine."""

import pytest

from cluster import clean, daemon, debian, engine, host_cleanup, names, paths, release
from cluster.errors import CommandError


class UsersEngine:
    """An engine that returns outputs from a table and records what is removed."""

    owned = False

    def __init__(self, outputs: dict[str, str]) -> None:
        self.outputs = outputs
        self.removed: list[tuple[str, ...]] = []

    def docker(self, *arguments: str) -> str:
        if "rm" in arguments:
            self.removed.append(arguments)
        return next((text for key, text in self.outputs.items() if key in arguments), "")


@pytest.fixture(autouse=True)
def machine_without_engines(state, monkeypatch):
    monkeypatch.setattr(engine, "find", lambda: None)
    monkeypatch.setattr(daemon, "stop", lambda: False)
    monkeypatch.setattr(host_cleanup, "unmount_below", lambda *folders: None)
    monkeypatch.setattr(clean, "_kept", lambda: [])


def test_clean_removes_both_folders_and_can_run_twice(state, capsys):
    paths.BUILD.mkdir()
    clean.clean()
    assert not paths.STATE.exists()
    assert not paths.BUILD.exists()
    assert capsys.readouterr().out == "Removed:\n  .state/\n  _build/\nKept:\n"
    clean.clean()
    assert "nothing, because nothing was left" in capsys.readouterr().out


def test_only_nodes_of_the_projects_cluster_are_removed(monkeypatch, capsys):
    found = UsersEngine({release.current().node_filter: "n1\nn2"})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == [("rm", "--force", "--volumes", "n1", "n2")]
    assert "the kind cluster kubernetes-observed (2 containers)" in capsys.readouterr().out


def test_an_image_under_two_names_is_removed_once(monkeypatch):
    found = UsersEngine({f"label={names.IMAGES_LABEL}": "i1\ni1"})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == [("image", "rm", "--force", "i1")]


@pytest.mark.parametrize(
    ("created_by_us", "removed"), [(True, [("network", "rm", "kind")]), (False, [])]
)
def test_the_network_is_removed_only_if_the_project_created_it(monkeypatch, created_by_us, removed):
    if created_by_us:
        paths.NETWORK_CREATED.touch()
    found = UsersEngine({"dangling=true": "id"})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == removed


def test_a_network_that_another_cluster_uses_is_kept(monkeypatch):
    paths.NETWORK_CREATED.touch()
    found = UsersEngine({})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == []


def test_pulled_images_are_kept_and_listed(monkeypatch, capsys):
    image = release.current().kind_image
    found = UsersEngine({image: "i1"})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == []
    assert f"Kept:\n  pulled images: docker image rm {image}\n" in capsys.readouterr().out


def test_a_cluster_in_an_engine_that_does_not_respond_is_an_error():
    paths.NETWORK_CREATED.touch()
    with pytest.raises(CommandError, match="in a Docker engine that doesn't respond"):
        clean.clean()
    assert paths.NETWORK_CREATED.exists()


def test_packages_are_kept_and_listed(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(clean, "_size", lambda folders: "")
    monkeypatch.setattr(debian, "installed_by_project", lambda: ["docker.io", "runc"])
    assert clean._kept()[-1] == (
        "2 Debian packages that the project installed: apt-get remove --purge docker.io runc"
    )
