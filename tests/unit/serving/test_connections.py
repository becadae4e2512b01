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
    open_web_socket,
    read_all,
    read_answer,
    seconds_until_closed,
    send,
    serve,
)

from emoclass.serving.connections import RESERVED_DESCRIPTORS, Connections, room_for_connections
from emoclass.serving.listener import Listener
from emoclass.serving.protocols import HTTPConnection
from emoclass.serving.settings import Limits

pytestmark = pytest.mark.slow  # each starts a server


@pytest.mark.parametrize("begun", [b"", b"GET / HT", REQUEST[:-2], b"\r\n" * 9, b"POST / HTTP/1.1\r\nHost: x\r\nX: "])
def test_a_connection_without_whole_headers_is_closed(port, begun):
    with send(port, begun) as client:
        assert 0.3 < seconds_until_closed(client) < 5


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nX: ", REQUEST])
def test_bytes_that_drip_gain_no_time(port, begun):
    with send(port, begun) as client:
        if begun == REQUEST:
            read_answer(client)
        assert 0.3 < seconds_until_closed(client, drip=REQUEST[:-4] + b"x" * 1000) < 5


def test_an_idle_connection_is_closed(port):
    with send(port, REQUEST) as client:
        assert read_answer(client).endswith(b"ok")
        client.sendall(REQUEST)
        assert read_answer(client).endswith(b"ok")
        assert 0.1 < seconds_until_closed(client) < 5


def test_a_request_in_progress_has_time(port):
    assert get(port, "/wait?2").endswith(b"ok")


def test_a_response_that_nobody_reads_is_given_up(port):
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(REQUEST.replace(b"/ ", b"/large ", 1))
        time.sleep(2)
        client.settimeout(10)
        assert len(read_all(client)) < len(LARGE)


def test_a_response_that_is_read_slowly_is_finished(port):
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**17)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = 0
        for _ in range(20):
            received += len(client.recv(2**17))
            time.sleep(0.1)
        assert received + len(read_all(client)) > len(LARGE)


def test_a_web_socket_that_nobody_reads_is_given_up(port):
    with open_web_socket(port, "/large") as client:
        client.sendall(frame(2, b"x") * 3)
        time.sleep(2)
        assert len(read_all(client)) < len(LARGE)


def test_a_client_that_never_answers_a_farewell_is_left(port):
    with open_web_socket(port, "/full") as client:
        assert 0.3 < seconds_until_closed(client) < 5


def test_the_connection_that_is_idle_longest_makes_room():
    limits = Limits(header_seconds=30, idle_seconds=30, max_connections=20)
    with serve(limits) as port, contextlib.ExitStack() as opened:
        busy = opened.enter_context(send(port, head(method="GET", path="/wait?3")))
        time.sleep(0.2)
        idle = [opened.enter_context(send(port, begun)) for begun in (b"", b"GET /") * 30]
        assert get(port).endswith(b"ok")
        closed = [is_closed(each) for each in idle]
        assert closed == sorted(closed, reverse=True) and 40 <= sum(closed) <= 43
        assert read_answer(busy).endswith(b"ok")


def is_closed(client: socket.socket, wait_seconds: float = 0.2) -> bool:
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
        await asyncio.sleep(0.1)
        n_open = len(state.open)
        are_open = [not is_closed(each, 0.01) for each in clients]
        listener.close()
        for each in clients:
            each.close()
        await asyncio.sleep(0.1)
        return n_open, are_open

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        n_open, are_open = asyncio.run(open_in_two_parts(listening))
    assert n_open == 5
    assert are_open == [False] * 12 + [True] * 5


def test_requests_in_progress_are_never_closed_for_others():
    with serve(Limits(max_connections=10)) as port, contextlib.ExitStack() as opened:
        busy = [opened.enter_context(send(port, head(method="GET", path="/wait?1.5"))) for _ in range(10)]
        time.sleep(0.5)
        assert get(port) == b""
        assert all(read_answer(each).endswith(b"ok") for each in busy)
        assert get(port).endswith(b"ok")


def test_web_sockets_that_were_turned_away_make_room():
    limits = Limits(header_seconds=30, max_connections=20)
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
