"""Measure how long reading and writing the frames of a video takes, and read videos that were damaged at random.

    python benchmarks/video_files.py speed VIDEO
    python benchmarks/video_files.py damaged --files 4000 VIDEO...

`speed` enlarges the first frames of VIDEO to each size, encodes them, and reads and writes them again. `damaged` reads
what is left of the videos, and says how many were read and refused, and the longest time for one file; it ends with
an error if any other exception is raised.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import av
import numpy as np
from PIL import Image

from emoclass.errors import UnreadableVideoError
from emoclass.video.files import FileFeed
from emoclass.video.write import VideoWriter

SIZES = ((1280, 720), (1920, 1080), (3840, 2160))
ENCODERS = {"h264": ("libx264", {}), "hevc": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none"})}
RATE = 25


@contextmanager
def timed(what: str, n: int) -> Iterator[None]:
    processor, wall = time.process_time(), time.perf_counter()
    yield
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    print(f"{what:28} {1000 * processor / n:6.1f} ms processor time, {1000 * wall / n:6.1f} ms a frame", flush=True)


def encode(path: Path, frames: list[np.ndarray], codec: str) -> None:
    encoder, options = ENCODERS[codec]
    with av.open(str(path), "w") as output:
        stream = output.add_stream(encoder, rate=RATE, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        output.mux(stream.encode(None))


def write_with_defaults(path: Path, frames: list[np.ndarray], encoder: str) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream(encoder, rate=RATE)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 0
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        output.mux(stream.encode(None))


def speed(video: Path, folder: Path, n: int) -> None:
    with FileFeed(video) as feed:
        small = [Image.fromarray(frame.pixels) for frame in islice(feed, n)]
    for size in SIZES:
        frames = [np.asarray(image.resize(size)) for image in small[: n if size[0] < 3000 else n // 4]]
        name = "{}x{}".format(*size)
        for codec in ENCODERS:
            path = folder / f"{codec}-{name}.mp4"
            encode(path, frames, codec)
            with timed(f"read {codec} {name}", len(frames)), FileFeed(path) as feed:
                assert sum(1 for _ in feed) == len(frames)
        for codec in ("vp9", "h264"):
            path = folder / f"out-{codec}-{name}.mp4"
            with timed(f"write {codec} {name}", len(frames)), VideoWriter(path, size=size, codec=codec) as writer:
                for number, frame in enumerate(frames):
                    writer.write(frame, number / RATE)
        if size == SIZES[0]:
            for codec, encoder in (("vp9", "libvpx-vp9"), ("h264", "libx264")):
                with timed(f"write {codec} {name}, defaults", len(frames)):
                    write_with_defaults(folder / f"default-{codec}.mp4", frames, encoder)


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 3, 10, 50, 300])):
        place = rng.randrange(len(data))
        data[place] = rng.choice([rng.randrange(256), 0, 255, data[place] ^ (1 << rng.randrange(8))])


def flip_header(data: bytearray, rng: random.Random) -> None:
    begin = rng.choice([0, max(0, len(data) - 4096)])
    part = data[begin : begin + 4096]
    flip(part, rng)
    data[begin : begin + 4096] = part


def blank(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    data[place : place + 5000] = bytes(len(data[place : place + 5000]))


def insert(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    data[place:place] = rng.randbytes(rng.randrange(3000))


def delete(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    del data[place : place + rng.randrange(3000)]


WAYS: tuple[Callable[[bytearray, random.Random], None], ...] = (cut, flip, flip, flip_header, blank, insert, delete)


def damaged(videos: list[Path], folder: Path, n: int, seed: int) -> None:
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    longest = 0.0
    path = folder / "damaged"
    for number in range(n):
        data = bytearray(rng.choice(videos).read_bytes())
        rng.choice(WAYS)(data, rng)
        path.write_bytes(data)
        began = time.perf_counter()
        try:
            with FileFeed(path, start=rng.choice([None, None, 0.5])) as feed:
                last = -1.0
                for frame in feed:
                    assert frame.time > last, (number, frame.time, last)
                    assert frame.pixels.shape == (feed.size[1], feed.size[0], 3)
                    last = frame.time
            counts["read with a note" if feed.notes else "read without a note"] += 1
        except UnreadableVideoError:
            counts["refused"] += 1
        longest = max(longest, time.perf_counter() - began)
    print(dict(counts), f"longest {longest:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "damaged"])
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.what == "speed":
            speed(given.videos[0], Path(folder), given.frames)
        else:
            damaged(given.videos, Path(folder), given.files, given.seed)


if __name__ == "__main__":
    main()
