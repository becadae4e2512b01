"""Small videos that tests make: encoded by PyAV, with frames that are recognized by their colors."""

from __future__ import annotations

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
    """Return the frames and the notes of a video file, which its bytes in memory must have as well."""
    with FileFeed(path, **range_) as feed:
        frames, notes = list(feed), feed.notes
    with FileFeed(path.read_bytes(), **range_) as feed:
        again = list(feed)
        assert feed.notes == notes
    assert [(frame.number, frame.time) for frame in again] == [(frame.number, frame.time) for frame in frames]
    for one, other in zip(frames, again, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    return frames, notes


def refuse_both(path: Path, match: str) -> UnreadableVideoError:
    """Expect that a video file is refused, and its bytes in memory, for the same reason; return the file's error."""
    with pytest.raises(UnreadableVideoError, match=match) as of_file, FileFeed(path) as feed:
        list(feed)
    with pytest.raises(UnreadableVideoError) as of_bytes, FileFeed(path.read_bytes()) as feed:
        list(feed)
    assert str(of_bytes.value) == str(of_file.value).replace(str(path), "video", 1)
    return of_file.value
