from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from made_videos import SIZE, corners, make_video, quadrants, shade, shades

from emoclass.errors import ConfigError, MissingPackageError, UnreadableVideoError
from emoclass.video.files import FileFeed

pytest.importorskip("av", reason="needs the video extra")


def read(path: Path, **range_: float) -> tuple[list[float], list[int], tuple[str, ...]]:
    """Return the times, the shades and the notes of a video."""
    with FileFeed(path, **range_) as feed:
        frames = list(feed)
        return [frame.time for frame in frames], [shade(frame.pixels) for frame in frames], feed.notes


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
