"""A server for the tests of connections, and a certificate for those of TLS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emoclass.serving.settings import Limits


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
    """Return the port of a server for a file of tests, which gives a slow machine all the time that it needs."""
    from service import serve  # needs the serve extra, which other tests here do not

    with serve(Limits(header_seconds=30, idle_seconds=2, write_seconds=30)) as port:
        yield port


@pytest.fixture(scope="module")
def shared_hasty_port() -> Iterator[int]:
    """Return the port of a server for a file of tests, which soon closes connections."""
    from service import serve

    with serve(Limits(header_seconds=0.6, idle_seconds=0.3, write_seconds=0.6)) as port:
        yield port


@pytest.fixture
def port(shared_port) -> Iterator[int]:
    """Return the port of a patient server, which still answers a well-behaved client after the test."""
    yield shared_port
    assert _is_well(shared_port)


@pytest.fixture
def hasty_port(shared_hasty_port) -> Iterator[int]:
    """Return the port of a server that soon closes connections, and still answers a well-behaved client."""
    from service import wait_until

    yield shared_hasty_port
    wait_until(lambda: _is_well(shared_hasty_port))  # again, where this process was not fast enough


def _is_well(port: int) -> bool:
    from service import get

    return get(port).endswith(b"\r\n\r\nok")
