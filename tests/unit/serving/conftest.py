"""A server for the tests of connections, and a certificate for those of TLS."""

from __future__ import annotations

from collections.abc import Iterator

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


@pytest.fixture(scope="module")
def shared_port() -> Iterator[int]:
    """Return the port of a server for a file of tests."""
    from service import serve  # needs the serve extra, which other tests here do not

    with serve() as port:
        yield port


@pytest.fixture
def port(shared_port) -> Iterator[int]:
    """Return the port of a server, which still answers a well-behaved client after the test."""
    from service import get

    yield shared_port
    assert get(shared_port).endswith(b"\r\n\r\nok")
