from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from made_videos import corners, make_video, quadrants, shade, shades

from emoclass.errors import ConfigError, MissingPackageError, OutputError
from emoclass.video.files import FileFeed
from emoclass.video.write import VideoWriter

BEEP = 1.0
"""Seconds at which the made clips turn white and begin to sound."""


def make_clip(
    path: Path, sound_codec: str, *, codec: str = "libx264", seconds: float = 2.0, delay: float = 0.0
) -> Path:
    """Make a video that turns white at the moment at which it begins to sound."""
    seconds = 2
    rate = 44100 if sound_codec != "libopus" else 48000
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound = output.add_stream(sound_codec, rate=rate, layout="stereo")
        sound.bit_rate = 128_000
        packets = []
        for index in range(seconds * 25):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 235 if index / 25 >= BEEP else 16, np.uint8))
            frame.pts, frame.time_base = round(index + delay * 25), Fraction(1, 25)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        resampler = av.AudioResampler(format=sound.codec_context.format, layout="stereo", rate=rate)
        for begin in range(0, seconds * rate, 1024):
            at = np.arange(begin, begin + 1024) / rate
            wave = np.where(at >= BEEP, np.sin(2 * np.pi * 440 * at) / 2, 0).astype(np.float32)
            tone = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
            tone.sample_rate, tone.pts, tone.time_base = rate, round(begin + delay * rate), Fraction(1, rate)
            for resampled in resampler.resample(tone):
                packets += sound.encode(resampled)
        packets += sound.encode(None)
        for packet in sorted(packets, key=lambda packet: float((packet.dts or 0) * packet.time_base)):
            output.mux(packet)
    return path


def annotate(source: Path, path: Path, *, sound: bool = True, codec: str = "vp9", **range_: float) -> tuple[str, ...]:
    with (
        FileFeed(source, **range_) as feed,
        VideoWriter(
            path,
            size=feed.size,
            frame_rate=feed.frame_rate,
            codec=codec,
            sound_of=source if sound else None,
            start=range_.get("start", 0.0),
        ) as writer,
    ):
        for frame in feed:
            writer.write(frame.pixels, frame.time)
    return writer.notes


def white_from(path: Path) -> float:
    with av.open(str(path)) as container:
        return next(frame.time for frame in container.decode(video=0) if frame.to_ndarray(format="gray").mean() > 128)


def loud_from(path: Path) -> float:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono")
        for frame in container.decode(stream):
            for mono in resampler.resample(frame):
                loud = np.flatnonzero(np.abs(mono.to_ndarray()[0]) > 0.1)
                if len(loud):
                    return float(mono.time + loud[0] / mono.sample_rate)
    raise AssertionError("silent")


def sound_codec(path: Path) -> str:
    with av.open(str(path)) as container:
        return container.streams.audio[0].codec_context.codec.canonical_name


@pytest.mark.parametrize("codec", ["vp9", "h264"])
def test_frames_keep_their_times_and_colors(tmp_path, codec):
    times = [0.0, 0.04, 0.5, 0.52, 2.0, 2.04]
    path = tmp_path / "out.mp4"
    with VideoWriter(path, size=(64, 48), frame_rate=5, codec=codec) as writer:
        for time in times:
            writer.write(quadrants(), time)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.codec.canonical_name == codec
        assert (stream.codec_context.colorspace, stream.codec_context.color_range) == (1, 1)
        frames = list(container.decode(stream))
    assert [frame.time for frame in frames] == pytest.approx(times, abs=1e-4)
    with FileFeed(path) as feed:
        pixels = next(iter(feed)).pixels
    assert corners(pixels) == ["red", "green", "blue", "white"]
    assert np.abs(pixels.astype(int) - quadrants())[4:20, 4:28].mean() < 4
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("suffix", "sound", "codec", "written"),
    [
        ("mp4", "aac", "libx264", "aac"),
        ("mp4", "libmp3lame", "libx264", "mp3"),
        ("mov", "pcm_s16le", "libx264", "aac"),
        ("mkv", "flac", "libx264", "flac"),
        ("mkv", "ac3", "libx264", "ac3"),
        ("webm", "libopus", "libvpx-vp9", "opus"),
        ("ts", "aac", "libx264", "aac"),
        ("mpg", "mp2", "mpeg2video", "aac"),
        ("avi", "pcm_s16le", "mpeg4", "aac"),
        ("wmv", "wmav2", "wmv2", "aac"),
    ],
)
@pytest.mark.parametrize("range_", [{}, {"start": 0.6, "end": 1.5}], ids=["whole", "part"])
def test_the_sound_of_the_original_stays_in_sync(tmp_path, suffix, sound, codec, written, range_):
    source = make_clip(tmp_path / f"a.{suffix}", sound, codec=codec)
    path = tmp_path / "out.mp4"
    notes = annotate(source, path, **range_)
    assert sound_codec(path) == written
    assert any("encoded anew" in note for note in notes) == (written == "aac" and sound != "aac")
    begin = range_.get("start", 0.0)
    assert white_from(path) == pytest.approx(BEEP - begin, abs=0.02)
    in_source = loud_from(source) - white_from(source)  # encoders delay the sound a little
    assert loud_from(path) - white_from(path) == pytest.approx(in_source, abs=0.035)
    with av.open(str(path)) as container:
        lengths = [float(stream.duration * stream.time_base) for stream in container.streams]
    assert lengths == pytest.approx([lengths[0]] * 2, abs=0.15)


def test_a_stream_that_does_not_begin_at_zero_keeps_its_sound_in_sync(tmp_path):
    source = make_clip(tmp_path / "a.mkv", "aac", delay=7.0)
    path = tmp_path / "out.mp4"
    annotate(source, path)
    assert white_from(path) == pytest.approx(BEEP, abs=0.02)
    assert loud_from(path) == pytest.approx(BEEP, abs=0.05)


def test_a_video_without_sound_says_so(tmp_path):
    source = make_video(tmp_path / "a.mp4", shades(5))
    assert annotate(source, tmp_path / "out.mp4") == ("no sound: the original has none",)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


@pytest.mark.parametrize("codec", ["vp9", "h264"])
@pytest.mark.parametrize("size", [(33, 25), (1, 1), (64, 47), (61, 48)])
def test_odd_sizes_are_made_even(tmp_path, size, codec):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, size=size, codec=codec) as writer:
        for number, pixels in enumerate(shades(5, size)):
            writer.write(pixels, number / 25)
    with FileFeed(path) as feed:
        assert feed.size == tuple(side + side % 2 for side in size)
        assert [shade(frame.pixels) for frame in feed] == pytest.approx(range(5), abs=1)


def test_nothing_is_overwritten(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_text("mine")
    with pytest.raises(OutputError, match=r"out\.mp4: already exists"):
        VideoWriter(path, size=(64, 48))
    assert path.read_text() == "mine"
    path.unlink()
    (tmp_path / "out.mp4.part").write_text("another's")
    with pytest.raises(OutputError, match=r"out\.mp4\.part: already exists"):
        VideoWriter(path, size=(64, 48))
    (tmp_path / "out.mp4.part").unlink()
    writer = VideoWriter(path, size=(64, 48))
    writer.write(shades(1)[0], 0.0)
    path.write_text("mine")
    with pytest.raises(OutputError, match=r"was created meanwhile; the video is .*out\.mp4\.part"):
        writer.close()
    assert path.read_text() == "mine"


def test_without_a_frame_there_is_no_file(tmp_path):
    with VideoWriter(tmp_path / "out.mp4", size=(64, 48)):
        pass
    assert not list(tmp_path.iterdir())


def test_an_error_leaves_a_complete_file_up_to_there(tmp_path):
    source = make_clip(tmp_path / "a.mp4", "aac")
    path = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt), VideoWriter(path, size=(64, 48), frame_rate=25, sound_of=source) as writer:
        for number, pixels in enumerate(shades(10)):
            writer.write(pixels, number / 25)
        raise KeyboardInterrupt
    with FileFeed(path) as feed:
        assert [shade(frame.pixels) for frame in feed] == pytest.approx(range(10), abs=1)
    assert sound_codec(path) == "aac"
    writer.close()  # again: nothing happens


def test_closing_waits_for_the_thread_that_writes(tmp_path):
    for number, pause in enumerate(np.linspace(0.001, 0.05, 10)):
        path = tmp_path / f"{number}.mp4"
        writer = VideoWriter(path, size=(640, 360))
        written = []

        def write(writer: VideoWriter = writer, written: list[int] = written) -> None:
            with contextlib.suppress(ValueError):  # the writer is closed
                for index, pixels in enumerate(shades(60, (640, 360))):
                    writer.write(pixels, index / 25)
                    written.append(index)

        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(pause)
        writer.close()
        thread.join()
        if written:
            with FileFeed(path) as feed:
                assert len(list(feed)) == len(written)
    with pytest.raises(ValueError, match="the writer is closed"):
        writer.write(shades(1, (640, 360))[0], 100.0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"codec": "av1"}, ConfigError, r"codec: expected vp9 or h264, got 'av1'"),
        ({"path": "missing/out.mp4"}, OutputError, r"cannot be written \(No such file or directory\)"),
    ],
)
def test_what_cannot_be_written_is_said_at_once(tmp_path, monkeypatch, arguments, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        VideoWriter(**{"path": "out.mp4", "size": (64, 48), **arguments})
    assert not list(tmp_path.iterdir())


def test_a_pyav_without_the_encoder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("emoclass.video.write._ENCODERS", {"h264": ("libx264-is-missing", {})})
    with pytest.raises(ConfigError, match=r"codec h264: expected a PyAV with libx264-is-missing"):
        VideoWriter(tmp_path / "out.mp4", size=(64, 48), codec="h264")
    assert not list(tmp_path.iterdir())


def test_without_pyav_the_message_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("emoclass.video.containers.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r'pip install "emoclass\[video\]"'):
        VideoWriter(tmp_path / "out.mp4", size=(64, 48))


def test_a_pyav_that_cannot_be_imported_is_told_in_a_line(tmp_path, monkeypatch):
    def fails(name):
        raise ImportError("libavcodec.so.62: cannot open shared object file")

    monkeypatch.setattr("emoclass.video.containers.importlib.import_module", fails)
    with pytest.raises(MissingPackageError, match=r"cannot be imported \(libavcodec\.so\.62: cannot open"):
        VideoWriter(tmp_path / "out.mp4", size=(64, 48))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux that is always full")
def test_a_full_disk_is_an_error_with_the_name(tmp_path):
    code = (
        "import resource, signal, sys, numpy as np\n"
        "from emoclass.errors import OutputError\nfrom emoclass.video.write import VideoWriter\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "noise = np.random.default_rng(0)\n"
        "try:\n    with VideoWriter(sys.argv[1], size=(640, 360)) as writer:\n"
        "        for n in range(100):\n"
        "            writer.write(noise.integers(0, 255, (360, 640, 3), np.uint8), n / 25)\n"
        "except OutputError as error:\n    print(error)\n"
    )
    path = tmp_path / "out.mp4"
    done = subprocess.run(
        [sys.executable, "-c", code, os.fspath(path)], capture_output=True, text=True, timeout=120, check=True
    )
    assert f"{path}: cannot be written (File too large)" in done.stdout
    assert not list(tmp_path.iterdir())
