"""A child process that answers messages, as the event loop sees it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from emoclass.serving.messages import LENGTH, Answer, Done, VideoAnswer, packed, read_answer

CHUNK = 2**20

END_SECONDS = 10.0
"""A process that closed its stdout may take so long to end, on a machine that is busy."""


class ProcessDiedError(Exception):
    """The process ended, or was killed because it answered too late or sent no valid answer.

    Args:
        reason: The name of a signal, an exit status, or why it was killed.
        was_killed: See below.

    Attributes:
        was_killed: Whether somebody else killed it with SIGKILL: the system because memory was short, or an operator.
            It says nothing about what the process was doing, unlike a signal such as SIGSEGV.
    """

    def __init__(self, reason: str, *, was_killed: bool = False) -> None:
        super().__init__(reason)
        self.was_killed = was_killed


class ChildProcess:
    """A process that runs a module of this package, such as `emoclass.serving.worker`.

    Attributes:
        pid: Its number.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, module: str) -> ChildProcess:
        """Start a module as a process; its stderr is that of the service."""
        # Decoding and classifying are spread over processes: threads inside them would only get in each other's way.
        # -P: no module of the folder that the service happens to be started in is imported in place of a real one.
        settings = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        # glibc keeps what a large image took, unless each large block is mapped on its own: 60 MB of a worker.
        settings["MALLOC_MMAP_THRESHOLD_"] = str(256 * 1024)
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", module, stdin=PIPE, stdout=PIPE, limit=CHUNK,
                env={**os.environ, **settings},
                start_new_session=True,  # a Ctrl-C in the terminal is for the service alone
            )
        )  # fmt: skip

    async def ask(self, message: object, seconds: float, on_answer: Callable[[Any], object] | None = None) -> None:
        """Send a message, and return when all answers to it were given to `on_answer`.

        Raises:
            ProcessDiedError: The process ended, or was killed since it did not finish in time.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._send(packed(message))
                while not isinstance(answer := await self._receive(), Done):
                    if on_answer is not None:
                        on_answer(answer)
        except TimeoutError as error:
            await self.kill()
            raise ProcessDiedError(f"no answer within {seconds:g} seconds") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            with suppress(TimeoutError):  # it is ending: killed at this moment, it would not be known how it ended
                await asyncio.wait_for(self._process.wait(), END_SECONDS)
            died = self.death() or ProcessDiedError("it stopped answering")
            await self.kill()
            raise died from error
        except BaseException:  # a task that is cancelled leaves half a message behind
            await self.kill()
            raise

    async def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        for at in range(0, len(data), CHUNK):  # else all of it would be copied into the pipe's buffer
            self._process.stdin.write(data[at : at + CHUNK])
            await self._process.stdin.drain()

    async def _receive(self) -> Answer | VideoAnswer | Done:
        assert self._process.stdout is not None
        (length,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
        data = await self._process.stdout.readexactly(length)
        try:
            return read_answer(data)
        except ValueError as error:
            raise ProcessDiedError("no valid answer") from error

    def death(self) -> ProcessDiedError | None:
        """Return how the process ended; None while it runs."""
        if (code := self._process.returncode) is None:
            return None
        try:
            reason = signal.Signals(-code).name
        except ValueError:
            reason = f"exit status {code}"
        return ProcessDiedError(reason, was_killed=reason == "SIGKILL")

    async def wait(self) -> None:
        """Wait until the process ends."""
        await self._process.wait()

    async def close(self, seconds: float = 5.0) -> None:
        """Let the process end by itself, and kill it if it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        await self.kill()

    async def kill(self) -> None:
        """End the process at once."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
