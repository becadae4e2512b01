"""The processes that watch videos, as the event loop sees them: one for each video, and few at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from emoclass.serving.messages import AskedVideo, VideoAnswer
from emoclass.serving.problems import ProblemError, busy
from emoclass.serving.process import CHUNK, ChildProcess, ProcessDiedError
from emoclass.serving.settings import Limits

START_SECONDS = 120.0
"""Importing and loading may take so long, on a machine that is busy."""

RETRY_SECONDS = 10
"""When a client may try again while other videos are watched."""

CRASHED = "video: damaged (it crashes the decoder, or takes too much memory)."


class VideoPool:
    """Watches videos, each in a process of its own: a crash there harms nothing else.

    Args:
        limits: How many at once, and how long one may take.

    Attributes:
        n_watching: How many are watched now.
    """

    def __init__(self, limits: Limits) -> None:
        self.n_watching = 0
        self._limits = limits

    def check_place(self) -> None:
        """Refuse a video while enough are watched.

        Raises:
            ProblemError: They are (503), or the service takes none (501).
        """
        if not self._limits.max_videos:
            raise ProblemError(501, "This service takes no videos.", closes=True)
        n = self.n_watching
        if n >= self._limits.max_videos:
            raise busy(f"The service watches {n} video{'s'[: n > 1]} already.", seconds=RETRY_SECONDS)

    async def answer(self, given: AskedVideo, data: bytes) -> VideoAnswer:
        """Watch a video. If the task is canceled, its process is killed.

        Raises:
            ProblemError: Enough are watched (503), it takes too long (503), or it crashes the process (422).
        """
        seconds = self._limits.max_watch_seconds
        answers: list[VideoAnswer] = []
        with self._place():
            try:
                async with asyncio.timeout(seconds):
                    process = await ChildProcess.start("emoclass.serving.video_worker")
                    try:
                        await _begin(process, given)
                        for at in range(0, len(data), CHUNK):
                            await process.ask(data[at : at + CHUNK], seconds)
                        await process.ask(b"", seconds, answers.append)
                    finally:
                        await process.kill()
            except TimeoutError:
                raise ProblemError(
                    503,
                    f"video: not watched within {seconds:g} seconds.",
                    hint="Send a shorter or smaller one, or try again when the service has less to do.",
                    headers={"retry-after": str(RETRY_SECONDS)},
                ) from None
            except ProcessDiedError:
                raise ProblemError(422, CRASHED) from None
        return answers[0]

    @contextmanager
    def _place(self) -> Iterator[None]:
        self.check_place()
        self.n_watching += 1
        try:
            yield
        finally:
            self.n_watching -= 1


async def _begin(process: ChildProcess, given: AskedVideo) -> None:
    try:
        await process.ask(given, START_SECONDS)
    except ProcessDiedError as error:
        raise busy(f"The process that watches videos does not start ({error}).", seconds=RETRY_SECONDS) from None
