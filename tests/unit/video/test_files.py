from __future__ import annotations

import gc
import io
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
from made_videos import SIZE, corners, make_video, noisy_shades, quadrants, read_both, refuse_both, shade, shades, tone

from emoclass.errors import ConfigError, MissingPackageError, UnreadableVideoError
from emoclass.video.files import FileFeed

SHARED = Path(__file__).parents[4] / "shared" / "data" / "videos"


def read(path: Path, **range_: float) -> tuple[list[float], list[int], tuple[str, ...]]:
    """Return the times, the shades and the notes of a video, which are the same for its bytes."""
    frames, notes = read_both(path, **range_)
    return [frame.time for frame in frames], [shade(frame.pixels) for frame in frames], notes


def test_frames_have_times_numbers_and_upright_rgb_pixels(tmp_path):
    path = make_video(tmp_path / "a.mp4", [quadrants()] * 10)
    with FileFeed(path) as feed:
        assert feed.size == SIZE
        assert feed.frame_rate == 25
        assert feed.duration == pytest.approx(0.4)
        assert feed.name == str(path)
        frames = list(feed)
    assert [frame.number for frame in frames] == list(range(10))
    assert [frame.time for frame in frames] == pytest.approx([index / 25 for index in range(10)])
    pixels = frames[0].pixels
    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert corners(pixels) == ["red", "green", "blue", "white"]
    assert feed.notes == ()


def test_times_come_from_the_stream_where_the_rate_varies(tmp_path):
    times = [0.0, 0.04, 0.5, 0.52, 2.0, 2.04]
    found, found_shades, notes = read(make_video(tmp_path / "a.mp4", shades(6), times=times))
    assert found == pytest.approx(times, abs=1e-3)
    assert found_shades == [0, 1, 2, 3, 4, 5]
    assert notes == ()


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mov"])
def test_time_begins_with_the_first_frame(tmp_path, suffix):
    times = [5 + index / 25 for index in range(20)]
    path = make_video(tmp_path / f"a.{suffix}", shades(20), times=times)
    found, found_shades, _ = read(path)
    assert found == pytest.approx([index / 25 for index in range(20)], abs=2e-3)
    assert found_shades == list(range(20))
    found, found_shades, _ = read(path, start=0.4, end=0.5)
    assert found == pytest.approx([0.4, 0.44, 0.48], abs=2e-3)
    assert found_shades == [10, 11, 12]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi", "mpg", "flv"])
def test_start_and_end_are_exact_although_seeking_lands_on_a_key_frame(tmp_path, suffix):
    codec = {"avi": "mpeg4", "mpg": "mpeg2video"}.get(suffix, "libx264")
    path = make_video(tmp_path / f"a.{suffix}", shades(50), codec=codec, key_every=12, qmax=2)
    every, every_shade, _ = read(path)
    assert every_shade == list(range(50))
    for start, end in ((0.5, 0.7), (1.0, 1.04), (0.02, 0.3), (1.9, 100)):
        found, found_shades, notes = read(path, start=start, end=end)
        expected = [index for index, time in enumerate(every) if start <= time < end]
        assert found_shades == expected
        assert found == pytest.approx([every[index] for index in expected])
        assert notes == ()


OTHER_FORMATS = {
    "mov": {},
    "webm": {"codec": "libvpx"},
    "wmv": {"codec": "wmv2", "container": "asf"},
    "ogv": {"codec": "libvpx", "container": "ogg"},
    "gif": {"codec": "gif", "pixel_format": "rgb8"},
}


@pytest.mark.parametrize("suffix", OTHER_FORMATS)
@pytest.mark.parametrize("range_", [{}, {"start": 0.7}, {"start": 0.3, "end": 0.9}])
def test_the_bytes_of_each_format_give_the_same_frames(tmp_path, suffix, range_):
    path = make_video(tmp_path / f"a.{suffix}", noisy_shades(40), key_every=10, **OTHER_FORMATS[suffix])
    times = read(path, **range_)[0]
    assert times == pytest.approx(
        [t for t in np.arange(40) / 25 if range_.get("start", 0) <= t < range_.get("end", 9)], abs=0.02
    )


def test_a_start_behind_the_end_says_where_the_end_is(tmp_path):
    path = make_video(tmp_path / "a.mp4", shades(5))
    with pytest.raises(UnreadableVideoError, match=r"no frames from 9 s on: it ends at 0\.16 s"):
        read(path, start=9)


@pytest.mark.parametrize("range_", [{"start": -1}, {"start": 3, "end": 2}, {"end": 0}, {"start": float("nan")}])
def test_a_range_that_is_none_is_refused(tmp_path, range_):
    with pytest.raises(ConfigError, match="expected"):
        FileFeed(tmp_path / "a.mp4", **range_)


def with_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Write a display matrix into the track header of an MP4."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # version 0: 40 bytes from the version to the matrix
    assert struct.unpack_from(">9i", data, place) == (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    struct.pack_into(">9i", data, place, a * 65536, b * 65536, 0, c * 65536, d * 65536, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((0, 1, -1, 0), ["blue", "red", "white", "green"]),  # a telephone held upright: a quarter turn clockwise
        ((-1, 0, 0, -1), ["white", "blue", "green", "red"]),
        ((0, -1, 1, 0), ["green", "white", "red", "blue"]),
        ((-1, 0, 0, 1), ["green", "red", "white", "blue"]),  # a mirror
        ((1, 0, 0, -1), ["blue", "white", "red", "green"]),
        ((0, 1, 1, 0), ["red", "blue", "green", "white"]),
    ],
)
def test_frames_are_turned_and_mirrored_as_the_metadata_say(tmp_path, matrix, expected):
    path = with_matrix(make_video(tmp_path / "a.mp4", [quadrants()] * 3), *matrix)
    with FileFeed(path) as feed:
        frame = next(iter(feed))
        assert feed.size == ((48, 64) if matrix[0] == 0 else (64, 48))
    assert frame.pixels.shape[:2] == feed.size[::-1]
    assert corners(frame.pixels) == expected
    assert frame.pixels.flags.c_contiguous


def test_without_pyav_the_message_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("emoclass.video.containers.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r'pip install "emoclass\[video\]"'):
        FileFeed(tmp_path / "a.mp4")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_are_called_video_and_may_change_later(tmp_path, kind):
    data = bytearray(make_video(tmp_path / "a.mp4", shades(30), key_every=5).read_bytes())
    with FileFeed(kind(data), start=0.2) as feed:
        data[:] = bytes(len(data))
        assert feed.name == "video"
        assert [shade(frame.pixels) for frame in feed] == list(range(5, 30))
    with pytest.raises(UnreadableVideoError, match=r"^video: empty file$"):
        FileFeed(kind(b""))


def test_what_is_neither_a_path_nor_bytes_is_refused():
    with pytest.raises(ConfigError, match=r"source: expected the path of a video, or its bytes, got BytesIO\."):
        FileFeed(io.BytesIO(b"abc"))


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_FSIZE forbids a process to write any file")
def test_bytes_are_not_written_anywhere(tmp_path):
    """Not even where the system would allow it: a process that may write no files reads them as well."""
    path = make_video(tmp_path / "a.mp4", shades(50), key_every=12, sound_seconds=2)
    code = (
        "import resource, sys, tempfile\n"
        "from emoclass.video.files import FileFeed\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "with FileFeed(data, start=1) as feed:\n"
        "    print(len(list(feed)))\n"
        "try:\n"
        "    tempfile.TemporaryFile(dir=sys.argv[2]).write(bytes(9999))\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
    )
    missing = {**os.environ, "TMPDIR": str(tmp_path / "missing")}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(path), str(tmp_path)],
        capture_output=True,
        text=True,
        env=missing,
        check=True,
    )
    assert done.stdout == "25\nFile too large\n"


def test_audio_only_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=48000)
        for frame in tone(0.5):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    refuse_both(path, r"a\.mp4: no video stream \(audio\)")


def test_the_cover_of_an_album_is_no_video(tmp_path):
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=48000)
        cover = output.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        output.mux(cover.encode(av.VideoFrame.from_ndarray(quadrants(), format="rgb24")))
        output.mux(cover.encode(None))
        for frame in tone(0.5):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    refuse_both(path, r"no video stream \(audio\)")


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_video_without_frames(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        output.start_encoding()
    refuse_both(path, r"no frames|no video|not a video")


def test_a_video_of_one_frame_is_a_video(tmp_path):
    assert read(make_video(tmp_path / "a.mp4", shades(1)))[:2] == ([0.0], [0])


def test_frames_that_an_edit_list_leaves_out_are_not_shown(tmp_path):
    """A telephone cuts its videos so: the file keeps all frames, and its edit list says which to show."""
    path = make_video(tmp_path / "a.mp4", shades(20), options={"bf": "0"}, key_every=5)
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 4
    version_and_flags, count, seconds, first, speed = struct.unpack_from(">IIIiI", data, place)
    assert (version_and_flags, count, speed) == (0, 1, 65536)
    assert seconds == 800  # in the time scale of the file, milliseconds
    scale = 12800
    assert first == 0
    struct.pack_into(">Ii", data, place + 8, 320, 7 * scale // 25)  # eight frames, from the eighth on
    path.write_bytes(data)
    times, found, notes = read(path)
    assert found == list(range(7, 15))
    assert times == pytest.approx([index / 25 for index in range(8)])
    assert notes == ()
    assert read(path, start=0.08, end=0.2)[1] == [9, 10, 11]


def test_an_edit_list_that_begins_with_nothing(tmp_path):
    """An empty edit delays a track; the times count from the first frame nevertheless."""
    path = make_video(tmp_path / "a.mp4", shades(10), times=[2 + index / 25 for index in range(10)])
    assert struct.pack(">i", -1) in path.read_bytes()[path.read_bytes().index(b"elst") :][:24]
    with FileFeed(path) as feed:
        assert feed.origin == pytest.approx(2)
        assert [frame.time for frame in feed] == pytest.approx([index / 25 for index in range(10)], abs=1e-4)


def test_timestamps_that_start_anew_go_on_without_a_gap(tmp_path):
    """As in recordings of television, which are joined without being written anew."""
    part = make_video(tmp_path / "1.ts", shades(50), options={"bf": "0"}).read_bytes()
    path = tmp_path / "a.ts"
    path.write_bytes(part + part)
    times, found, notes = read(path)
    assert found == [*range(50), *range(50)]
    assert times == pytest.approx([index / 25 for index in range(100)], abs=0.001)
    assert notes == ("timestamps that start anew: 1, the first at 2.00 s; times go on from there without a gap",)


def test_a_title_may_be_written_in_any_way(tmp_path):
    path = make_video(tmp_path / "a.mkv", shades(3))
    data = path.read_bytes()
    assert b"Lavf" in data
    path.write_bytes(data.replace(b"Lavf", b"\xff\xfe\xfc\xe4"))
    assert read(path)[1] == [0, 1, 2]


def test_a_file_is_closed(tmp_path):
    path = make_video(tmp_path / "a.mp4", shades(5))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with FileFeed(path, start=0.1) as feed:
            next(iter(feed))
        with pytest.raises(UnreadableVideoError), FileFeed(path, start=100) as feed:
            list(feed)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_a_closed_feed_ends_also_while_another_thread_reads(tmp_path):
    path = make_video(tmp_path / "a.mp4", shades(50, (640, 360)))
    for pause in np.linspace(0, 0.05, 20):
        with FileFeed(path) as feed:
            frames = iter(feed)
            next(frames)
            reading = threading.Thread(target=list, args=(frames,))
            reading.start()
            time.sleep(pause)
        reading.join()
        assert not list(feed)


def test_pyav_is_imported_when_a_video_is_opened():
    code = (
        "import sys, emoclass.video.files, emoclass.video.live, emoclass.video.write, emoclass.video.sound\n"
        "sys.exit('av' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_memory_does_not_grow_with_the_length(tmp_path):
    """Nor does it wait for the garbage collector, which may come hundreds of frames later."""
    psutil = pytest.importorskip("psutil", reason="measures memory")
    path = make_video(tmp_path / "a.mp4", [shades(1, (640, 360))[0]] * 400)
    process, used = psutil.Process(), []
    gc.disable()
    try:
        with FileFeed(path) as feed:
            for frame in feed:
                if frame.number >= 50:
                    used.append(process.memory_info().rss)
    finally:
        gc.enable()
    assert max(used) - used[0] < 40 * 2**20  # 350 frames are 240 MB


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared clips beside the checkout")
@pytest.mark.parametrize(
    ("name", "size", "n"),
    [
        ("single_face.mp4", (640, 360), 72),
        ("no_face.mp4", (960, 540), 95),
        ("face_noface.mov", (960, 540), 169),
        ("noface_face.mov", (960, 540), 169),
        ("expressive.mp4", (640, 360), 472),
    ],
)
def test_the_shared_clips_are_read_whole(name, size, n):
    with FileFeed(SHARED / name) as feed:
        assert feed.size == size
        times = [frame.time for frame in feed]
        assert len(times) == n
        assert times[0] == 0
        assert times == sorted(set(times))
        assert feed.duration == pytest.approx(times[-1] + 1 / feed.frame_rate, abs=0.03)
        assert feed.notes == ()
