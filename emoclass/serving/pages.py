"""The page: a few files of this package, held in memory."""

from __future__ import annotations

import hashlib
import importlib.resources
from pathlib import PurePath

from fastapi import APIRouter, Request
from starlette.responses import Response

from emoclass.serving.problems import ProblemError

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def routes() -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)
    folder = importlib.resources.files("emoclass.serving") / "page"
    files = {each.name: each.read_bytes() for each in folder.iterdir() if PurePath(each.name).suffix in MEDIA_TYPES}
    tags = {name: f'"{hashlib.sha256(content).hexdigest()[:32]}"' for name, content in files.items()}

    def answer(request: Request, name: str) -> Response:
        if name not in files:
            raise ProblemError(404, "There is no such file.")
        headers = {"etag": tags[name], "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tags[name]:
            return Response(status_code=304, headers=headers)
        return Response(files[name], headers=headers, media_type=MEDIA_TYPES[PurePath(name).suffix])

    @router.head("/")
    @router.get("/")
    async def page(request: Request) -> Response:
        return answer(request, "index.html")

    @router.get("/page/{name}")
    async def file(request: Request, name: str) -> Response:
        return answer(request, name)

    @router.get("/favicon.ico")
    async def icon(request: Request) -> Response:
        return answer(request, "icon.svg")

    return router
