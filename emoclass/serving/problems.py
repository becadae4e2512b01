"""Errors as problem documents (RFC 9457), in the words of the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emoclass.errors import EmoclassError

MEDIA_TYPE = "application/problem+json"

CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
"""How the OpenAPI document describes the body of an error; `app.py` adds the schema."""


KILLED = "The system may lack memory: send something smaller, or try again later."
"""What to do where a process was killed."""


class ProblemError(Exception):
    """An answer that is an error.

    Args:
        status: The HTTP status.
        detail: What is wrong, as a sentence.
        hint: What to do about it, as a sentence.
        headers: Further headers of the answer.
        closes: Whether the connection is closed: the rest of the request was not read.
        members: Further members of the document.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
        closes: bool = False,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = {**(headers or {}), **({"connection": "close"} if closes else {})}
        self.document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            **({"hint": hint} if hint else {}),
            **members,
        }

    def response(self) -> Response:
        """Return the answer."""
        content = json.dumps(self.document).encode()
        return Response(content, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def busy(detail: str, *, seconds: int = 1) -> ProblemError:
    """Return the answer to a request that comes at a bad time: try again."""
    return ProblemError(503, detail, hint="Try again.", headers={"retry-after": str(seconds)})


def not_processed(detail: str, *, was_killed: bool, **members: Any) -> ProblemError:
    """Return the answer to images or a video that could not be processed.

    The status is 422 where the content is the likely reason: it cannot be decoded, or its process crashed. After
    SIGKILL it is 500. That signal comes from outside, from the system when memory is short or from an operator. It does
    not show that the content is at fault, and content within the limits should fit into the memory of the service. The
    status is not 503, because clients and proxies repeat such a request by themselves: one that does need too much
    memory would have one worker after the other killed.

    Args:
        detail: What is wrong, as a sentence.
        was_killed: Whether a process got SIGKILL while it had the content.
        members: Further members of the document.
    """
    if was_killed:
        return ProblemError(500, detail, hint=KILLED, **members)
    return ProblemError(422, detail, **members)


def wrong(error: EmoclassError) -> ProblemError:
    """Return the answer to a request that cannot be understood, in the words of the command line."""
    return ProblemError(400, error.message, hint=error.hint)


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer with a problem that was raised."""
    assert isinstance(error, ProblemError)
    return error.response()
