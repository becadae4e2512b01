"""Requests and web sockets that break the rules or the limits, and unusual ones that do not."""

from __future__ import annotations

import contextlib
import time

import pytest

pytest.importorskip("uvicorn", reason="needs the serve extra")

from service import (
    HANDSHAKE,
    REQUEST,
    frame,
    head,
    is_closed_in_time,
    open_web_socket,
    read_all,
    read_answer,
    send,
    serve,
    status,
)
from websockets.sync.client import connect

from emoclass.serving.settings import Limits

pytestmark = pytest.mark.slow  # each starts a server


@pytest.mark.parametrize("connection", [b"close", b"keep-alive"])
@pytest.mark.parametrize("n_bytes", [10, 2**22])
def test_a_client_that_is_still_sending_gets_its_answer(port, connection, n_bytes):
    head = b"POST /early HTTP/1.1\r\nHost: x\r\nConnection: %s\r\nContent-Length: %d\r\n\r\n" % (connection, n_bytes)
    with send(port, head) as client:
        client.sendall(bytes(n_bytes))
        assert status(read_answer(client)) == 413
        if connection == b"keep-alive":
            client.sendall(REQUEST)
            assert read_answer(client).endswith(b"ok")
        assert is_closed_in_time(client)


def test_an_answer_does_not_wait_for_the_rest_of_the_body(port):
    with send(port, head("Content-Length: 1000000", "Connection: close", path="/early") + bytes(1000)) as client:
        started = time.perf_counter()
        assert read_all(client).endswith(b"too large")
        assert time.perf_counter() - started < 25  # the rest is waited for 30 seconds
        client.sendall(bytes(1000))


def test_a_body_without_end_is_not_read_for_ever(hasty_port):
    with send(hasty_port, b"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n") as client:
        started = time.perf_counter()
        with contextlib.suppress(ConnectionError):
            while time.perf_counter() - started < 60:
                client.sendall(b"400\r\n" + bytes(1024) + b"\r\n")
        assert time.perf_counter() - started < 60


INVALID = {
    "both lengths": (head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    "both lengths, turned": (head("Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n", 400),
    "two lengths": (head("Content-Length: 5", "Content-Length: 6") + b"hello", 400),
    "a list of lengths": (head("Content-Length: 5, 5") + b"hello", 400),
    "a negative length": (head("Content-Length: -5") + b"hello", 400),
    "a signed length": (head("Content-Length: +5") + b"hello", 400),
    "a huge length": (head("Content-Length: 99999999999999999999999") + b"hello", 400),
    "chunked is not last": (head("Transfer-Encoding: chunked, identity") + b"0\r\n\r\n", 400),
    "chunked twice": (head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    "another coding": (head("Transfer-Encoding: xchunked") + b"0\r\n\r\n", 400),
    "chunked in HTTP/1.0": (head("Transfer-Encoding: chunked", version="1.0") + b"0\r\n\r\n", 400),
    "a space before the colon": (head("Content-Length : 5") + b"hello", 400),
    "a folded header": (head("X: a", " b"), 400),
    "a bare line feed": (b"GET / HTTP/1.1\nHost: x\nContent-Length: 0\n\n", 400),
    "a zero in a header": (head("X: a\0b"), 400),
    "a carriage return in a header": (head("X: a\rb"), 400),
    "a chunk of a bad size": (head("Transfer-Encoding: chunked") + b"z\r\n", 400),
    "a chunk of a huge size": (head("Transfer-Encoding: chunked") + b"f" * 40 + b"\r\n", 400),
    "a long header": (head("X: " + "x" * 40_000), 431),
    "a header without end": (head("X: " + "x" * 10**6)[:-4], 431),
    "a long address": (head(path="/" + "x" * 100_000), 431),
    "many headers": (head(*["X: x"] * 200), 431),
    "no HTTP": (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(60), 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/3.7": (head(version="3.7"), 400),
    "a method that is none": (head(method="G@T"), 400),
    "an address that is none": (head(method="GET", path="x y"), 400),
    "bytes in the address": (head(method="GET", path="/\xff\xfe"), 400),
    "a tunnel": (head(method="CONNECT", path="example.org:443"), 400),
    "a chunk extension without end": (head("Transfer-Encoding: chunked") + b"5;" + b"x" * 600_000, 400),
    "chunks of one byte": (head("Transfer-Encoding: chunked") + b"1\r\nx\r\n" * 200_000, 400),
    "trailers without end": (head("Transfer-Encoding: chunked") + b"0\r\n" + b"X: y\r\n" * 100_000, 400),
    "pipelined without end": (head(method="GET", path="/wait?1") * 50, 400),
}


@pytest.mark.parametrize("what", INVALID)
def test_what_is_no_valid_request_is_refused(port, what):
    sent, expected = INVALID[what]
    with send(port) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(sent)
        answer = read_all(client)
    assert status(answer) == expected
    assert b"content-type: application/problem+json\r\n" in answer and answer.endswith(b'"status": %d}' % expected)


def test_pipelined_requests_are_answered_in_order(port):
    sent = (
        head(method="GET", path="/wait?0.2") + head("Content-Length: 3") + b"abc" + head("Content-Length: 4") + b"abcd"
    )
    with send(port, sent) as client:
        assert [read_answer(client)[-1:] for _ in range(3)] == [b"k", b"3", b"4"]


@pytest.mark.parametrize("n_bytes", [1, 1000])
def test_a_body_in_small_chunks_is_read(port, n_bytes):
    chunks = (b"%x;name=value\r\n" % n_bytes + bytes(n_bytes) + b"\r\n") * 1000
    with send(port, head("Transfer-Encoding: chunked") + chunks + b"0\r\nX: y\r\n\r\n") as client:
        assert read_answer(client).endswith(b"%d" % (1000 * n_bytes))


def test_headers_after_the_body_are_left_out(port):
    sent = head("Transfer-Encoding: chunked", path="/names") + b"0\r\nauthorization: y\r\n\r\n"
    with send(port, sent) as client:
        assert b"authorization" not in read_answer(client)


def test_a_client_that_waits_for_leave_to_send_gets_it(port):
    with send(port, head("Content-Length: 3", "Expect: 100-continue")) as client:
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert read_answer(client).endswith(b"3")
    with send(port, head("Content-Length: 3", "Expect: 100-continue", path="/early")) as client:
        assert status(read_answer(client)) == 413


@pytest.mark.parametrize("upgrade", ["h2c", "TLS/1.0", "", "websocket, h2c", "x" * 5000])
def test_an_unknown_upgrade_is_left_alone(port, upgrade):
    with send(port, head(f"Upgrade: {upgrade}", "Connection: upgrade", method="GET", path="/")) as client:
        assert read_answer(client).endswith(b"ok")


def test_http_1_0_is_answered_and_closed(port):
    with send(port, head("Content-Length: 3", version="1.0") + b"abc") as client:
        assert read_all(client).endswith(b"\r\n\r\n3")


def test_messages_are_never_compressed(port):
    with connect(f"ws://127.0.0.1:{port}/", compression="deflate") as client:
        assert "Sec-WebSocket-Extensions" not in client.response.headers
        client.send(bytes(100_000))
        assert client.recv() == bytes(100_000)
        client.send([b"a", b"b", b"c"])
        assert client.recv() == b"abc"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(2, is_last=False) + frame(0, is_last=False) * 20_000, 1009),
        (frame(2, b"x", is_last=False) + frame(0, b"xy", is_last=False) * 20_000, 1009),
        (frame(2, bytes(5 * 2**20)), 1009),
        (b"\x82\xff" + b"\x7f" + b"\xff" * 7 + bytes(8), 1009),
        (b"\x82\x05hello", 1002),
        (frame(3), 1002),
        (b"\xf2\x80" + bytes(4), 1002),
        (frame(0, b"x"), 1002),
        (frame(9, bytes(200)), 1002),
        (frame(1, b"\xff"), 1007),
        (frame(8, b"\x03"), 1002),
    ],
    ids=[
        "empty fragments",
        "fragments",
        "large",
        "huge",
        "unmasked",
        "opcode",
        "reserved",
        "rest",
        "ping",
        "text",
        "close",
    ],
)
def test_messages_that_are_none_close_the_web_socket(port, sent, code):
    with open_web_socket(port) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(sent)
        received = read_all(client)
    assert received[0] == 0x88 and int.from_bytes(received[2:4], "big") == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("X: " + "x" * 20_000, 431),
        ("Sec-WebSocket-Key: x", 400),
        ("Sec-WebSocket-Version: 1", 400),
    ],
    ids=["long", "key", "version"],
)
def test_a_handshake_that_is_none_is_refused(port, line, code):
    with send(port, HANDSHAKE[:-2] + line.encode() + b"\r\n\r\n") as client:
        assert status(read_all(client)) == code


def test_pings_of_a_client_that_never_reads_are_not_collected(hasty_port):
    with open_web_socket(hasty_port, "/large") as client:
        client.sendall(frame(2, b"x"))
        started = time.perf_counter()
        with contextlib.suppress(ConnectionError):
            while time.perf_counter() - started < 60:
                client.sendall(frame(9, bytes(100)) * 1000)
        assert time.perf_counter() - started < 60


def test_a_web_socket_in_the_middle_of_a_request_is_refused(port):
    with send(port, head(method="GET", path="/wait?1")) as client:
        client.sendall(head("Upgrade: websocket", "Connection: Upgrade", method="GET", path="/"))
        assert status(read_all(client)) == 400


def test_frames_after_the_farewell_are_not_collected():
    with serve(Limits(header_seconds=300)) as port, open_web_socket(port, "/full") as client:
        client.sendall(b"\x82\xff" + (4_000_000).to_bytes(8, "big") + bytes(4 + 200_000))
        read_all(client)  # the other side is closed, long before the time for a farewell is over
