"""Connections that never finish a TLS handshake, and more connections than file descriptors."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="needs the serve extra")

import service
from service import REQUEST, get, head, is_closed_in_time, read_answer, send, serve

from emoclass.serving.settings import Limits

pytestmark = pytest.mark.slow  # each starts a server


def test_half_of_a_tls_handshake_is_not_waited_for(certificate):
    limits = Limits(header_seconds=2, max_connections=20)
    context = ssl.create_default_context(cafile=certificate[0])
    tls = {"ssl_certfile": certificate[0], "ssl_keyfile": certificate[1]}
    with serve(limits, **tls) as port, contextlib.ExitStack() as opened:
        begun = [opened.enter_context(send(port, b"\x16\x03\x01\x02\0\x01"[: n % 6])) for n in range(100)]
        plain = opened.enter_context(send(port, REQUEST))
        with context.wrap_socket(send(port), server_hostname="localhost") as secure:
            secure.sendall(head(method="GET", path="/wait?2"))
            assert read_answer(secure).endswith(b"ok")
        assert all(is_closed_in_time(each) for each in [*begun, plain])


OUT_OF_DESCRIPTORS = """
import resource, sys, time, socket
from service import get, send, serve
from emoclass.serving import listener
from emoclass.serving.settings import Limits

listener.room_for_connections = lambda wanted: 10_000
with serve(Limits(header_seconds=300, idle_seconds=300)) as port:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert get(port).endswith(b"ok")
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, hard))
    started = time.process_time()
    print(port, flush=True)
    sys.stdin.readline()
    print(time.process_time() - started, flush=True)
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
        with contextlib.ExitStack() as opened:
            for _ in range(200):
                opened.enter_context(send(port, b"GET /"))
            assert get(port).endswith(b"ok")
        assert get(port).endswith(b"ok")
        process.stdin.write("\n")
        process.stdin.flush()
        assert float(process.stdout.readline()) < 5  # seconds of the processor: it did not spin
        process.stdin.write("\n")
    assert process.returncode == 0
