"""The bodies of requests, in bounded memory: never in a file, and never for longer than a client takes its time."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import string
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from emoclass.serving.problems import ProblemError, busy
from emoclass.serving.settings import MIB, Limits

JSON_GROWTH = 1.4
"""Base64 takes a third more bytes than the images in it."""

MAX_JSON_PARTS = 10_000
"""Brackets and commas of a JSON document. Base64 has none, and a document of nothing else would take a hundred times
its size in memory."""


_WHITESPACE = string.whitespace.encode()


@dataclass(frozen=True)
class Upload:
    """An image as a client sent it.

    Attributes:
        path: What the client calls it; None where it has no name.
        data: The encoded image.
    """

    path: str | None
    data: bytes


class Memory:
    """The room that all bodies share.

    Args:
        limits: `max_memory` and `max_requests`.

    Attributes:
        held: Bytes of the bodies that are read or answered now.
        requests: How many requests are answered now: a slow upload takes no place until all of it came.
    """

    def __init__(self, limits: Limits) -> None:
        self.held = 0
        self.requests = 0
        self._limits = limits

    @asynccontextmanager
    async def request(self) -> AsyncIterator[Room]:
        """Let a request in.

        Raises:
            ProblemError: There are too many.
        """
        self.check_place()
        room = Room(self)
        try:
            yield room
        finally:
            self.requests -= room.is_complete
            self.held -= room.held

    def check_place(self) -> None:
        """Refuse a request while enough are answered.

        Raises:
            ProblemError: They are.
        """
        if self.requests >= self._limits.max_requests:
            raise busy(f"The service answers {self.requests} requests already.")

    def take(self, n: int) -> None:
        """Take so many bytes.

        Raises:
            ProblemError: There are not so many left.
        """
        if self.held + n > self._limits.max_memory:
            raise busy("The service holds too many images already.")
        self.held += n


class Room:
    """What one request takes of the memory.

    Attributes:
        held: Bytes.
        is_complete: Whether all of the body came, so that the request can be answered.
    """

    def __init__(self, memory: Memory) -> None:
        self.held = 0
        self.is_complete = False
        self._memory = memory

    def take(self, n: int) -> None:
        """Take so many bytes more, until the request is answered.

        Raises:
            ProblemError: There are not so many left.
        """
        self._memory.take(n)
        self.held += n

    def complete(self) -> None:
        """Take a place among the requests that are answered: all of the body came.

        Raises:
            ProblemError: There is none left.
        """
        self._memory.check_place()
        self._memory.requests += 1
        self.is_complete = True


async def chunks(request: Request, room: Room, limits: Limits, max_bytes: int) -> AsyncGenerator[bytes]:
    """Yield the body as it comes.

    Raises:
        ProblemError: It is too large (413), or too slow (408), or there is no memory left (503).
        ClientDisconnect: The client left.
    """
    stated = request.headers.get("content-length")
    if stated is not None and stated.isdecimal() and int(stated) > max_bytes:
        raise _too_large(max_bytes)
    began, size = monotonic(), 0
    due = began + limits.body_seconds
    stream = request.stream()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(stream), max(0.0, due - monotonic()) if limits.min_rate else None)
        except StopAsyncIteration:
            room.complete()
            return
        except TimeoutError:
            raise ProblemError(
                408, f"The body came too slowly: {size:,} bytes in {monotonic() - began:.0f} seconds.", closes=True
            ) from None
        if limits.min_rate:
            # However much came already: a fast beginning is no excuse for an endless rest.
            due = min(due + len(chunk) / limits.min_rate, monotonic() + limits.body_seconds)
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        room.take(len(chunk))
        yield chunk


async def read_body(request: Request, room: Room, limits: Limits, max_bytes: int) -> bytes:
    """Return a whole body.

    Raises:
        ProblemError: As `chunks` does.
        ClientDisconnect: The client left.
    """
    return b"".join([chunk async for chunk in chunks(request, room, limits, max_bytes)])


SAY_THE_KIND = 'With curl, add for example -H "Content-Type: {}".'

SEND_A_FILE = "With curl, -F {}=@FILE sends a file; without @ it sends text."


async def read_images(request: Request, room: Room, limits: Limits) -> tuple[list[Upload], dict[str, Any]]:
    """Return the images of a request, and what a JSON document says beside them.

    Raises:
        ProblemError: The body is too large or too slow, of a kind that is not read, or holds no image or too many.
        ClientDisconnect: The client left.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    further: dict[str, Any] = {}
    if kind == "multipart/form-data":
        uploads = await read_files(request, room, limits, limits.max_bytes, limits.max_images)
    elif kind == "application/json":
        body = await read_body(request, room, limits, int(limits.max_bytes * JSON_GROWTH))
        uploads, further = await asyncio.to_thread(_from_json, body, limits)
    elif kind.startswith("image/") or kind == "application/octet-stream":
        data = await read_body(request, room, limits, limits.max_bytes)
        uploads = [Upload(None, data)] if data else []
    else:
        raise ProblemError(
            415,
            f"Content-Type: expected image/*, application/octet-stream, multipart/form-data or application/json, got "
            f"{kind[:100] or 'none'}.",
            hint="Videos go to /v1/videos." if kind.startswith("video/") else SAY_THE_KIND.format("image/jpeg"),
            closes=True,
        )
    if not uploads:
        is_form = kind == "multipart/form-data"
        raise ProblemError(
            400, "images: expected at least one, got none.", hint=SEND_A_FILE.format("images") if is_form else None
        )
    return uploads, further


async def read_files(request: Request, room: Room, limits: Limits, max_bytes: int, max_files: int) -> list[Upload]:
    """Return the files of a multipart form; its other fields are passed over.

    Raises:
        ProblemError: The body is too large or too slow, has too many files, or is no such form.
        ClientDisconnect: The client left.
    """
    stream = chunks(request, room, limits, max_bytes)
    parser = _InMemory(request.headers, stream, max_files=max_files, max_fields=50, max_part_size=64 * 1024)
    parser.spool_max_size = max_bytes + 1
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if "Too many files" in error.message:
            raise _too_many(max_files, "files") from None
        raise ProblemError(400, f"multipart/form-data: {error.message}", closes=True) from None
    finally:
        await stream.aclose()
    uploads = []
    for _, each in form.multi_items():
        if isinstance(each, UploadFile):
            with each.file:
                uploads.append(Upload(each.filename or None, each.file.read()))
    return uploads


class _InMemory(MultiPartParser):
    """Starlette's parser, but for files that stay in memory: `spool_max_size` is more than a body can have."""


def _from_json(body: bytes, limits: Limits) -> tuple[list[Upload], dict[str, Any]]:
    if sum(map(body.count, (b"[", b"{", b","))) > MAX_JSON_PARTS:
        raise ProblemError(400, f"JSON: expected at most {MAX_JSON_PARTS:,} brackets and commas, got more.")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ProblemError(400, f"JSON: cannot be read ({reason}).") from None
    if not isinstance(document, dict) or not isinstance(document.get("images"), list):
        raise ProblemError(400, 'JSON: expected an object with a list of "images".')
    images = document.pop("images")
    if len(images) > limits.max_images:
        raise _too_many(limits.max_images, "images")
    uploads = [_decoded(each, f"images[{number}]") for number, each in enumerate(images)]
    if sum(len(upload.data) for upload in uploads) > limits.max_bytes:
        raise _too_large(limits.max_bytes)
    return uploads, document


def _decoded(given: object, where: str) -> Upload:
    path: object = None
    if isinstance(given, dict):
        if unknown := sorted(set(given) - {"path", "data"}):
            raise ProblemError(400, f"{where}: expected the keys path and data, got {unknown[0][:100]!r}.")
        path = given.get("path")
        given = given.get("data")
    if not isinstance(given, str) or not (path is None or isinstance(path, str)):
        raise ProblemError(400, f'{where}: expected an image in Base64, or {{"path": "...", "data": "..."}}.')
    if given.startswith("data:"):
        head, _, given = given.partition(",")
        if not head.endswith(";base64"):
            raise ProblemError(400, f"{where}: expected a data URL in Base64.")
    try:
        # Not `split`: of nothing but short words, it would take twenty times the size of the body.
        return Upload(path, base64.b64decode(given.encode("ascii").translate(None, _WHITESPACE), validate=True))
    except (binascii.Error, ValueError):
        is_url = given.lower().startswith(("http:", "https:"))
        hint = "The service fetches nothing: send the image itself." if is_url else None
        raise ProblemError(
            400, f"{where}: expected Base64, got {'a URL' if is_url else 'something else'}.", hint=hint
        ) from None


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError(413, f"body: expected at most {max_bytes / MIB:.3g} MiB, got more.", closes=True)


def _too_many(most: int, what: str) -> ProblemError:
    return ProblemError(
        413, f"{what}: expected at most {most} in a request, got more.", hint="Send several requests.", closes=True
    )


__all__ = ["ClientDisconnect", "Memory", "Room", "Upload", "chunks", "read_body", "read_files", "read_images"]
