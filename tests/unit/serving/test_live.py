"""`WebSocket /v1/live`: frames in, persons out; the newest frame first; and what goes wrong."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the serve extra")

from crashing_worker import CRASHES, HANGS, KILLED
from served import drawn, plain, serving
from service import wait_until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from emoclass.serving.settings import Limits

pytestmark = pytest.mark.slow  # each starts a service

FAST = "faces:faces:fast"

ENDED = "frame: the worker process ended while it classified this frame ({})."


@pytest.fixture(scope="module")
def served():
    with serving(workers=2) as found:
        yield found


def opened(served, query=""):
    return connect(served.live + query, proxy=None)


def told(socket, seconds=90):
    return json.loads(socket.recv(seconds))


def first_person(socket):
    """Return the person whom the service sees after a few frames: a face becomes a person after 0.15 seconds."""
    for _ in range(20):
        time.sleep(0.05)
        socket.send(drawn())
        if persons := told(socket)["persons"]:
            return persons[0]
    return None


def test_persons_keep_their_numbers(served):
    with opened(served) as socket:
        assert told(socket) == {
            "type": "ready",
            "model": FAST,
            "labels": ["happy", "sad", "angry", "scared", "surprised", "disgusted", "neutral"],
        }
        seen = []
        for number in range(6):
            time.sleep(0.1)
            socket.send(drawn("happy", kind="JPEG"))
            frame = told(socket)
            assert (frame["type"], frame["sequence"], frame["skipped"]) == ("frame", number, 0)
            assert (frame["width"], frame["height"]) == (480, 360)
            assert "restarted" not in frame
            seen.append(frame)
        persons = [frame["persons"] for frame in seen]
        assert [[each["person"] for each in found] for found in persons] in ([[]] * n + [[1]] * (6 - n) for n in (1, 2))
        assert sum(persons[5][0]["scores"].values()) == pytest.approx(1, abs=1e-3)
        assert [frame["time"] for frame in seen] == sorted({frame["time"] for frame in seen})
        time.sleep(0.1)  # in a frame that follows at once, faces are not looked for
        socket.send(plain())
        assert told(socket)["persons"] == []


def test_settings_of_a_session(served):
    with opened(served, "?labels=sad,happy&smoothing=0&largest=true&min_face=10") as socket:
        assert told(socket)["labels"] == ["sad", "happy"]
        assert list(first_person(socket)["scores"]) == ["sad", "happy"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?model=x", "model: expected one of faces, got 'x'."),
        ("?labels=x", "labels: expected at least two"),
        ("?smoothing=-1", "smoothing: expected"),
        ("?smoothing=nan", "smoothing: expected"),
        ("?speed=1", "speed: there is no such setting."),
    ],
)
def test_wrong_settings_are_told_before_the_end(served, query, said):
    with opened(served, query) as socket:
        message = told(socket)
        assert message["type"] == "error" and message["detail"].startswith(said)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
        assert closed.value.rcvd.code == 1008


def test_newest_frame_counts_and_none_waits(served):
    frame = drawn(size=(1600, 1200), kind="JPEG")
    with opened(served) as socket:
        told(socket)
        for _ in range(40):
            socket.send(frame)
        last, answers, skipped = -1, 0, 0
        while last < 39:
            message = told(socket)
            assert message["sequence"] > last
            last, answers, skipped = message["sequence"], answers + 1, skipped + message["skipped"]
        assert answers + skipped == 40
        assert answers < 40


def test_frame_that_cannot_be_read_is_told_and_the_session_goes_on(served):
    with opened(served) as socket:
        told(socket)
        for data in (b"", b"nonsense", drawn()[:100]):
            socket.send(data)
            message = told(socket)
            assert message["type"] == "error" and message["detail"].startswith("frame: ")
        assert first_person(socket)["person"] == 1


def test_text_is_no_frame(served):
    with opened(served) as socket:
        told(socket)
        socket.send("hello")
        assert told(socket)["detail"] == "Expected images as binary messages, got text."
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
        assert closed.value.rcvd.code == 1003


def test_other_pages_get_no_session(served):
    with pytest.raises(InvalidStatus):
        connect(served.live, proxy=None, origin="http://evil.example")


def test_sessions_have_a_limit_and_idle_ones_end():
    with serving(limits=Limits(max_live=1, live_seconds=2.5, max_frame_bytes=2048)) as served:
        with opened(served) as first:
            told(first)
            with opened(served) as second:
                assert told(second)["detail"] == "1 live session is open already."
                with pytest.raises(ConnectionClosed) as closed:
                    second.recv(30)
                assert closed.value.rcvd.code == 1013
            assert told(first)["detail"] == "No frame came for a while."
        with opened(served) as third:
            told(third)
            third.send(b"x" * 5000)
            with pytest.raises(ConnectionClosed) as closed:
                third.recv(30)
            assert closed.value.rcvd.code == 1009
        with opened(served) as fourth:
            assert told(fourth)["type"] == "ready"


def test_session_goes_on_when_its_worker_dies(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with serving(module="crashing_worker") as served, opened(served) as socket:
        told(socket)
        assert first_person(socket)["person"] == 1
        [pid] = served.service.pool.pids
        os.kill(pid, signal.SIGKILL)
        socket.send(drawn())
        message = told(socket)
        if message["type"] == "error":  # it was given to the worker before that was known to be dead
            socket.send(drawn())
            message = told(socket)
        assert message["restarted"] is True
        assert first_person(socket)["person"] == 1
        for data, reason in ((CRASHES, "SIGABRT"), (KILLED, "SIGKILL")):
            socket.send(data)
            assert told(socket)["detail"] == ENDED.format(reason)
        socket.send(drawn())
        assert told(socket)["restarted"] is True
        socket.send(drawn())
        assert "restarted" not in told(socket)


def test_session_goes_on_when_its_worker_hangs(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with serving(limits=Limits(max_seconds=6), module="crashing_worker") as served, opened(served) as socket:
        told(socket)
        socket.send(HANGS)
        assert told(socket)["detail"] == ENDED.format("no answer within 6 seconds")
        wait_until(lambda: served.service.pool.restarts and served.service.pool.n_ready)
        socket.send(drawn())
        assert told(socket)["restarted"] is True


def test_session_outlives_a_reload(served):
    with opened(served) as socket:
        told(socket)
        socket.send(drawn())
        told(socket)
        before = served.service.pool.pids
        served.call(served.service.reload())
        assert not set(before) & set(served.service.pool.pids)
        socket.send(drawn())
        assert told(socket)["restarted"] is True


def test_end_of_the_service_is_told():
    with ExitStack() as stack:
        with serving() as served:
            socket = stack.enter_context(opened(served))
            told(socket)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
        assert closed.value.rcvd.code in (1001, 1012)
