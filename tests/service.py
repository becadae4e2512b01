"""A server for tests of connections: a small application behind the service's own protocols, in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from emoclass.serving.listener import BoundedServer
from emoclass.serving.settings import Limits

LARGE = bytes(32 * 2**20)
"""More than sockets hold between two processes."""

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def head(*lines: str, method: str = "POST", path: str = "/length", version: str = "1.1") -> bytes:
    """Return the head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: x", *lines, "", ""]).encode("latin-1")


HANDSHAKE = head(
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version: 13",
    method="GET",
    path="/",
)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer `/`, `/wait` (seconds in the query), `/large`, `/length` (of the body), `/early` (413) and web sockets."""
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "websocket":
        await _web_socket(scope, receive, send)
        return
    path, status, body = scope["path"], 200, b"ok"
    if path == "/wait":
        await asyncio.sleep(float(scope["query_string"]))
    elif path == "/large":
        body = LARGE
    elif path == "/length":
        n_bytes, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            n_bytes, more = n_bytes + len(message["body"]), message["more_body"]
        body = str(n_bytes).encode()
    elif path == "/early":
        status, body = 413, b"too large"
    elif path == "/names":
        body = b" ".join(name for name, _ in scope["headers"])
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def _web_socket(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/full":
        await send({"type": "websocket.close", "code": 1013})
        return
    while (message := await receive())["type"] == "websocket.receive":
        answer = LARGE if scope["path"] == "/large" else message.get("bytes") or message["text"].encode()
        await send({"type": "websocket.send", "bytes": answer})


_servers: dict[int, BoundedServer] = {}


def n_open(port: int) -> int:
    """Return how many connections of a server are open."""
    return len(_servers[port].server_state.open)


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a function returns something true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} seconds"
        time.sleep(0.01)


@contextlib.contextmanager
def serve(limits: Limits, **options: Any) -> Iterator[int]:
    """Serve the application, and give the port."""
    server = BoundedServer(uvicorn.Config(application, log_config=None, timeout_graceful_shutdown=1, **options), limits)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        _servers[port] = server
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


def send(port: int, data: bytes = b"") -> socket.socket:
    """Connect and send something; the socket has a time limit of a minute."""
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    client.sendall(data)
    return client


def read_all(client: socket.socket) -> bytes:
    """Read until the other side closes the connection."""
    received = bytearray()
    with contextlib.suppress(ConnectionError):
        while data := client.recv(2**16):
            received += data
    return bytes(received)


def read_head(client: socket.socket) -> bytes:
    """Read until the end of the headers."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        assert byte, head
        head += byte
    return head


def read_answer(client: socket.socket) -> bytes:
    """Read one answer, the connection stays open."""
    head = read_head(client)
    left = int(head.lower().split(b"content-length: ")[1].split()[0])
    while left:
        data = client.recv(left)
        assert data, head
        head, left = head + data, left - len(data)
    return head


def get(port: int, path: str = "/") -> bytes:
    """Ask for something as a well-behaved client."""
    with send(port, b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path.encode()) as client:
        return read_all(client)


def is_closed_in_time(client: socket.socket, drip: bytes = b"") -> bool:
    """Tell whether the other side closes a connection within 20 seconds, while one more byte is sent now and then."""
    client.settimeout(0.05)
    for index in range(400):
        try:
            if not client.recv(2**16):
                return True
        except TimeoutError:
            pass
        except ConnectionError:
            return True
        with contextlib.suppress(ConnectionError):
            client.send(drip[index : index + 1])
    return False


def status(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer.split(b" ", 2)[1])


def open_web_socket(port: int, path: str = "/") -> socket.socket:
    """Connect, and shake hands."""
    client = send(port, HANDSHAKE.replace(b" / ", b" %s " % path.encode()))
    assert read_head(client).startswith(b"HTTP/1.1 101")
    return client


def frame(opcode: int, data: bytes = b"", *, is_last: bool = True) -> bytes:
    """Return a frame of a web socket message, masked with zeros."""
    size = bytes([128 | len(data)]) if len(data) < 126 else b"\xff" + len(data).to_bytes(8, "big")
    return bytes([128 * is_last | opcode]) + size + bytes(4) + data
