"""Certificates for a lab's servers, which nobody else trusts."""

from __future__ import annotations

import re

from kubelab.nodes import Node


def self_signed(node: Node, host: str) -> tuple[str, str]:
    """A certificate for a host, which signs itself and holds for a day, and its key: both as PEM.

    A node makes them, because openssl is on every node and not on every reader's machine.
    """
    pem = node.run(
        *("openssl", "req", "-x509", "-days", "1", "-nodes"),
        *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
        *("-keyout", "-", "-out", "-"),
    )
    [key, certificate] = re.findall(r"-----BEGIN .*?-----END [A-Z ]+-----\n?", pem, re.DOTALL)
    return certificate, key
