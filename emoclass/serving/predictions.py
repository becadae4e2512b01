"""`POST /v1/predictions`: the emotions in images."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from emoclass.serving.bodies import read_images
from emoclass.serving.documents import (
    FILE,
    ImagesQuery,
    PictureDocument,
    PredictionDocument,
    UnreadableDocument,
    form_or_file,
)
from emoclass.serving.problems import CONTENT, not_processed
from emoclass.serving.service import Service, check_once, what_is_wrong

_BASE64 = {"type": "string", "contentEncoding": "base64"}

_JSON = {
    "type": "object",
    "description": "Beside the images, the settings of the query may be given here.",
    "properties": {
        "images": {
            "type": "array",
            "items": {
                "anyOf": [
                    _BASE64,
                    {
                        "type": "object",
                        "properties": {"path": {"type": "string"}, "data": _BASE64},
                        "required": ["data"],
                    },
                ]
            },
        }
    },
    "required": ["images"],
}

BODY = form_or_file("image", {"images": {"type": "array", "items": FILE}}, {"application/json": _JSON})

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": CONTENT}
    for status, description in {
        400: "The request cannot be understood.",
        401: "The token is missing or wrong.",
        404: "There is no such model.",
        408: "The body came too slowly.",
        413: "The body is too large, or holds too many images.",
        415: "The body is of a kind that is not read.",
        422: "No image could be classified.",
        500: "The service failed, or its worker processes were killed.",
        503: "The service is busy; Retry-After says when to try again.",
    }.items()
}


def routes(service: Service) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", tags=["images"])

    @router.post(
        "/predictions",
        operation_id="predict",
        summary="Find the faces in images and classify their emotions",
        responses={200: {"model": list[PictureDocument | PredictionDocument | UnreadableDocument]}, **PROBLEMS},
        response_class=Response,
        openapi_extra=BODY,
    )
    async def predictions(request: Request, query: Annotated[ImagesQuery, Query()]) -> Response:
        check_once(request.query_params)
        limits = service.settings.limits
        async with service.memory.request() as room:
            service.check(query.asked(service.default_model))  # before a body is read that is for nothing
            uploads, further = await read_images(request, room, limits)
            if further:
                query = _with(query, further)
            asked = query.asked(service.default_model)
            service.check(asked)
            answers = await service.classify(request, asked, [upload.data for upload in uploads])
        documents = [
            {**(answer.document or {}), "path": upload.path} for upload, answer in zip(uploads, answers, strict=True)
        ]
        if all(answer.error for answer in answers):
            reason = answers[0].error if len(answers) == 1 else f"none of the {len(answers)} images could be classified"
            was_killed = any(answer.was_killed for answer in answers)
            raise not_processed(f"images: {reason}.", was_killed=was_killed, errors=documents)
        return Response(json.dumps(documents), media_type="application/json")

    return router


def _with(query: ImagesQuery, further: dict[str, Any]) -> ImagesQuery:
    """Return a query with what a JSON document says beside its images."""
    try:
        return ImagesQuery.model_validate({**query.model_dump(exclude_unset=True), **further})
    except ValidationError as error:
        raise what_is_wrong(error.errors()[0], ImagesQuery.model_fields) from None
