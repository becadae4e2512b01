"""Connections that never finish a TLS handshake, and more connections than file descriptors."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="needs the serve extra")

import service
from service import REQUEST, get, head, read_answer, seconds_until_closed, send, serve

from emoclass.serving.settings import Limits

pytestmark = pytest.mark.slow  # each starts a server


def test_half_of_a_tls_handshake_is_not_waited_for(certificate):
    limits = Limits(header_seconds=1, max_connections=20)
    context = ssl.create_default_context(cafile=certificate[0])
    with serve(limits, ssl_certfile=certificate[0], ssl_keyfile=certificate[1]) as port:
        started = time.perf_counter()
        begun = [send(port, b"\x16\x03\x01\x02\0\x01"[: n % 6]) for n in range(100)]
        plain = send(port, REQUEST)
        with context.wrap_socket(send(port), server_hostname="localhost") as secure:
            secure.sendall(head(method="GET", path="/wait?2"))
            assert read_answer(secure).endswith(b"ok")
        for each in [*begun, plain]:
            assert seconds_until_closed(each) < 5
            each.close()
        assert time.perf_counter() - started < 9


OUT_OF_DESCRIPTORS = """
import resource, sys, time, socket
from service import get, send, serve
from emoclass.serving import listener
from emoclass.serving.settings import Limits

listener.room_for_connections = lambda wanted: 10_000
with serve(Limits(header_seconds=30, idle_seconds=30)) as port:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert get(port).endswith(b"ok")
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, hard))
    print(port, flush=True)
    sys.stdin.readline()
    print(time.process_time(), flush=True)
    sys.stdin.readline()
"""


def test_running_out_of_file_descriptors_is_no_end():
    command = [sys.executable, "-c", OUT_OF_DESCRIPTORS]
    environment = {**os.environ, "PYTHONPATH": str(Path(service.__file__).parent)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin and process.stdout
        port = int(process.stdout.readline())
        clients = [send(port, b"GET /") for _ in range(200)]
        assert get(port).endswith(b"ok")
        for each in clients:
            each.close()
        assert get(port).endswith(b"ok")
        process.stdin.write("\n")
        process.stdin.flush()
        assert float(process.stdout.readline()) < 5  # seconds of the processor: it did not spin
        process.stdin.write("\n")
    assert process.returncode == 0
