"""Packages are installed once, with new package lists where needed, and recorded."""

import pytest

from cluster import debian, paths
from cluster.errors import CommandError


def test_new_packages_are_recorded_with_their_dependencies(state, command, capsys):
    command(
        "apt-get",
        'echo "Selecting previously unselected package runc."\n'
        'echo "Selecting previously unselected package libip6tc2:amd64."\n'
        'echo "Preparing to unpack .../runc_1.1.5_amd64.deb ..."',
    )
    debian.install(["runc"], why="a test")
    assert debian.installed_by_project() == ["libip6tc2", "runc"]
    assert capsys.readouterr().out.startswith("Installing runc with apt-get (a test) ...\n  2 pack")


def test_stale_lists_are_updated_once(state, command, tmp_path):
    calls, updated = tmp_path / "calls", tmp_path / "updated"
    command(
        "apt-get",
        f'echo "$*" >> {calls}\n'
        f'case "$*" in *update*) touch {updated};; *) test -e {updated};; esac',
    )
    debian.install(["runc"], why="a test")
    verbs = [line.split("Use-Pty=0 ")[1] for line in calls.read_text().splitlines()]
    assert verbs == ["install runc", "update", "install runc"]


def test_the_error_has_the_output_of_apt_when_a_package_does_not_exist(state, command):
    command("apt-get", 'echo "E: Unable to locate package runc"; exit 100')
    with pytest.raises(CommandError) as raised:
        debian.install(["runc"], why="a test")
    assert str(raised.value) == (
        "apt-get could not install runc:\n"
        "E: Unable to locate package runc\n"
        "  Next: apt-get update && apt-get install runc"
    )
    assert not paths.INSTALLED_PACKAGES.exists()
