"""What waits for a worker, and where it waits: images, live sessions, and the places of workers."""

from __future__ import annotations

import asyncio

from emoclass.serving.messages import Answer, Asked, Frame, Start
from emoclass.serving.process import ChildProcess, ProcessDiedError


class Session:
    """A live session: the newest frame waits, older ones are skipped.

    Args:
        number: Its number.
        asked: The model, and which faces.
        smoothing: The time constant of the smoothing, in seconds.

    Attributes:
        slot: The worker that has the session; None before its first frame.
        process: The worker's process that knows the session; another one has to be told of it first.
        pending: The frame that waits for the worker, and what becomes of it.
    """

    def __init__(self, number: int, asked: Asked, smoothing: float) -> None:
        self.number, self.asked, self.smoothing = number, asked, smoothing
        self.slot: Slot | None = None
        self.process: ChildProcess | None = None
        self.pending: tuple[Frame, asyncio.Future[tuple[Answer, bool]]] | None = None


class Job:
    """An image that waits for its answer.

    Args:
        asked: How it is classified.
        data: The encoded image.
        turn: When it is its turn: the lowest number is next.

    Attributes:
        answer: What becomes of it.
        deaths: How the workers ended that had it.
    """

    def __init__(self, asked: Asked, data: bytes, turn: int) -> None:
        self.asked, self.data, self.turn = asked, data, turn
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.deaths: list[ProcessDiedError] = []


class Slot:
    """A worker's place: its process, which is replaced when it dies, and the sessions that it has.

    Args:
        start: What a process is told first.

    Attributes:
        sessions: The live sessions of this worker.
        closed: Sessions that are over, and that the process may forget.
        is_ready: Whether the process has loaded the models.
        is_leaving: Whether the worker ends after what it does now.
        process: The process.
        task: What gives it work.
        watch: What notices the end of the process.
    """

    def __init__(self, start: Start) -> None:
        self.start = start
        self.sessions: list[Session] = []
        self.closed: list[int] = []
        self.is_ready = False
        self.is_leaving = False
        self.process: ChildProcess | None = None
        self.task: asyncio.Task[None] | None = None
        self.watch: asyncio.Task[None] | None = None
