"""The process that watches a video: what happens in it harms nothing else, and it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

pytest.importorskip("av", reason="needs the video extra")
pytest.importorskip("fastapi", reason="needs the serve extra")
pytest.importorskip("emoclass_faces", reason="needs the faces plugin, which brings a pretrained model")

from made_videos import make_video, shades

import emoclass
from emoclass.serving.messages import Asked, AskedVideo, VideoAnswer
from emoclass.serving.models import ServedModel, read_models
from emoclass.serving.problems import ProblemError
from emoclass.serving.settings import MIB, Limits
from emoclass.serving.video_pool import VideoPool

pytestmark = pytest.mark.slow  # each starts processes

TELL_PID = "import os, pathlib\npathlib.Path(os.environ['TOLD']).symlink_to(str(os.getpid()))\n"
"""A link is no file: the process may not write any."""


WRITE = """
try:
    with open(os.environ["TOLD"] + ".mp4", "wb", buffering=0) as file:
        file.write(b"a frame")
except OSError as error:
    raise ImportError(error.strerror)
"""


@pytest.fixture(scope="module")
def model() -> ServedModel:
    return read_models(["faces"], emoclass.Registry.discover())["faces"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    return make_video(tmp_path_factory.mktemp("clips") / "a.mp4", shades(10)).read_bytes()


@pytest.fixture
def told(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    return tmp_path / "told"


@pytest.fixture
def fake_av(tmp_path, monkeypatch, told):
    """Put something else in the place of PyAV, which the process imports when it has the video."""

    def write(code: str) -> None:
        (tmp_path / "fake" / "av").mkdir(parents=True, exist_ok=True)
        (tmp_path / "fake" / "av" / "__init__.py").write_text(TELL_PID + textwrap.dedent(code))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))

    return write


def pid_of(told: Path, seconds: float = 60) -> int:
    """Wait until the process has the video, and return its number."""
    deadline = time.monotonic() + seconds
    while not told.is_symlink():
        assert time.monotonic() < deadline, "the process did not begin"
        time.sleep(0.02)
    return int(told.readlink().name)


def is_gone(pid: int, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def watch(model: ServedModel, data: bytes, limits: Limits | None = None, **given) -> VideoAnswer:
    limits = limits or Limits()
    return asyncio.run(VideoPool(limits).answer(AskedVideo(model, limits, Asked("faces"), **given), data))


def refused(model: ServedModel, data: bytes, limits: Limits | None = None) -> dict:
    with pytest.raises(ProblemError) as raised:
        watch(model, data, limits)
    document = raised.value.document
    assert ("retry-after" in raised.value.headers) == (document["status"] == 503)
    return document


def test_a_video_of_several_parts_is_put_together(model, tmp_path):
    picture = shades(1, (640, 480))[0]
    path = make_video(tmp_path / "a.avi", [picture] * 3, codec="rawvideo", pixel_format="bgr24")
    data = path.read_bytes()
    assert len(data) > 2 * MIB
    assert json.loads(watch(model, data).document)["frames"] == 3


@pytest.mark.skipif(sys.platform != "linux", reason="limits of processes")
def test_nothing_is_written_and_no_folder_for_it_is_needed(model, clip, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert watch(model, clip).status == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of processes")
@pytest.mark.parametrize(
    ("code", "status", "detail"),
    [
        (WRITE, 501, "imported (File too large)."),
        ("bytearray(4 * 2**30)", 422, "video: it takes too much memory."),
        ("raise ImportError('no libc')", 501, "videos: PyAV (av) is installed, but cannot be imported (no libc)."),
        ("import resource\nraise ImportError(resource.getrlimit(resource.RLIMIT_CORE))", 501, "imported ((0, 0))."),
        ("raise ImportError(os.nice(0) - int(os.environ['NICE']))", 501, "imported (10)."),
    ],
)
def test_what_the_process_may_do_is_limited(model, clip, fake_av, monkeypatch, code, status, detail):
    monkeypatch.setenv("NICE", str(min(9, os.nice(0))))
    fake_av(code)
    found = watch(model, clip)
    assert found.status == status and found.detail.endswith(detail)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("os.abort()", 422, "SIGABRT"),
        ("os._exit(0)", 422, "exit status 0"),
        ("import ctypes\nctypes.string_at(0)", 422, "SIGSEGV"),
        ("import signal\nos.kill(os.getpid(), signal.SIGKILL)", 500, "SIGKILL"),
    ],
)
def test_a_crash_is_the_fault_of_the_video_and_sigkill_is_not(model, clip, fake_av, monkeypatch, code, status, reason):
    fake_av(code)
    found = refused(model, clip)
    assert (found["status"], found["detail"]) == (status, f"video: the process that watched it ended ({reason}).")
    assert ("hint" in found) == (status == 500)
    monkeypatch.delenv("PYTHONPATH")
    assert watch(model, clip).status == 200


HANGS = {
    "python": "import time\ntime.sleep(600)",
    "native code that keeps the interpreter's lock": "import ctypes\nctypes.PyDLL(None).sleep(600)",
}


@pytest.mark.parametrize("kind", HANGS)
def test_what_takes_too_long_is_killed(model, clip, fake_av, told, kind):
    fake_av(HANGS[kind])
    for seconds in (5, 90):
        problem = refused(model, clip, Limits(max_watch_seconds=seconds))
        assert (problem["status"], problem["detail"]) == (503, f"video: not watched within {seconds} seconds.")
        if told.is_symlink():  # on a slow machine, the time may be up before the process has the video
            break
    assert is_gone(pid_of(told, 0), 0)


def test_a_canceled_video_is_watched_no_more_and_others_have_no_place_meanwhile(model, clip, fake_av, told):
    fake_av(HANGS["python"])
    limits = Limits()
    given = AskedVideo(model, limits, Asked("faces"))

    async def cancel() -> int:
        pool = VideoPool(limits)
        task = asyncio.create_task(pool.answer(given, clip))
        pid = await asyncio.to_thread(pid_of, told)
        assert pool.n_watching == 1
        with pytest.raises(ProblemError, match=r"The service watches 1 video already\.") as raised:
            await pool.answer(given, clip)
        assert (raised.value.status, raised.value.headers) == (503, {"retry-after": "10"})
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert pool.n_watching == 0
        return pid

    assert is_gone(asyncio.run(cancel()), 0)


def test_two_are_watched_at_once_where_that_is_allowed(model, clip):
    limits = Limits(max_videos=2)
    pool = VideoPool(limits)
    given = AskedVideo(model, limits, Asked("faces"))

    async def both() -> list[VideoAnswer]:
        return await asyncio.gather(pool.answer(given, clip), pool.answer(given, clip))

    assert [found.status for found in asyncio.run(both())] == [200, 200]


def test_a_service_that_takes_no_videos_says_so(model, clip):
    problem = refused(model, clip, Limits(max_videos=0))
    assert (problem["status"], problem["detail"]) == (501, "This service takes no videos.")


def test_a_process_that_does_not_start_is_no_fault_of_the_video(model, clip, monkeypatch, tmp_path, capfd):
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    problem = refused(model, clip)
    assert problem["status"] == 503
    # asyncio of Python 3.11 may lose the status, and says 255.
    assert problem["detail"].startswith("The process that watches videos does not start (exit status ")


def test_modules_of_the_working_directory_are_not_imported(model, clip, tmp_path, monkeypatch):
    (tmp_path / "av.py").write_text("raise ImportError('of the working directory')")
    monkeypatch.chdir(tmp_path)
    assert watch(model, clip).status == 200


def test_when_the_service_is_killed_the_process_ends(model, clip, fake_av, told, tmp_path):
    fake_av(HANGS["python"])
    (tmp_path / "a.mp4").write_bytes(clip)
    code = """
import asyncio, pathlib, sys
from emoclass import Registry
from emoclass.serving.messages import Asked, AskedVideo
from emoclass.serving.models import read_models
from emoclass.serving.settings import Limits
from emoclass.serving.video_pool import VideoPool
given = AskedVideo(read_models(["faces"], Registry.discover())["faces"], Limits(), Asked("faces"))
asyncio.run(VideoPool(Limits()).answer(given, pathlib.Path(sys.argv[1]).read_bytes()))
"""
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.mp4")]) as service:
        pid = pid_of(told)
        service.kill()
    assert is_gone(pid)
