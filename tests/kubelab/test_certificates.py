"""A certificate that a client trusts for one host, and for no other."""

import ssl
from pathlib import Path

import pytest

from kubelab.certificates import issue_certificate


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> None:
    """Connect a client to a server in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                pass


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server with a certificate for foo.example.com, and a client that trusts it."""
    certificate, key = issue_certificate("foo.example.com")
    (tmp_path / "tls.pem").write_text(key + certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "tls.pem")
    return server, ssl.create_default_context(cadata=certificate)


def test_a_client_that_has_the_certificate_trusts_the_server(contexts):
    handshake(*contexts, "foo.example.com")


def test_the_certificate_is_refused_for_another_host(contexts):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(*contexts, "example.com")


def test_another_client_does_not_trust_the_server(contexts):
    server, _ = contexts
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, ssl.create_default_context(), "foo.example.com")
