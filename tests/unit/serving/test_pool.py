"""The pool of workers: what becomes of images and live sessions when workers die, models change, and clients leave."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from emoclass.serving.messages import LENGTH, Answer, Asked, Images, Start, packed_answer
from emoclass.serving.pool import BusyError, Pool
from emoclass.serving.process import ChildProcess, ProcessDiedError
from emoclass.values.labels import LabelScheme

pytestmark = pytest.mark.slow  # each starts processes

ASKED = Asked("a")


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


def model(*labels: str) -> SimpleNamespace:
    """Return what the pool looks at of a served model."""
    return SimpleNamespace(bundle=SimpleNamespace(manifest=SimpleNamespace(labels=LabelScheme(emotions=labels))))


MODELS = {"a": model("happy", "sad", "angry")}


@asynccontextmanager
async def running(workers: int = 1, models=MODELS, **limits):
    limits = {"max_pixels": 100, "max_waiting": 8, "max_seconds": 120.0, "max_live": 8, **limits}
    pool = Pool(models, workers=workers, module="slow_worker", **limits)
    await pool.start()
    try:
        yield pool
    finally:
        async with asyncio.timeout(60):
            await pool.close()


async def until(condition, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def children() -> set[int]:
    return {each.pid for each in psutil.Process().children()}


@asynccontextmanager
async def held(pool: Pool, path: Path):
    """Keep the worker of a pool busy in the block, and yield what becomes of its image."""
    busy = asyncio.create_task(pool.answers(ASKED, [b"hold:" + os.fsencode(path)]))
    await asyncio.sleep(0)  # the task begins
    await until(lambda: not pool.n_waiting)
    try:
        yield busy
    finally:
        path.touch()


def test_images_of_a_client_that_left_take_no_room(tmp_path):
    async def run():
        async with running() as pool, held(pool, tmp_path / "go") as busy:
            left = asyncio.create_task(pool.answers(ASKED, [b"x"] * 8))
            await until(lambda: pool.n_waiting == 8)
            left.cancel()
            await asyncio.wait([left])
            assert pool.n_waiting == 0
            (tmp_path / "go").touch()
            assert len(await pool.answers(ASKED, [b"x"] * 8)) == 8
            await busy

    asyncio.run(run())


def test_request_of_several_images_is_not_passed_for_ever():
    """While others come one after the other, so that some always wait, each of its images gets its turn."""

    async def run():
        async with running(max_waiting=100) as pool:
            is_over = asyncio.Event()
            passed = 0

            async def ask_again() -> None:
                nonlocal passed
                while not is_over.is_set():
                    await pool.answers(ASKED, [b"wait:0.01"])
                    passed += 1

            others = [asyncio.create_task(ask_again()) for _ in range(6)]
            await until(lambda: passed > 12)
            passed = 0
            async with asyncio.timeout(60):
                assert len(await pool.answers(ASKED, [b"x"] * 4)) == 4
            assert passed < 60
            is_over.set()
            await asyncio.gather(*others)

    asyncio.run(run())


def test_worker_that_dies_while_it_has_nothing_to_do_costs_no_image_a_try():
    async def run():
        async with running(workers=2) as pool:
            before = pool.pids
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            await until(lambda: pool.restarts == 2)
            [answer] = await pool.answers(ASKED, [b"x"])
            assert answer.error is None
            await until(lambda: pool.restarts == 2 and pool.n_ready == 2)
            for pid in pool.pids:
                os.kill(pid, signal.SIGKILL)
            await until(lambda: pool.restarts == 4 and pool.n_ready == 2)  # though nothing is asked for

    asyncio.run(run())


class Touches:
    """A value whose pickle makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_from_a_worker_is_not_executed(tmp_path):
    made = tmp_path / "made"
    attack = pickle.dumps(Touches(made))

    async def run():
        async with running() as pool:
            [answer] = await pool.answers(ASKED, [b"write:" + LENGTH.pack(len(attack)) + attack])
            assert answer.error.endswith("(no valid answer, no valid answer)")
            assert (await pool.answers(ASKED, [b"x"]))[0].error is None

    asyncio.run(run())
    assert not made.exists()
    pickle.loads(attack)
    assert made.exists()


def test_how_a_process_ended_is_known_also_where_that_takes_a_while():
    async def run():
        process = await ChildProcess.start("slow_worker")
        await process.ask(Start({}, 1), 60)
        with pytest.raises(ProcessDiedError, match="SIGABRT"):
            await process.ask(Images(ASKED, (b"leave:1.2",)), 60)

    asyncio.run(run())


def test_a_worker_that_answers_too_often_is_started_again():
    async def run():
        async with running() as pool:
            before = pool.pids
            assert (await pool.answers(ASKED, [b"write:" + packed_answer(Answer({}))]))[0].error is None
            await until(lambda: pool.restarts == 1 and pool.n_ready == 1)
            assert pool.pids != before and not psutil.pid_exists(before[0])
            assert (await pool.answers(ASKED, [b"x"]))[0].error is None

    asyncio.run(run())


def test_image_whose_workers_are_killed_from_outside():
    """The last end decides: the image was alone with that worker."""

    async def run():
        async with running() as pool:
            for signals in (("SIGSEGV", "SIGKILL"), ("SIGKILL", "SIGSEGV")):
                asked = asyncio.create_task(pool.answers(ASKED, [b"wait:600"]))
                for name in signals:
                    await until(lambda: pool.n_ready == 1 and not pool.n_waiting)
                    await asyncio.sleep(0.2)
                    restarts = pool.restarts
                    os.kill(pool.pids[0], getattr(signal, name))
                    await until(lambda n=restarts: pool.restarts == n + 1)
                [answer] = await asked
                expected = f"the worker process ended twice while it classified this image ({', '.join(signals)})"
                assert (answer.error, answer.was_killed) == (expected, signals[-1] == "SIGKILL")

    asyncio.run(run())


def test_reload_while_the_frames_of_several_sessions_wait(tmp_path):
    async def run():
        async with running() as pool:
            sessions = [pool.open_session(ASKED, 0.3) for _ in range(2)]
            frame = b"hold:" + os.fsencode(tmp_path / "go")
            frames = [asyncio.create_task(pool.frame(each, frame, 0.0)) for each in sessions]
            await asyncio.sleep(0.3)
            [old] = pool.pids
            replacing = asyncio.create_task(pool.replace(MODELS))
            await until(lambda: old not in pool.pids)
            (tmp_path / "go").touch()
            await replacing
            answers = [answer for answer, _ in await asyncio.gather(*frames)]
            assert [answer.error for answer in answers] == [None, None]
            assert not psutil.pid_exists(old)

    asyncio.run(run())


def test_images_and_sessions_that_the_new_models_cannot_answer_are_given_up(tmp_path):
    async def run():
        async with running() as pool:
            asked = Asked("a", labels=("happy", "angry"))
            session = pool.open_session(asked, 0.3)
            assert (await pool.frame(session, b"x", 0.0))[0].error is None
            async with held(pool, tmp_path / "go") as busy:
                waiting = asyncio.create_task(pool.answers(asked, [b"x"]))
                await until(lambda: pool.n_waiting)
                replacing = asyncio.create_task(pool.replace({"a": model("happy", "sad")}))
                await until(lambda: pool.models is not MODELS)
            await replacing
            assert (await busy)[0].error is None
            with pytest.raises(BusyError):
                await waiting
            with pytest.raises(BusyError):
                await pool.frame(session, b"x", 0.0)
            assert pool.restarts == 0

    asyncio.run(run())


def test_workers_are_ended_where_one_of_them_does_not_start(monkeypatch):
    launch, n = ChildProcess.start, 0

    async def start(module):
        nonlocal n
        n += 1
        if n == 1:
            raise OSError(24, "Too many open files")
        await asyncio.sleep(0.1)
        return await launch(module)

    async def run():
        monkeypatch.setattr(ChildProcess, "start", start)
        pool = Pool(MODELS, workers=2, module="slow_worker", max_pixels=1, max_waiting=1, max_seconds=9, max_live=0)
        with pytest.raises((OSError, ProcessDiedError)):
            await pool.start()
        await asyncio.sleep(0.5)
        assert children() <= before

    before = children()
    asyncio.run(run())


def test_frame_after_the_end_is_refused():
    async def run():
        async with running() as pool:
            session = pool.open_session(ASKED, 0.3)
        with pytest.raises(BusyError):
            await pool.frame(session, b"x", 0.0)

    asyncio.run(run())
