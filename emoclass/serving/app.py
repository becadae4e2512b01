"""The application: its routes, and what stands before them."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import emoclass
from emoclass.serving import information, live, pages, predictions, videos
from emoclass.serving.documents import ProblemDocument
from emoclass.serving.guard import COOKIE, Guard
from emoclass.serving.problems import ProblemError, on_problem
from emoclass.serving.service import Service, what_is_wrong

_access = logging.getLogger("emoclass.serving.access")


class _App(FastAPI):
    """FastAPI, whose OpenAPI document says two things more: what errors look like, and how to show the token."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        components = document["components"]
        components["schemas"]["ProblemDocument"] = ProblemDocument.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        components["schemas"]["ProblemDocument"].pop("$defs", None)  # the answer to images has it
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        }
        document["security"] = [{"token": []}, {"cookie": []}, {}]  # {}: a service without a token
        return document


def create_app(service: Service) -> ASGIApp:
    """Return the application of a service: ASGI, with the guard and the access log before it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.pool.start()
        yield
        service.is_closing = True
        await service.pool.close()

    app = _App(
        title="emoclass",
        summary="Emotions in images.",
        version=emoclass.__version__,
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
    )
    for part in (predictions, videos, information, live):
        app.include_router(part.routes(service))
    app.include_router(pages.routes())
    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, _on_wrong_query)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(500, _on_bug)
    return _Log(Guard(app, service.settings, service.tokens), service)


async def _on_wrong_query(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    operations = request.app.openapi()["paths"].get(request.url.path, {}).values()
    known = [each["name"] for operation in operations for each in operation.get("parameters", ())]
    return what_is_wrong({**first, "loc": first["loc"][1:]}, known).response()  # without "query"


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {
        404: "There is no such address.",
        405: f"{request.method} is not possible here.",
    }.get(error.status_code, str(error.detail))
    headers = dict(error.headers or {})
    # Several routes may share an address, and the exception names the methods of the first alone.
    if error.status_code == 405 and (methods := request.app.openapi()["paths"].get(request.url.path)):
        headers = {"Allow": ", ".join(map(str.upper, methods))}
    hint = {
        404: "GET /v1/openapi.json lists all addresses.",
        405: f"Use {headers['Allow']}." if "Allow" in headers else None,
    }.get(error.status_code)
    return ProblemError(error.status_code, detail, hint=hint, headers=headers).response()


async def _on_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it: for the log


async def _on_bug(request: Request, error: Exception) -> Response:
    return ProblemError(500, "The service failed; its log says why.").response()


_STATUS = {"websocket.accept": 101, "websocket.close": 403}
"""What becomes of a web socket, in the numbers of HTTP."""


class _Log:
    """Writes a line for each request, and counts it: never a name of a file, and nothing of an image."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        began, status, received, sent = perf_counter(), 0, 0, 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body") or message.get("bytes") or b"")
            return message

        async def sending(message: Message) -> None:
            nonlocal status, sent
            status = status or message.get("status", _STATUS.get(message["type"], 0))
            sent += len(message.get("body") or message.get("bytes") or message.get("text") or b"")
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        except Exception:
            status = 500
            raise
        finally:
            seconds = perf_counter() - began
            # The route, not the path: what strangers type does not belong into the log or among the figures.
            route = getattr(scope.get("route"), "path", "none")
            self._service.meters.requests.labels(route, status).inc()
            if scope["type"] == "http":
                self._service.meters.seconds.labels(route).observe(seconds)
            client = scope.get("client")
            line = {
                "client": client[0] if client else None,
                "method": scope.get("method", "WEBSOCKET"),
                "route": route,
                "status": status,
                "milliseconds": round(1000 * seconds, 1),
                "received": received,
                "sent": sent,
            }
            _access.info("%s", json.dumps(line))
