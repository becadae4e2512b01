"""The processes that watch videos, as the event loop sees them: one for each video, and few at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from emoclass.serving.messages import AskedVideo, VideoAnswer
from emoclass.serving.problems import ProblemError, busy, not_processed
from emoclass.serving.process import CHUNK, ChildProcess, ProcessDiedError
from emoclass.serving.settings import Limits

_log = logging.getLogger(__name__)

START_SECONDS = 120.0
"""Importing and loading may take so long, on a machine that is busy."""

RETRY_SECONDS = 10
"""When a client may try again while other videos are watched."""

ENDS = "The service is about to end."


class VideoPool:
    """Watches videos, each in a process of its own: a crash there harms nothing else.

    Args:
        limits: How many at once, and how long one may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._deadlines: set[asyncio.Timeout] = set()
        self._is_closed = False

    @property
    def n_watching(self) -> int:
        """How many are watched now."""
        return len(self._deadlines)

    def check_place(self) -> None:
        """Refuse a video while enough are watched.

        Raises:
            ProblemError: They are (503), or the service takes none (501).
        """
        n = self.n_watching
        if not self._limits.max_videos:
            raise ProblemError(501, "This service takes no videos.", closes=True)
        if self._is_closed:
            raise busy(ENDS, seconds=RETRY_SECONDS)
        if n >= self._limits.max_videos:
            raise busy(f"The service watches {n} video{'s'[: n > 1]} already.", seconds=RETRY_SECONDS)

    async def answer(self, given: AskedVideo, data: bytes) -> VideoAnswer:
        """Watch a video. If the task is canceled, its process is killed.

        Raises:
            ProblemError: Enough are watched (503), it takes too long (503), or its process ended (422; 500 if killed).
        """
        seconds = self._limits.max_watch_seconds
        answers: list[VideoAnswer] = []
        try:
            async with self._place(seconds):
                process = await ChildProcess.start("emoclass.serving.video_worker")
                try:
                    await _begin(process, given)
                    for at in range(0, len(data), CHUNK):
                        await process.ask(data[at : at + CHUNK], seconds)
                    await process.ask(b"", seconds, answers.append)
                finally:
                    await process.kill()
        except TimeoutError:
            if self._is_closed:
                raise busy(ENDS, seconds=RETRY_SECONDS) from None
            raise ProblemError(
                503,
                f"video: not watched within {seconds:g} seconds.",
                hint="Send a shorter or smaller one, or try again when the service has less to do.",
                headers={"retry-after": str(RETRY_SECONDS)},
            ) from None
        except ProcessDiedError as died:
            _log.warning("a process that watched a video ended (%s)", died)
            detail = f"video: the process that watched it ended ({died})."
            raise not_processed(detail, was_killed=died.was_killed) from None
        return answers[0]

    def close(self) -> None:
        """Give up the videos that are watched, and take no more: the service is about to end."""
        self._is_closed = True
        for deadline in self._deadlines:
            if not deadline.expired():
                deadline.reschedule(0)

    @asynccontextmanager
    async def _place(self, seconds: float) -> AsyncIterator[None]:
        self.check_place()
        async with asyncio.timeout(seconds) as deadline:
            self._deadlines.add(deadline)
            try:
                yield
            finally:
                self._deadlines.discard(deadline)


async def _begin(process: ChildProcess, given: AskedVideo) -> None:
    try:
        await process.ask(given, START_SECONDS)
    except ProcessDiedError as error:
        raise busy(f"The process that watches videos does not start ({error}).", seconds=RETRY_SECONDS) from None
