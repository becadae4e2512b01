"""The workers, as the event loop sees them: who gets which images, and what happens when one dies.

Images that are asked for in the same way share a batch. A worker that dies takes no image along: those that it had are
tried again alone, once, so that one that crashes a decoder is found and named. A live session belongs to one worker.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import count

from emoclass.errors import EmoclassError
from emoclass.inference.face_search import check_search
from emoclass.serving.messages import Answer, Asked, Close, Frame, Images, Open, Start
from emoclass.serving.models import ServedModel
from emoclass.serving.process import ChildProcess, ProcessDiedError
from emoclass.serving.waiting import Job, Session, Slot
from emoclass.values.labels import choose

_log = logging.getLogger(__name__)

MAX_BATCH = 8
"""Images of a batch: more would take no less time, and the first answers would wait for the last."""

MAX_BESIDE_LIVE = 2
"""Images of a batch of a worker that has live sessions: their frames come in between."""

MAX_BATCH_BYTES = 16 * 2**20

START_SECONDS = 120.0
"""Importing and loading may take so long, on a machine that is busy."""

PAUSE_SECONDS = 5.0
"""The longest pause before a worker is started again that died at once."""

ENDS = "The service is about to end"

REPLACED = "The models were replaced, and the new ones cannot answer this"


class BusyError(Exception):
    """Images or a session cannot be taken now, or were given up."""


class Pool:
    """The workers of the service.

    Args:
        models: What is served.
        workers: How many processes.
        max_pixels: Larger images are not decoded.
        max_waiting: Images that wait at most.
        max_seconds: A batch that takes longer is taken for hung, and its worker is killed.
        max_live: Live sessions at most.
        module: What workers run.

    Attributes:
        models: What is served.
        module: What workers run.
        restarts: How many workers ended and were started again.
    """

    def __init__(
        self,
        models: Mapping[str, ServedModel],
        *,
        workers: int,
        max_pixels: int,
        max_waiting: int,
        max_seconds: float,
        max_live: int,
        module: str = "emoclass.serving.worker",
    ) -> None:
        self.models = models
        self.restarts = 0
        self._workers, self._max_pixels = workers, max_pixels
        self._max_waiting, self._max_seconds, self._max_live = max_waiting, max_seconds, max_live
        self.module = module
        self._jobs: deque[Job] = deque()
        self._turn = 0
        self._sessions: dict[int, Session] = {}
        self._numbers = count(1)
        self._slots: list[Slot] = []
        self._work = asyncio.Condition()

    @property
    def n_waiting(self) -> int:
        """Images that wait for a worker."""
        return len(self._jobs)

    @property
    def n_sessions(self) -> int:
        """Live sessions."""
        return len(self._sessions)

    @property
    def n_ready(self) -> int:
        """Workers that are running, and have loaded the models."""
        return sum(slot.is_ready for slot in self._slots)

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes."""
        return [slot.process.pid for slot in self._slots if slot.process is not None]

    async def start(self) -> None:
        """Start the workers, and wait until they are ready.

        Raises:
            ProcessDiedError: It could not be started.
        """
        self._slots = await self._started(self.models)

    async def replace(self, models: Mapping[str, ServedModel]) -> None:
        """Serve other models from now on; what the old workers have begun, they finish.

        Raises:
            ProcessDiedError: The models cannot be loaded; the old ones stay.
        """
        new = await self._started(models)
        old, self._slots, self.models = self._slots, new, models
        for session in self._sessions.values():
            self._place(session)
        await self._leave(old)

    async def close(self) -> None:
        """Finish the batches that are under way, and end the workers; images that wait are given up."""
        for job in self._jobs:
            job.answer.cancel()
        self._jobs.clear()
        for session in self._sessions.values():
            if session.pending is not None:
                session.pending[1].cancel()
                session.pending = None
        old, self._slots = self._slots, []
        await self._leave(old)

    async def answers(self, asked: Asked, images: Iterable[bytes]) -> list[Answer]:
        """Return the answer to each image, in order.

        Raises:
            BusyError: Too many images wait, the models were replaced by others, or the service is about to end.
        """
        if not self._slots:
            raise BusyError(ENDS)
        # The images of all requests take turns: a request of many images does not keep those of one waiting. Each
        # image lets as many later requests pass as there are images that wait now, and no more: none waits for ever.
        self._turn += 1
        step = len(self._jobs) + 1
        jobs = [Job(asked, data, self._turn + number * step) for number, data in enumerate(images)]
        # One request must fit into an empty queue, however many images it has.
        if self._jobs and len(self._jobs) + len(jobs) > self._max_waiting:
            raise BusyError(f"{len(self._jobs)} images wait already")
        self._jobs = deque(heapq.merge(self._jobs, jobs, key=lambda job: job.turn))
        await self.wake()
        try:
            return list(await asyncio.gather(*(job.answer for job in jobs)))
        finally:
            for job in jobs:  # of a client that left, or too late
                job.answer.cancel()
            self._jobs = deque(job for job in self._jobs if not job.answer.cancelled())

    def open_session(self, asked: Asked, smoothing: float) -> Session:
        """Begin a live session.

        Raises:
            BusyError: There are too many.
        """
        if len(self._sessions) >= self._max_live:
            n = len(self._sessions)
            raise BusyError("1 live session is open already" if n == 1 else f"{n} live sessions are open already")
        session = Session(next(self._numbers), asked, smoothing)
        self._sessions[session.number] = session
        return session

    async def frame(self, session: Session, data: bytes, time: float) -> tuple[Answer, bool]:
        """Return the answer to a frame, and whether the session began anew with it: its worker was lost or replaced.

        One frame of a session is under way at a time.

        Raises:
            BusyError: The models were replaced by others, or the service is about to end.
        """
        if not self._slots:
            raise BusyError(ENDS)
        if session.slot is None:
            self._place(session)
        answer: asyncio.Future[tuple[Answer, bool]] = asyncio.get_running_loop().create_future()
        session.pending = Frame(session.number, data, time), answer
        await self.wake()
        return await answer

    def close_session(self, session: Session) -> None:
        """End a live session."""
        self._sessions.pop(session.number, None)
        if session.slot is not None and session in session.slot.sessions:
            session.slot.sessions.remove(session)
            session.slot.closed.append(session.number)

    def _place(self, session: Session) -> None:
        """Give a session to the worker that has the fewest."""
        session.slot = min(self._slots, key=lambda each: len(each.sessions))
        session.slot.sessions.append(session)

    async def wake(self) -> None:
        """Have the workers look whether there is something to do."""
        async with self._work:
            self._work.notify_all()

    async def _started(self, models: Mapping[str, ServedModel]) -> list[Slot]:
        """Start workers, and return when all have loaded the models."""
        slots = [Slot(Start(models, self._max_pixels)) for _ in range(self._workers)]
        try:
            # All of them, though one fails: one that is still starting could not be killed.
            for error in await asyncio.gather(*map(self._launch, slots), return_exceptions=True):
                if error is not None:
                    raise error
        except BaseException:
            for slot in slots:
                if slot.process is not None:
                    await slot.process.kill()
            raise
        for slot in slots:
            slot.task = asyncio.create_task(self._run(slot))
        return slots

    async def _launch(self, slot: Slot) -> None:
        slot.process = await ChildProcess.start(self.module)
        await slot.process.ask(slot.start, START_SECONDS)
        slot.is_ready = True
        slot.watch = asyncio.create_task(self._watch(slot.process))

    async def _watch(self, process: ChildProcess) -> None:
        """Notice the end of a process also while it has nothing to do, before images are given to it."""
        await process.wait()
        await self.wake()

    async def _leave(self, slots: Iterable[Slot]) -> None:
        for slot in slots:
            slot.is_leaving = True
        await self.wake()
        await asyncio.gather(*(slot.task for slot in slots if slot.task is not None))

    async def _run(self, slot: Slot) -> None:
        """Give a worker something to do until it leaves, and start it again when it dies."""
        pause = 0.0
        while not slot.is_leaving:
            try:
                if not slot.is_ready:
                    await asyncio.sleep(pause)
                    pause = min(PAUSE_SECONDS, 2 * pause or 0.1)
                    await self._launch(slot)
                await self._next(slot)
                pause = 0.0
            except (ProcessDiedError, OSError) as error:
                slot.is_ready = False
                if slot.is_leaving:
                    break
                self.restarts += 1
                _log.warning("a worker ended (%s) and is started again", error)
        if slot.process is not None:
            await slot.process.close()
        slot.is_ready = False

    async def _next(self, slot: Slot) -> None:
        """Wait for work, and do it: a frame of each live session in turn, else a batch of images."""
        process = slot.process
        assert process is not None
        async with self._work:
            await self._work.wait_for(lambda: slot.is_leaving or self._has_work(slot))
        if (died := process.death()) is not None:
            raise died
        while slot.closed:
            await process.ask(Close(slot.closed.pop()), self._max_seconds)
        for session in list(slot.sessions):
            if self._is_waiting(session, slot):  # still: a reload may have moved it while others had their turn
                await self._frame(process, session)
        if not slot.is_leaving and (batch := self._batch(MAX_BESIDE_LIVE if slot.sessions else MAX_BATCH)):
            await self._classify(process, batch)

    def _has_work(self, slot: Slot) -> bool:
        assert slot.process is not None
        return (
            bool(self._jobs or slot.closed)
            or slot.process.death() is not None
            or any(self._is_waiting(each, slot) for each in slot.sessions)
        )

    def _is_waiting(self, session: Session, slot: Slot) -> bool:
        return session.slot is slot and session.pending is not None

    def _is_possible(self, asked: Asked) -> bool:
        """Tell whether the models, which may be others than when this was asked, can answer it."""
        try:
            check_asked(asked, self.models)
        except (EmoclassError, KeyError):
            return False
        return True

    def _batch(self, most: int) -> list[Job]:
        """Take images that wait, and are asked for in the same way; the workers share what there is."""
        while self._jobs and not self._is_possible(self._jobs[0].asked):
            answer = self._jobs.popleft().answer
            if not answer.done():
                answer.set_exception(BusyError(REPLACED))
        if not self._jobs:
            return []
        first = self._jobs.popleft()
        batch, size = [first], len(first.data)
        fair = max(1, -(-len(self._jobs) // max(1, self._workers)))
        while self._jobs and len(batch) < min(most, fair) and not first.deaths:
            job = self._jobs[0]
            if job.asked != first.asked or job.deaths or size + len(job.data) > MAX_BATCH_BYTES:
                break
            batch.append(self._jobs.popleft())
            size += len(job.data)
        return batch

    async def _classify(self, process: ChildProcess, batch: list[Job]) -> None:
        left = deque(batch)

        def on_answer(answer: Answer) -> None:
            if not left:
                raise ProcessDiedError("more answers than images")
            job = left.popleft()
            if not job.answer.done():
                job.answer.set_result(answer)

        try:
            message = Images(batch[0].asked, tuple(job.data for job in batch))
            await process.ask(message, self._max_seconds, on_answer)
        except ProcessDiedError as died:
            for job in reversed(left):
                job.deaths.append(died)
                if job.answer.done():
                    continue
                if len(job.deaths) > 1:
                    job.answer.set_result(_not_classified(job.deaths))
                else:
                    self._jobs.appendleft(job)
            await self.wake()
            raise

    async def _frame(self, process: ChildProcess, session: Session) -> None:
        assert session.pending is not None
        (frame, answer), session.pending = session.pending, None
        is_new = session.process is not process

        def on_answer(found: Answer) -> None:
            if not answer.done():
                answer.set_result((found, is_new))

        try:
            if is_new:
                if not self._is_possible(session.asked):
                    if not answer.done():
                        answer.set_exception(BusyError(REPLACED))
                    return
                await process.ask(Open(session.number, session.asked, session.smoothing), self._max_seconds)
                session.process = process
            await process.ask(frame, self._max_seconds, on_answer)
        except ProcessDiedError as died:
            on_answer(Answer(None, error=f"the worker process ended while it classified this frame ({died})"))
            raise


def _not_classified(deaths: Iterable[ProcessDiedError]) -> Answer:
    """Return the answer to an image that two workers had when they ended, the second one alone."""
    *_, last = deaths
    error = f"the worker process ended twice while it classified this image ({', '.join(map(str, deaths))})"
    return Answer({"path": None, "error": error}, error=error, was_killed=last.was_killed)


def check_asked(asked: Asked, models: Mapping[str, ServedModel]) -> None:
    """Refuse what a worker could not do: labels that the model does not have, or a value out of its range.

    Raises:
        ConfigError: One of the values is wrong.
        KeyError: There is no such model.
    """
    manifest = models[asked.model].bundle.manifest
    if asked.labels is not None:
        choose(asked.labels, manifest.labels)
    check_search(asked.faces or "auto", asked.min_face, asked.min_detection, asked.max_faces, largest=asked.largest)
