"""The open connections: how long each may wait for its client, and how many there may be.

A connection without a request in progress may be closed at any time, and one with a request is only closed if its
client neither sends nor reads. The protocols in `protocols.py` report what happens on each connection.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from uvicorn.server import ServerState

from emoclass.serving.settings import Limits

LEAST_READ = 1024
"""Bytes a second that a client must read of its response."""
MOST_CONNECTIONS = 8192
RESERVED_DESCRIPTORS = 256
"""File descriptors for everything but connections."""


class Abortable(Protocol):
    """A transport, or a TLS handshake that has none yet."""

    def abort(self) -> None:
        """Close at once."""


class Connections(ServerState):
    """The open connections of a server, and what is expected of each.

    Attributes:
        limits: The limits of the service.
        room: How many connections may be open.
        open: All of them.
        idle: Those without a request in progress, with the time since when; the longest first.
        owing: Those whose headers, or the rest of a body that was already answered, must come, with the time since
            when; the longest first.
        unread: Those with a response that the client has not read, with the time of the last look and the bytes left.
    """

    def __init__(self, limits: Limits, room: int) -> None:
        super().__init__()
        self.limits = limits
        self.room = room
        self.open: set[Abortable] = set()
        self.idle: dict[Abortable, float] = {}
        self.owing: dict[Abortable, float] = {}
        self.unread: dict[asyncio.Transport, tuple[float, int]] = {}
        self._loop = asyncio.get_running_loop()
        self._interval = min(1.0, limits.header_seconds / 4, limits.write_seconds / 4)
        self._timer: asyncio.TimerHandle | None = None

    def make_room(self) -> bool:
        """Close the connection that is idle longest if there are too many; say whether one more may be opened."""
        if len(self.open) < self.room:
            return True
        return self.close_idlest()

    def close_idlest(self) -> bool:
        """Close the connection that is idle longest; say whether there was one."""
        for connection in self.idle:
            self._close(connection)
            return True
        return False

    def add(self, connection: Abortable) -> None:
        """Take a new connection, which owes its first headers."""
        self.open.add(connection)
        self.rest(connection)
        self.owe(connection)
        if self._timer is None:
            self._timer = self._loop.call_later(self._interval, self._look)

    def replace(self, handshake: Abortable, connection: Abortable) -> None:
        """Take the connection that a handshake has led to; close it if the handshake was closed meanwhile."""
        if handshake in self.open:
            self.remove(handshake)
            self.add(connection)
        else:
            connection.abort()

    def remove(self, connection: Abortable) -> None:
        """Forget a connection that is closed."""
        self.open.discard(connection)
        self.work(connection)
        self.unread.pop(connection, None)  # type: ignore[call-overload]

    def work(self, connection: Abortable) -> None:
        """Note that a connection has a request in progress."""
        self.idle.pop(connection, None)
        self.owing.pop(connection, None)

    def rest(self, connection: Abortable) -> None:
        """Note that a connection has no request in progress from now on."""
        if connection in self.open:
            self.idle[connection] = self._loop.time()

    def owe(self, connection: Abortable) -> None:
        """Note that a connection without a request owes the rest of what its client has begun to send."""
        if connection in self.idle:
            self.owing.setdefault(connection, self._loop.time())

    def _close(self, connection: Abortable) -> None:
        self.remove(connection)
        connection.abort()

    def _look(self) -> None:
        """Close the connections whose time is over."""
        now = self._loop.time()
        for connection, since in list(self.owing.items()):
            if now - since < self.limits.header_seconds:
                break
            self._close(connection)
        for transport, (since, before) in list(self.unread.items()):
            if now - since < self.limits.write_seconds:
                continue
            left = transport.get_write_buffer_size()
            if before - left < LEAST_READ * (now - since):
                self._close(transport)
            else:
                self.unread[transport] = now, left
        self._timer = self._loop.call_later(self._interval, self._look) if self.open else None


def room_for_connections(wanted: int | None) -> int:
    """Raise this process' limit of file descriptors as far as needed, and return how many connections may be open."""
    wanted = wanted or MOST_CONNECTIONS
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVED_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(16, soft - RESERVED_DESCRIPTORS))
