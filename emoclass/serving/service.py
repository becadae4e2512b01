"""What all routes share: the settings, the models, the workers, and the figures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from starlette.datastructures import QueryParams
from starlette.requests import Request

from emoclass.errors import EmoclassError
from emoclass.serving.bodies import ClientDisconnect, Memory
from emoclass.serving.guard import Tokens
from emoclass.serving.messages import Answer, Asked
from emoclass.serving.meters import Meters
from emoclass.serving.models import ServedModel
from emoclass.serving.pool import BusyError, Pool, check_asked
from emoclass.serving.problems import ProblemError, busy, wrong
from emoclass.serving.process import ProcessDiedError
from emoclass.serving.settings import Settings
from emoclass.serving.video_pool import VideoPool
from emoclass.suggestions import did_you_mean

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Service:
    """One service.

    Args:
        settings: Its settings.
        models: What it serves.
        read_again: Reads the models from disk once more.

    Attributes:
        settings: The settings.
        pool: The workers.
        videos: The processes that watch videos.
        memory: The bodies that are read or answered now.
        meters: The figures.
        tokens: The token.
        is_closing: Whether it is about to end.
    """

    def __init__(
        self,
        settings: Settings,
        models: Mapping[str, ServedModel],
        read_again: Callable[[], Mapping[str, ServedModel]],
    ) -> None:
        limits = settings.limits
        self.settings = settings
        self.pool = Pool(
            models,
            workers=settings.workers,
            max_pixels=limits.max_pixels,
            max_waiting=limits.max_waiting,
            max_seconds=limits.max_seconds,
            max_live=limits.max_live,
        )
        self.videos = VideoPool(limits)
        self.memory = Memory(limits)
        self.meters = Meters(self.pool, self.videos, self.memory)
        self.tokens = Tokens(settings.token)
        self.is_closing = False
        self._read_again = read_again
        self._reloading = asyncio.Lock()
        self._is_reload_waiting = False

    @property
    def default_model(self) -> str:
        """The name of the model that is taken where none is named."""
        return next(iter(self.pool.models))

    def check(self, asked: Asked) -> None:
        """Refuse what no worker could do.

        Raises:
            ProblemError: There is no such model (404), or a value is wrong (400).
        """
        models = self.pool.models
        if asked.model not in models:
            raise ProblemError(
                404, f"model: expected one of {', '.join(models)}, got {asked.model[:100]!r}.",
                hint=did_you_mean(asked.model, models) or None,
            )  # fmt: skip
        try:
            check_asked(asked, models)
        except EmoclassError as error:
            raise wrong(error) from None

    async def classify(self, request: Request, asked: Asked, images: Sequence[bytes]) -> list[Answer]:
        """Return the answer to each image.

        Raises:
            ProblemError: The service is too busy.
            ClientDisconnect: The client left before.
        """
        seconds = self.settings.limits.max_seconds
        try:
            async with asyncio.timeout(seconds):
                answers = await unless_left(request, self.pool.answers(asked, images))
        except TimeoutError:
            raise busy(f"The images were not classified within {seconds:g} seconds.") from None
        except BusyError as error:
            raise busy(f"{error}.") from None
        except asyncio.CancelledError:
            if self.is_closing:  # the images were given up
                raise busy("The service is about to end.") from None
            raise
        for answer in answers:
            self.meters.images.labels("unreadable" if answer.error else "classified").inc()
            self.meters.faces.inc(answer.n_faces)
        return answers

    async def reload(self) -> None:
        """Read the models again, and serve them; if they cannot be read, the old ones stay."""
        if self._is_reload_waiting:
            return  # that one has yet to read them
        self._is_reload_waiting = True
        async with self._reloading:
            self._is_reload_waiting = False
            try:
                models = await asyncio.to_thread(self._read_again)
                await self.pool.replace(models)
            except (EmoclassError, ProcessDiedError, OSError) as error:
                _log.error("the models were not reloaded: %s", error)
                return
            _log.info("reloaded: %s", ", ".join(models))


async def unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what work gives, unless the client leaves before; then nobody needs it, and it is canceled.

    Raises:
        ClientDisconnect: The client left.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    """Return when the client leaves."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a number",
    "string_type": "text",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than_equal": "at most {le:g}",
}
"""What a setting should have been, by the type of pydantic's error; other errors keep pydantic's words."""


def what_is_wrong(first: Mapping[str, Any], known: Iterable[str]) -> ProblemError:
    """Return what is wrong with a query, in one sentence.

    Args:
        first: The first of pydantic's errors.
        known: The names of the settings.
    """
    name = ".".join(map(str, first["loc"])) or "query"
    if first["type"] == "extra_forbidden":
        name = name[:100]
        hint = did_you_mean(name, known) or f"The settings are {', '.join(known)}."
        return ProblemError(400, f"{name}: there is no such setting.", hint=hint)
    if first["type"] in EXPECTED:
        expected = f"expected {EXPECTED[first['type']].format(**first.get('ctx', {}))}"
    else:
        expected = first["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    return ProblemError(400, f"{name}: {expected}, got {first['input']!r:.100}.")


def check_once(query: QueryParams) -> None:
    """Refuse a query that gives a setting twice: one of the two would be passed over.

    Raises:
        ProblemError: It does.
    """
    for name in query:
        if (times := len(query.getlist(name))) > 1:
            raise ProblemError(
                400,
                f"{name[:100]}: expected once, got {times} times.",
                hint="Separate emotions with commas: labels=happy,sad." if name == "labels" else None,
            )
