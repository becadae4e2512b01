"""What the service says of itself: models, limits, health, figures; and the cookie for a token."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from emoclass.serving.bodies import read_body
from emoclass.serving.documents import ModelDocument, SessionDocument
from emoclass.serving.guard import COOKIE
from emoclass.serving.problems import CONTENT, ProblemError
from emoclass.serving.service import Service
from emoclass.serving.settings import Limits

MAX_TOKEN_BYTES = 4096

_UNAUTHORIZED: dict[int | str, dict[str, Any]] = {
    401: {"description": "The token is missing or wrong.", "content": CONTENT}
}

_TOKEN: dict[str, Any] = {
    "requestBody": {
        "description": "The token, where the Authorization header does not have it.",
        "content": {"application/json": {"schema": {"type": "object", "properties": {"token": {"type": "string"}}}}},
    }
}


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get(
        "/v1/models", operation_id="models", summary="The models, and what they are worth", tags=["service"],
        response_model=list[ModelDocument], responses=_UNAUTHORIZED,
    )  # fmt: skip
    async def models() -> JSONResponse:
        default = service.default_model
        return JSONResponse([model.describe(is_default=name == default) for name, model in service.pool.models.items()])

    @router.get(
        "/v1/limits", operation_id="limits", summary="What is allowed", tags=["service"], responses=_UNAUTHORIZED
    )
    async def limits() -> Limits:
        return service.settings.limits

    @router.get("/v1/session", operation_id="session", summary="Whether a token is needed", tags=["service"])
    async def session(request: Request) -> SessionDocument:
        tokens = service.tokens
        return SessionDocument(required=tokens.is_required, authenticated=tokens.lets_in(request.headers))

    @router.post(
        "/v1/session", operation_id="sign_in", summary="Exchange the token for a cookie", tags=["service"],
        status_code=204, response_class=Response, responses=_UNAUTHORIZED, openapi_extra=_TOKEN,
    )  # fmt: skip
    async def sign_in(request: Request) -> Response:
        if not service.tokens.lets_in(request.headers):
            async with service.memory.request() as room:
                body = await read_body(request, room, service.settings.limits, MAX_TOKEN_BYTES)
            if not service.tokens.matches(_token(body)):
                raise ProblemError(401, "token: this is not the one of this service.")
        response = Response(status_code=204)
        if service.tokens.is_required:
            is_secure = service.settings.certificate is not None or request.url.scheme == "https"
            response.set_cookie(
                COOKIE, service.tokens.cookie, httponly=True, samesite="strict", secure=is_secure, path="/"
            )
        return response

    @router.delete(
        "/v1/session", operation_id="sign_out", summary="Remove the cookie", tags=["service"], status_code=204,
        response_class=Response,
    )  # fmt: skip
    async def sign_out() -> Response:
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
        return response

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        is_ready = service.pool.n_ready > 0 and not service.is_closing
        return JSONResponse({"ready": is_ready, "workers": service.pool.n_ready}, 200 if is_ready else 503)

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(service.meters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _token(body: bytes) -> str | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    token = document.get("token") if isinstance(document, dict) else None
    return token if isinstance(token, str) else None
