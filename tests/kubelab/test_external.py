"""The client outside the cluster, without its container."""

from kubelab.external import ExternalClient


def test_an_external_client_tells_which_hardware_address_answered_arp(monkeypatch):
    client = ExternalClient.__new__(ExternalClient)
    tables = {
        "172.18.255.200": "172.18.255.200 dev eth0 lladdr 02:42:ac:12:00:03 REACHABLE\n",
        "172.18.255.201": "172.18.255.201 dev eth0  FAILED\n",
    }
    monkeypatch.setattr(client, "run", lambda *command: (0, tables.get(command[-1], ""), ""))
    assert client.mac_of("172.18.255.200") == "02:42:ac:12:00:03"
    assert client.mac_of("172.18.255.201") is None
    assert client.mac_of("172.18.255.202") is None
