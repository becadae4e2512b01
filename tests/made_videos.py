"""Small videos that tests make: encoded by PyAV, with frames that are recognized by their colors."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from emoclass.errors import UnreadableVideoError
from emoclass.video.feed import Frame
from emoclass.video.files import FileFeed

SIZE = (64, 48)
RED, GREEN, BLUE, WHITE = (230, 20, 20), (20, 230, 20), (20, 20, 230), (235, 235, 235)

NO_VIDEOS = {
    "random bytes": random.Random(0).randbytes(100_000),
    "zeros": bytes(100_000),
    "text": b"hello\n" * 1000,
    "one byte": b"\0",
    "html": b"<!DOCTYPE html><html><video src='neighbor.mp4'></video></html>",
    "zip": b"PK\x03\x04" + bytes(1000),
    "elf": b"\x7fELF" + bytes(1000),
    "ftyp alone": struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom"),
    "moov that claims 4 GB": struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom") + b"\xff\xff\xff\xffmoov",
    "box within box without end": struct.pack(">I4s", 8 * 4000, b"moov") + struct.pack(">I4s", 0, b"trak") * 3999,
    "ebml alone": b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x00",
    "riff alone": b"RIFF\xff\xff\xff\xffAVI LIST",
    "sync bytes": (b"\x47" + bytes(187)) * 500,
    "flv alone": b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00",
    "ogg alone": b"OggS" + bytes(100),
    "gif alone": b"GIF89a\xff\xff\xff\xff\xf7\x00\x00",
    "asf alone": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\xff" * 100,
}
"""What is no video, although it looks like one at the beginning."""


def quadrants(size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return a picture that is red and green above, blue and white below."""
    width, height = size
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, WHITE
    return pixels


def corners(pixels: np.ndarray) -> list[str]:
    """Name the colors of a picture's corners: top left, top right, bottom left, bottom right."""
    height, width = pixels.shape[:2]
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE, "black": (0, 0, 0)}
    found = []
    for y, x in ((0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)):
        color = pixels[int(y * height), int(x * width)].astype(int)
        found.append(min(names, key=lambda name: np.abs(color - names[name]).sum()))
    return found


def shades(n: int, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """Return plain gray pictures, each a shade lighter than the one before; `shade` reads which one it is."""
    return [np.full((size[1], size[0], 3), 16 + 4 * index, np.uint8) for index in range(n)]


def noisy_shades(n: int, size: tuple[int, int] = (160, 128)) -> list[np.ndarray]:
    """Return `shades` with noise, different in each, so that frames are most of an encoded file; `shade` reads them."""
    noise = np.random.default_rng(0)
    return [
        np.clip(pixels + np.kron(noise.integers(-12, 13, (size[1] // 4, size[0] // 4, 1)), np.ones((4, 4, 3))), 0, 255)
        .astype(np.uint8)
        for pixels in shades(n, size)
    ]  # fmt: skip


def shade(pixels: np.ndarray) -> int:
    """Return which of `shades` a decoded frame is."""
    return round((float(pixels.mean()) - 16) / 4)


def make_video(
    path: Path,
    pictures: Iterable[np.ndarray],
    *,
    rate: int = 25,
    times: Sequence[float] | None = None,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    container: str | None = None,
    options: dict[str, str] | None = None,
    muxer_options: dict[str, str] | None = None,
    key_every: int = 12,
    sound_seconds: float = 0.0,
    sound_codec: str = "aac",
    with_alpha: bool = False,
    **stream_settings: object,
) -> Path:
    """Encode pictures as a video, with a sine tone beside it where `sound_seconds` are given."""
    pictures = iter(pictures)
    first = next(pictures)
    with av.open(str(path), "w", format=container, options=muxer_options or {}) as output:
        stream = output.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = first.shape[1], first.shape[0], pixel_format
        stream.gop_size = key_every
        # Old codecs know no fine time bases; AVI counts frames.
        base = Fraction(1, 90000) if times else Fraction(1, rate)
        stream.codec_context.time_base = base
        for name, value in stream_settings.items():
            setattr(stream.codec_context, name, value)
        sound = output.add_stream(sound_codec, rate=48000) if sound_seconds else None
        packets: list[av.Packet] = []
        for index, pixels in enumerate((first, *pictures)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgba" if with_alpha else "rgb24")
            frame.time_base = base
            frame.pts = round(times[index] / base) if times else index
            packets += stream.encode(frame)
        packets += stream.encode(None)
        if sound is not None:
            for frame in tone(sound_seconds):
                packets += sound.encode(frame)
            packets += sound.encode(None)
        for packet in sorted(packets, key=lambda packet: float((packet.dts or 0) * packet.time_base)):
            output.mux(packet)
    return path


def tone(seconds: float, rate: int = 48000) -> Iterator[av.AudioFrame]:
    """Yield the frames of a sine tone."""
    for start in range(0, int(seconds * rate), 1024):
        wave = np.sin(2 * np.pi * 440 * np.arange(start, start + 1024) / rate).astype(np.float32) / 4
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        yield frame


def read_both(path: Path, **range_: float) -> tuple[list[Frame], tuple[str, ...]]:
    """Return the frames and the notes of a video file, which its bytes in memory must have as well.

    What FFmpeg makes of damaged frames depends on which of its threads is faster, even for one and the same file.
    """
    with FileFeed(path, **range_) as feed:
        frames, notes = list(feed), feed.notes
    with FileFeed(path.read_bytes(), **range_) as feed:
        again, notes_again = list(feed), feed.notes
    assert [(frame.number, frame.time) for frame in again] == [(frame.number, frame.time) for frame in frames]
    assert certain(notes_again) == certain(notes)
    if certain(notes) == list(notes):
        for one, other in zip(frames, again, strict=True):
            np.testing.assert_array_equal(one.pixels, other.pixels)
    return frames, notes


def certain(notes: Iterable[str]) -> list[str]:
    """Leave out how many frames were damaged."""
    return [note for note in notes if "are damaged and were kept" not in note]


def refuse_both(path: Path, match: str) -> UnreadableVideoError:
    """Expect that a video file is refused, and its bytes in memory, for the same reason; return the file's error."""
    with pytest.raises(UnreadableVideoError, match=match) as of_file, FileFeed(path) as feed:
        list(feed)
    with pytest.raises(UnreadableVideoError) as of_bytes, FileFeed(path.read_bytes()) as feed:
        list(feed)
    assert str(of_bytes.value) == str(of_file.value).replace(str(path), "video", 1)
    return of_file.value
