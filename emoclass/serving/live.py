"""`WebSocket /v1/live`: frames in, persons with smoothed emotions out.

The newest frame counts. What comes while one is classified takes the place of what waits.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from emoclass.serving.documents import LiveQuery
from emoclass.serving.pool import BusyError
from emoclass.serving.problems import ProblemError
from emoclass.serving.service import Service, check_once, what_is_wrong
from emoclass.serving.waiting import Session

POLICY, UNSUPPORTED, TRY_AGAIN, GOING_AWAY = 1008, 1003, 1013, 1001


@dataclass(frozen=True)
class _Frame:
    sequence: int
    data: bytes
    time: float


class _Newest:
    """The newest frame that came and was not taken yet."""

    def __init__(self) -> None:
        self._frame: _Frame | None = None
        self._came = asyncio.Event()
        self._began = monotonic()
        self._count = 0

    def put(self, data: bytes) -> None:
        self._frame = _Frame(self._count, data, monotonic() - self._began)
        self._count += 1
        self._came.set()

    async def take(self) -> _Frame:
        await self._came.wait()
        self._came.clear()
        assert self._frame is not None
        frame, self._frame = self._frame, None
        return frame


def routes(service: Service) -> APIRouter:
    """Return the route."""
    router = APIRouter()

    @router.websocket("/v1/live")
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        with suppress(WebSocketDisconnect, RuntimeError):  # the client left; starlette says so in two ways
            try:
                check_once(websocket.query_params)
                asked = LiveQuery.model_validate(dict(websocket.query_params))
                what = asked.asked(service.default_model)
                service.check(what)
            except (ProblemError, ValidationError) as error:
                problem = (
                    what_is_wrong(error.errors()[0], LiveQuery.model_fields)
                    if isinstance(error, ValidationError)
                    else error
                )
                await _end(websocket, problem.document["detail"], POLICY)
                return
            try:
                session = service.pool.open_session(what, asked.smoothing)
            except BusyError as error:
                await _end(websocket, f"{error}.", TRY_AGAIN)
                return
            try:
                model = service.pool.models[what.model]
                labels = what.labels or model.live.manifest.labels.emotions
                await websocket.send_json({"type": "ready", "model": model.live_name, "labels": list(labels)})
                await _converse(websocket, service, session)
            finally:
                service.pool.close_session(session)
                await service.pool.wake()

    return router


async def _converse(websocket: WebSocket, service: Service, session: Session) -> None:
    """Answer frames until the client leaves."""
    newest = _Newest()
    answering = asyncio.ensure_future(_answer(websocket, service, session, newest))
    try:
        while not answering.done():
            receiving = asyncio.ensure_future(websocket.receive())
            done, _ = await asyncio.wait(
                (receiving, answering), timeout=service.settings.limits.live_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )  # fmt: skip
            if receiving not in done:
                receiving.cancel()
                if not done:
                    await _end(websocket, "No frame came for a while.", GOING_AWAY)
                return
            message = receiving.result()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes") is None:
                await _end(websocket, "Expected images as binary messages, got text.", UNSUPPORTED)
                return
            newest.put(message["bytes"])
    finally:
        answering.cancel()
        with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await answering


async def _answer(websocket: WebSocket, service: Service, session: Session, newest: _Newest) -> None:
    """Classify the newest frame, again and again."""
    answered = -1
    while True:
        frame = await newest.take()
        skipped, answered = frame.sequence - answered - 1, frame.sequence
        try:
            async with asyncio.timeout(2 * service.settings.limits.max_seconds):  # a worker that hangs is killed before
                found, is_new = await service.pool.frame(session, frame.data, frame.time)
        except TimeoutError:
            await _end(websocket, "The service is too busy.", TRY_AGAIN)
            return
        except BusyError as error:
            await _end(websocket, f"{error}.", TRY_AGAIN)
            return
        except asyncio.CancelledError:
            if service.is_closing:
                await _end(websocket, "The service is about to end.", GOING_AWAY)
            raise
        service.meters.frames.labels("unreadable" if found.error else "classified").inc()
        service.meters.frames.labels("skipped").inc(skipped)
        answer: dict[str, Any] = {"type": "frame", "sequence": frame.sequence, "skipped": skipped}
        if found.document is None:
            answer |= {"type": "error", "detail": f"frame: {found.error}."}
        else:
            answer |= found.document
        if is_new and frame.sequence and found.document is not None:
            answer["restarted"] = True  # persons have new numbers
        await websocket.send_json(answer)


async def _end(websocket: WebSocket, detail: str, code: int) -> None:
    """Say why, and close: a browser shows its page no more than the code."""
    await websocket.send_text(json.dumps({"type": "error", "detail": detail}))
    await websocket.close(code, detail[:120])
