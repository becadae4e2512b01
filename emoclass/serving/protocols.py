"""The protocols of a connection, HTTP and web sockets: those of uvicorn, with limits on what a client may send.

uvicorn waits for headers without end, buffers headers of any size, and keeps what a client does not read. Here, both
protocols report to `connections.py` when they wait for their client. uvicorn does everything else.

httptools and not h11: h11 parses in Python, and a body in chunks of two bytes keeps its event loop busy for half a
second for each 256 KiB. httptools has no limits of its own, so its header and chunk sizes are counted here.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from emoclass.serving.connections import Abortable, Connections

MAX_HEADER_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_FRAMING_BYTES = 64 * 1024
"""Bytes of chunk headers and trailers, beyond half of the body."""
MAX_PIPELINED = 8
"""Requests that a client may send before it has the answer to the first."""
MAX_FRAGMENTS = 1000
"""Frames of one web socket message."""
MAX_LATE_BYTES = 64 * 1024
"""Bytes that the client of a closed web socket may still send: its farewell, and frames that were under way."""


class _Reported(asyncio.Protocol):
    """Reports to `server_state` what its client leaves unread, and its end; beside a protocol of uvicorn."""

    server_state: Connections
    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self.server_state.remove(self.transport)

    def pause_writing(self) -> None:
        """Start the time in which the client must read."""
        super().pause_writing()
        self.server_state.unread[self.transport] = self.loop.time(), self.transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        """Note that the client has read everything."""
        super().resume_writing()
        self.server_state.unread.pop(self.transport, None)


class HTTPConnection(_Reported, HttpToolsProtocol):
    """A connection of an HTTP client, which must send and read in time.

    Args:
        handshake: What counts as the connection until it is made.
        options: Those of uvicorn's protocol.
    """

    server_state: Connections

    def __init__(self, handshake: Abortable, **options: Any) -> None:
        super().__init__(**options)
        self._handshake = handshake
        self._in_headers = False
        self._header_bytes = 0
        self._unfinished_bytes = 0
        self._body_bytes = 0
        self._framing_bytes = 0
        self._problem = HTTPStatus.BAD_REQUEST
        self._refused = False
        self._close_after_request = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time in which the headers must come."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=1)  # `pause_writing` says that there is anything that is not sent
        self.server_state.replace(self._handshake, transport)

    def data_received(self, data: bytes) -> None:
        """Parse what came, within limits."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self.server_state.owe(self.transport)
        if self._in_headers:
            self._unfinished_bytes += len(data)
        else:
            self._framing_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        except httptools.HttpParserError:
            self.refuse(self._problem)
        else:
            if self._in_headers and self._unfinished_bytes > MAX_HEADER_BYTES:
                self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            elif not self._in_headers and self._framing_bytes > MAX_FRAMING_BYTES + self._body_bytes / 2:
                self.refuse(HTTPStatus.BAD_REQUEST)

    def on_message_begin(self) -> None:
        """Start to count."""
        super().on_message_begin()
        self._in_headers = True
        self._header_bytes = 0
        self._unfinished_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Count the bytes of the address."""
        self._count_header(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those after the body are left out."""
        if self._in_headers:
            self._count_header(len(name) + len(value))
            super().on_header(name, value)

    def _count_header(self, n_bytes: int) -> None:
        self._header_bytes += n_bytes
        if self._header_bytes > MAX_HEADER_BYTES or len(self.headers) >= MAX_HEADERS:
            self._problem = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise ValueError("too large")

    def on_headers_complete(self) -> None:
        """Start the request."""
        self._in_headers = False
        self._body_bytes = 0
        self._framing_bytes = 0
        version = self.parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise ValueError("another version of HTTP")
        if version == "1.0" and any(name == b"transfer-encoding" for name, _ in self.headers):
            raise ValueError("proxies differ in where such a request ends")
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many requests at once")
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.cycle.transport = _ResponseTransport(self)  # type: ignore[assignment]
            self.server_state.work(self.transport)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body_bytes += len(body)
        self._framing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note the end of the request, also where it was answered before its end."""
        super().on_message_complete()
        self._in_headers = False
        self._framing_bytes = 0
        if self.cycle is not None and self.cycle.response_complete:
            self.cycle.more_body = False
            self.server_state.owing.pop(self.transport, None)
            if self._close_after_request:
                self.transport.close()
            else:
                self._unset_keepalive_if_required()
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of this one."""
        more_body = self.cycle.more_body and not self.pipeline
        waits = not self.pipeline
        super().on_response_complete()
        if waits:
            self.server_state.rest(self.transport)
            if more_body:
                self.server_state.owe(self.transport)

    def close_after_request(self) -> None:
        """Close the connection when the request is read: closed earlier, the client would not see its answer."""
        if self.cycle.more_body and self.cycle.response_complete:
            self._close_after_request = True
            if self.transport.can_write_eof():
                self.transport.write_eof()
        else:
            self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the protocol for web sockets."""
        if self._has_request():
            self.refuse(HTTPStatus.BAD_REQUEST)
            return
        self.server_state.work(self.transport)
        super().handle_websocket_upgrade()

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def refuse(self, status: HTTPStatus) -> None:
        """Answer what is no valid request, and read no more; the client has its time to read the answer."""
        self._refused = True
        if self._has_request():
            if self.cycle.response_started:
                self.transport.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.pipeline.clear()
        self.flow.resume_reading()
        body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status.value}).encode()
        headers = f"content-type: application/problem+json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}".encode() + body)
        self.server_state.rest(self.transport)
        self.server_state.owe(self.transport)
        if self.transport.can_write_eof():
            self.transport.write_eof()


class _ResponseTransport:
    """What a response is written to: the transport, but closed only when the request is read."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection
        self.write = connection.transport.write
        self.is_closing = connection.transport.is_closing

    def close(self) -> None:
        self._connection.close_after_request()


class LiveConnection(_Reported, WebSocketsSansIOProtocol):
    """A web socket, whose client must read in time."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: Connections,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.server_state = server_state
        self._late_bytes = 0
        self.close_timeout = server_state.limits.header_seconds

    def handle_cont(self, event: Frame) -> None:
        """Take a further frame of a message."""
        super().handle_cont(event)
        if len(self.frames) > MAX_FRAGMENTS:
            self.conn.fail(1009, "too many fragments")
            self.handle_parser_exception()

    def handle_ping(self) -> None:
        """Answer a ping, but do not collect answers that nobody reads."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def data_received(self, data: bytes) -> None:
        """Take what came; uvicorn would wait for ever after a handshake that websockets refused to parse."""
        if self.close_sent:
            self._count_late(len(data))
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Send, and note when all that is left to do is to wait for the client's farewell."""
        await super().send(message)
        if self.close_sent:
            self.server_state.rest(self.transport)
            self._count_late(len(self.conn.reader.buffer))

    def _count_late(self, n_bytes: int) -> None:
        """Throw away what comes after the end: there is no limit on web sockets that are about to be closed."""
        self._late_bytes += n_bytes
        if self._late_bytes > MAX_LATE_BYTES and not self.conn.eof_sent:
            self.conn.fail(1009)  # it parses nothing from now on
            self.conn.reader.discard()
            if self.transport.can_write_eof():
                self.transport.write_eof()
            else:
                self.transport.close()
