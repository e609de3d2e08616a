"""Certificates for a lab's servers, from a certificate authority that only this process has."""

from __future__ import annotations

import trustme


def issue_certificate(host: str) -> tuple[str, str]:
    """Issue a certificate for a host.

    Returns:
        The certificate followed by that of its issuer, and the private key, all as PEM. A client
        that has the first as its list of trusted certificates trusts the server (`curl --cacert`).
    """
    authority = trustme.CA()
    leaf = authority.issue_cert(host, key_type=trustme.KeyType.ECDSA)
    chain = [*leaf.cert_chain_pems, authority.cert_pem]
    key = leaf.private_key_pem.bytes().decode()
    return "".join(pem.bytes().decode() for pem in chain), key
