"""`make clean` takes the project's own things out of a user's engine, and nothing else."""

import pytest

from cluster import clean, daemon, debian, engine, paths, residue, versions
from cluster.errors import Stop


class UsersEngine:
    """An engine that answers from a table and writes down what it is asked to remove."""

    owned = False

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.removed: list[tuple[str, ...]] = []

    def docker(self, *arguments: str) -> str:
        if "rm" in arguments:
            self.removed.append(arguments)
        return next((said for key, said in self.answers.items() if key in arguments), "")


@pytest.fixture(autouse=True)
def nothing_on_the_machine(state, monkeypatch):
    monkeypatch.setattr(engine, "find", lambda: None)
    monkeypatch.setattr(daemon, "stop", lambda: False)
    monkeypatch.setattr(residue, "unmount_below", lambda *folders: None)
    monkeypatch.setattr(clean, "_kept", lambda: [])


def test_both_folders_go_and_twice_is_fine(state, capsys):
    paths.BUILD.mkdir()
    clean.clean()
    assert not paths.STATE.exists()
    assert not paths.BUILD.exists()
    assert capsys.readouterr().out == "Removed:\n  .state/\n  _build/\nKept:\n"
    clean.clean()
    assert "nothing, there was nothing left" in capsys.readouterr().out


def test_only_nodes_of_the_projects_cluster_are_removed(monkeypatch, capsys):
    found = UsersEngine({clean.NODES: "n1\nn2"})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == [("rm", "--force", "--volumes", "n1", "n2")]
    assert "the kind cluster kubernetes-observed (2 containers)" in capsys.readouterr().out


def test_an_image_under_two_names_is_removed_once(monkeypatch):
    found = UsersEngine({clean.BUILT_IMAGES: "i1\ni1"})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == [("image", "rm", "--force", "i1")]


@pytest.mark.parametrize(
    ("created_by_us", "removed"), [(True, [("network", "rm", "kind")]), (False, [])]
)
def test_the_network_goes_only_if_the_project_made_it(monkeypatch, created_by_us, removed):
    if created_by_us:
        paths.NETWORK_CREATED.touch()
    found = UsersEngine({"dangling=true": "id"})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == removed


def test_a_network_that_another_cluster_uses_stays(monkeypatch):
    paths.NETWORK_CREATED.touch()
    found = UsersEngine({})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == []


def test_pulled_images_are_kept_and_named(monkeypatch, capsys):
    image = versions.PULLED_NODE_IMAGE
    found = UsersEngine({image: "i1"})
    monkeypatch.setattr(engine, "find", lambda: found)
    clean.clean()
    assert found.removed == []
    assert f"Kept:\n  images that were pulled: docker image rm {image}\n" in capsys.readouterr().out


def test_a_cluster_in_a_silent_engine_is_not_forgotten():
    paths.NETWORK_CREATED.touch()
    with pytest.raises(Stop, match="in a Docker engine that does not answer"):
        clean.clean()
    assert paths.NETWORK_CREATED.exists()


def test_packages_are_kept_and_named(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(clean, "_size", lambda folders: "")
    monkeypatch.setattr(debian, "installed_by_us", lambda: ["docker.io", "runc"])
    assert clean._kept()[-1] == (
        "2 Debian packages installed for it: apt-get remove --purge docker.io runc"
    )
