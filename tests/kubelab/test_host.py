"""The host as a client."""

import pytest

from kubelab.clients import HostClient


def test_neither_a_proxy_nor_a_curlrc_speaks_for_the_cluster(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    code, out, _ = HostClient({"echo-1"}.__contains__).run("env")
    assert (code, "http_proxy" in out, "HOME" in out) == (0, False, False)


def test_a_missing_command_is_named():
    with pytest.raises(FileNotFoundError, match="install no-such-command"):
        HostClient({"echo-1"}.__contains__).run("no-such-command")
