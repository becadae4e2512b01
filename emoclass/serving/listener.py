"""The listener, which accepts connections, and the server that starts it.

uvicorn only counts its connections. Here, one that is idle is closed where there is no room for a new one.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from emoclass.serving.connections import Abortable, Connections, room_for_connections
from emoclass.serving.protocols import HTTPConnection, LiveConnection
from emoclass.serving.settings import Limits

SEND_BUFFER = 128 * 1024
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Listener:
    """Accepts connections, as many as there is room for.

    asyncio's own server hands over a TLS connection only after its handshake, so nobody could count those that never
    finish it.
    """

    def __init__(
        self, sock: socket.socket, config: uvicorn.Config, state: Connections, make: Callable[[Abortable], Any]
    ) -> None:
        self._socket = sock
        self.config = config
        self.state = state
        self.make = make
        self.handshakes: set[_Handshake] = set()
        sock.setblocking(False)
        # Progress shows only when a third of the system's buffer is free, which else may hold megabytes.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        sock.listen(config.backlog)
        self._task = asyncio.get_running_loop().create_task(self._accept())

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for _ in range(64):  # then others have their turn, though more may be waiting
                try:
                    connection, _address = await loop.sock_accept(self._socket)
                except OSError as error:
                    # A client that is gone already matters to nobody else. Without resources, a connection that was
                    # closed gives its own back in the next turn; where none could be closed, they come back in time.
                    if error.errno in EXHAUSTED and not self.state.close_idlest():
                        await asyncio.sleep(0.1)
                    break
                if self.state.make_room():
                    _Handshake(self, connection)
                else:
                    connection.close()
            await asyncio.sleep(0)

    def close(self) -> None:
        """Accept no more."""
        self._task.cancel()
        self._socket.close()
        for handshake in list(self.handshakes):
            handshake.abort()

    async def wait_closed(self) -> None:
        """Return: everything is closed."""


class _Handshake:
    """A connection that has no transport yet; in the moment in which it has one, that takes its place."""

    def __init__(self, listener: Listener, connection: socket.socket) -> None:
        self._listener = listener
        self._connection = connection
        listener.state.add(self)
        listener.handshakes.add(self)
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(self._end)

    async def _run(self) -> None:
        tls = self._listener.config.ssl
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: self._listener.make(self),
            self._connection,
            ssl=tls,
            ssl_handshake_timeout=self._listener.state.limits.header_seconds if tls else None,
        )

    def _end(self, task: asyncio.Task[None]) -> None:
        self._listener.state.remove(self)
        self._listener.handshakes.discard(self)
        if task.cancelled() or task.exception() is not None:  # the client speaks no TLS, is too slow or gone
            self._connection.close()

    def abort(self) -> None:
        self._task.cancel()


class BoundedServer(uvicorn.Server):
    """uvicorn's server, with limits on its connections.

    Args:
        config: uvicorn's configuration; its protocols are set here.
        limits: The limits of the service.
    """

    def __init__(self, config: uvicorn.Config, limits: Limits) -> None:
        super().__init__(config)
        config.loop = "asyncio"  # the one that is tested; the work is done in other processes
        config.http = HTTPConnection
        config.ws = LiveConnection
        config.ws_max_size = limits.max_frame_bytes
        config.ws_per_message_deflate = False  # a few kilobytes could unpack into gigabytes
        config.timeout_keep_alive = limits.idle_seconds  # type: ignore[assignment]
        self._limits = limits

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        state = self.server_state = Connections(self._limits, room_for_connections(self._limits.max_connections))
        await super().startup(sockets=[])

        def make(handshake: Abortable) -> HTTPConnection:
            return HTTPConnection(handshake, config=self.config, server_state=state, app_state=self.lifespan.state)

        for each in sockets or [self.config.bind_socket()]:
            self.servers.append(Listener(each, self.config, state, make))  # type: ignore[arg-type]
