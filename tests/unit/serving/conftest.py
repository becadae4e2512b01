"""A certificate for the tests of TLS."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[str, str]:
    """Return the file of a certificate that was made for this run, which is also its own authority, and of its key."""
    trustme = pytest.importorskip("trustme", reason="makes the certificate")
    authority, folder = trustme.CA(), tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("localhost", "127.0.0.1")
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in (*issued.cert_chain_pems, authority.cert_pem)))
    issued.private_key_pem.write_to_path(str(key))
    return str(chain), str(key)
