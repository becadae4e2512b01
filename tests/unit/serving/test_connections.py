"""Connections that wait, drip and are not read: which are closed, and when."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import time

import pytest

pytest.importorskip("uvicorn", reason="needs the serve extra")

import uvicorn
from service import (
    LARGE,
    REQUEST,
    application,
    frame,
    get,
    head,
    is_closed_in_time,
    n_open,
    open_web_socket,
    read_all,
    read_answer,
    read_head,
    send,
    serve,
    wait_until,
)

from emoclass.serving.connections import RESERVED_DESCRIPTORS, Connections, room_for_connections
from emoclass.serving.listener import Listener
from emoclass.serving.protocols import HTTPConnection
from emoclass.serving.settings import Limits

pytestmark = pytest.mark.slow  # each starts a server


@pytest.mark.parametrize("begun", [b"", b"GET / HT", REQUEST[:-2], b"\r\n" * 9, b"POST / HTTP/1.1\r\nHost: x\r\nX: "])
def test_a_connection_without_whole_headers_is_closed(hasty_port, begun):
    started = time.perf_counter()
    with send(hasty_port, begun) as client:
        assert is_closed_in_time(client)
        assert time.perf_counter() - started > 0.3


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nX: ", REQUEST])
def test_bytes_that_drip_gain_no_time(hasty_port, begun):
    started = time.perf_counter()
    with send(hasty_port, begun) as client:
        if begun == REQUEST:
            read_answer(client)
        assert is_closed_in_time(client, drip=REQUEST[:-4] + b"x" * 1000)
        assert time.perf_counter() - started > 0.3


def test_an_idle_connection_is_closed(port):
    started = time.perf_counter()
    with send(port, REQUEST) as client:
        assert read_answer(client).endswith(b"ok")
        client.sendall(REQUEST)
        assert read_answer(client).endswith(b"ok")
        assert is_closed_in_time(client)
        assert time.perf_counter() - started > 1


def test_a_request_in_progress_has_time(port):
    assert get(port, "/wait?2").endswith(b"ok")


def test_a_response_that_nobody_reads_is_given_up(hasty_port):
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", hasty_port))
        client.sendall(REQUEST.replace(b"/ ", b"/large ", 1))
        client.recv(1)
        wait_until(lambda: not n_open(hasty_port))
        client.settimeout(60)
        assert len(read_all(client)) < len(LARGE)


def test_a_response_that_is_read_slowly_is_finished():
    limits = Limits(header_seconds=30, idle_seconds=30, write_seconds=1.5)
    with serve(limits) as port, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**17)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = 0
        for _ in range(20):
            received += len(client.recv(2**17))
            time.sleep(0.1)
        assert received + len(read_all(client)) > len(LARGE)


def test_a_web_socket_that_nobody_reads_is_given_up(hasty_port):
    with open_web_socket(hasty_port, "/large") as client:
        client.sendall(frame(2, b"x") * 3)
        wait_until(lambda: not n_open(hasty_port))
        assert len(read_all(client)) < len(LARGE)


def test_a_client_that_never_answers_a_farewell_is_left(hasty_port):
    started = time.perf_counter()
    with open_web_socket(hasty_port, "/full") as client:
        assert is_closed_in_time(client)
        assert time.perf_counter() - started > 0.3


def test_the_connection_that_is_idle_longest_makes_room():
    limits = Limits(header_seconds=300, idle_seconds=300, max_connections=20)
    with serve(limits) as port, contextlib.ExitStack() as opened:
        busy = opened.enter_context(send(port, UNFINISHED))
        assert read_head(busy) == CONTINUE
        idle = []
        for begun in (b"", b"GET /") * 30:
            idle.append(opened.enter_context(send(port, begun)))
            assert get(port).endswith(b"ok")  # so the one before was opened, too; and this one needs a place
        assert [is_closed(each) for each in idle] == [True] * 42 + [False] * 18
        busy.sendall(b"x")
        assert read_answer(busy).endswith(b"1")


UNFINISHED = head("Content-Length: 1", "Expect: 100-continue")
"""A request that is in progress until its body comes."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What its client gets when it is in progress."""


def is_closed(client: socket.socket, wait_seconds: float = 0.05) -> bool:
    client.settimeout(wait_seconds)
    try:
        while client.recv(1000):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("turns", range(12))
def test_there_are_never_more_connections_than_room_wherever_the_opening_of_others_stands(turns):
    async def open_in_two_parts(listening):
        config = uvicorn.Config(application, log_config=None)
        config.load()
        state = Connections(Limits(), 5)
        listener = Listener(
            listening,
            config,
            state,
            lambda handshake: HTTPConnection(handshake, config=config, server_state=state, app_state={}),
        )
        clients = [send(port) for _ in range(5)]
        for _ in range(turns):
            await asyncio.sleep(0)
        clients += [send(port) for _ in range(12)]
        most_open = 0
        async with asyncio.timeout(60):
            while not all(is_closed(each, 0.001) for each in clients[:12]):
                most_open = max(most_open, len(state.open))
                await asyncio.sleep(0)
        for _ in range(100):
            most_open = max(most_open, len(state.open))
            await asyncio.sleep(0)
        are_open = [not is_closed(each, 0.01) for each in clients]
        listener.close()
        for each in clients:
            each.close()
        async with asyncio.timeout(60):
            while state.open:
                await asyncio.sleep(0.01)
        return most_open, are_open

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        most_open, are_open = asyncio.run(open_in_two_parts(listening))
    assert most_open == 5
    assert are_open == [False] * 12 + [True] * 5


def test_requests_in_progress_are_never_closed_for_others():
    with serve(Limits(max_connections=10)) as port, contextlib.ExitStack() as opened:
        busy = [opened.enter_context(send(port, UNFINISHED)) for _ in range(10)]
        assert all(read_head(each) == CONTINUE for each in busy)
        assert get(port) == b""
        for each in busy:
            each.sendall(b"x")
        assert all(read_answer(each).endswith(b"1") for each in busy)
        assert get(port).endswith(b"ok")


def test_web_sockets_that_were_turned_away_make_room():
    limits = Limits(header_seconds=300, max_connections=20)
    with serve(limits) as port, contextlib.ExitStack() as opened:
        for _ in range(50):
            opened.enter_context(open_web_socket(port, "/full"))
        assert get(port).endswith(b"ok")


def test_room_is_a_part_of_the_file_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert room_for_connections(50) == 50
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
        expected = 1000 if hard == resource.RLIM_INFINITY else min(1000, hard - RESERVED_DESCRIPTORS)
        assert room_for_connections(1000) == expected
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == expected + RESERVED_DESCRIPTORS
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
