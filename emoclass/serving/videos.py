"""`POST /v1/videos`: who shows which emotion when, in a short video."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from emoclass.errors import ConfigError
from emoclass.serving.bodies import SAY_THE_KIND, SEND_A_FILE, Room, read_body, read_files
from emoclass.serving.documents import FILE, VideoDocument, VideoQuery, form_or_file
from emoclass.serving.messages import AskedVideo
from emoclass.serving.predictions import PROBLEMS
from emoclass.serving.problems import ProblemError, wrong
from emoclass.serving.service import Service, check_once, unless_left
from emoclass.serving.settings import Limits
from emoclass.video.files import check_range

BODY = form_or_file("video", {"video": FILE})


def routes(service: Service) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["videos"])

    @router.post(
        "/videos",
        operation_id="watch",
        summary="Find the persons in a short video, and say who shows which emotion when",
        responses={
            200: {"model": VideoDocument},
            **PROBLEMS,
            413: {**PROBLEMS[413], "description": "The video is too large or too long."},
            422: {**PROBLEMS[422], "description": "This is no video, or one that cannot be read."},
            501: {**PROBLEMS[422], "description": "The service cannot read videos: PyAV is not installed."},
        },
        response_class=Response,
        openapi_extra=BODY,
    )
    async def videos(request: Request, query: Annotated[VideoQuery, Query()]) -> Response:
        check_once(request.query_params)
        limits, asked = service.settings.limits, query.asked(service.default_model)
        service.check(asked)
        model = service.pool.models[asked.model]  # a reload meanwhile does not change what was asked for
        _check_range(query)
        service.videos.check_place()  # before a body is read that is for nothing
        async with service.memory.request() as room:
            data = await _read_video(request, room, limits)
            given = AskedVideo(
                model, limits, asked,
                **query.model_dump(include={"every", "smoothing", "start", "end", "moments"}),
            )  # fmt: skip
            answer = await unless_left(request, service.videos.answer(given, data))
        if answer.status != 200:
            raise ProblemError(answer.status, answer.detail, hint=answer.hint)
        return Response(answer.document, media_type="application/json")

    return router


def _check_range(query: VideoQuery) -> None:
    try:
        check_range(query.start, query.end)
    except ConfigError as error:
        raise wrong(error) from None


async def _read_video(request: Request, room: Room, limits: Limits) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        uploads = await read_files(request, room, limits, limits.max_video_bytes, 1)
        if not uploads:
            raise ProblemError(400, "video: expected a file in the form, got none.", hint=SEND_A_FILE.format("video"))
        return uploads[0].data
    if kind.startswith("video/") or kind in ("application/octet-stream", "image/gif"):
        return await read_body(request, room, limits, limits.max_video_bytes)
    raise ProblemError(
        415,
        f"Content-Type: expected video/*, application/octet-stream or multipart/form-data, got {kind[:100] or 'none'}.",
        hint="Images go to /v1/predictions." if kind.startswith("image/") else SAY_THE_KIND.format("video/mp4"),
        closes=True,
    )
