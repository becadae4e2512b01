"""How fast `emoclass video` is, and how much memory it takes.

    python benchmarks/video.py ../shared/data/videos/expressive.mp4
    python benchmarks/video.py ../shared/data/videos/expressive.mp4 --memory 1 60
    python benchmarks/video.py ../shared/data/videos/single_face.mp4 --fer /tmp/fer/bin/python

A clip of 1280x720 pixels and 25 frames a second is made of the video, by scaling and looping it; the one with five
faces shows it five times, each at another moment. Each measurement is a process of its own. `--memory` compares the
peak memory of two lengths, in minutes, with the tables and the page written and each person classified every second.
`--fer` watches the video itself, once with emoclass and once with the package `fer`, whose interpreter comes from an
environment of its own:

    python3 -m venv /tmp/fer
    /tmp/fer/bin/pip install --no-deps fer
    /tmp/fer/bin/pip install "setuptools<81" numpy requests pillow opencv-python-headless tensorflow pandas tqdm
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

SIZE, RATE, LOOP_SECONDS = (1280, 720), 25, 20
PLACES = ((0, 60), (427, 0), (853, 60), (160, 400), (700, 400))
"""Where the five copies stand."""


FER = """
import sys
from fer.classes import Video
from fer.fer import FER
video = Video(sys.argv[1], outdir=sys.argv[2])
found = video.analyze(FER(), display=False, save_frames=False, save_video=False, annotate_frames=False, output="csv")
print(sum(name.startswith('box') for each in found for name in each))
"""


@dataclass(frozen=True)
class Measured:
    """What one process took."""

    wall: float
    cpu: float
    peak_mb: float
    printed: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--model", default="faces")
    parser.add_argument("--seconds", type=int, default=20, help="length of the clips that are timed")
    parser.add_argument("--fer", metavar="PYTHON", help="the Python interpreter of an environment with fer")
    parser.add_argument("--memory", type=int, nargs=2, metavar="MINUTES")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.memory:
            compare_memory(options.video, options.model, options.memory, Path(folder))
        elif options.fer:
            compare_fer(options.video, options.model, options.fer, Path(folder))
        else:
            compare_speed(options.video, options.model, options.seconds, Path(folder))


def compare_speed(video: Path, model: str, seconds: int, folder: Path) -> None:
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; {seconds} s of {SIZE[0]}x{SIZE[1]}, {RATE} fps")
    print(f"{'':32}{'seconds':>9}{'x real time':>13}{'CPU seconds':>13}{'peak MB':>9}")
    for faces in (1, 5):
        clip = make_clip(video, folder / f"{faces}.mp4", faces, seconds)
        for name, more in (("tables", []), ("tables, every 0.2 s", ["--every", "0.2"]), ("annotated", ["--annotate"])):
            found = measure(model, clip, folder / f"{faces}-{name}", more)
            title = f"{faces} face{'s' if faces > 1 else ''}, {name}"
            print(f"{title:32}{found.wall:9.1f}{seconds / found.wall:13.2f}{found.cpu:13.1f}{found.peak_mb:9.0f}")


def compare_memory(video: Path, model: str, minutes: list[int], folder: Path) -> None:
    peaks = []
    loop = make_clip(video, folder / "loop.mp4", 1, LOOP_SECONDS)
    for length in minutes:
        clip = looped(loop, folder / f"{length}.mp4", 60 * length)
        found = measure(model, clip, folder / f"{length}", ["--every", "1"])
        peaks.append(found.peak_mb)
        speed = 60 * length / found.wall
        print(f"{length} min: peak {found.peak_mb:.0f} MB in {found.wall:.0f} s ({speed:.1f}x real time)")
        clip.unlink()
    print(f"difference: {peaks[1] - peaks[0]:+.0f} MB")


def compare_fer(video: Path, model: str, fer: str, folder: Path) -> None:
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; {video.name}")
    print(f"{'':10}{'seconds':>9}{'CPU seconds':>13}{'peak MB':>9}{'faces':>7}")
    ours = measure(model, video, folder / "ours", [])
    rows = len((folder / "ours" / "frames.csv").read_text().splitlines()) - 1
    print(f"{'emoclass':10}{ours.wall:9.1f}{ours.cpu:13.1f}{ours.peak_mb:9.0f}{rows:7}")
    theirs = measured([fer, "-c", FER, str(video), str(folder / "fer")])
    print(f"{'fer':10}{theirs.wall:9.1f}{theirs.cpu:13.1f}{theirs.peak_mb:9.0f}{theirs.printed.split()[-1]:>7}")


def measure(model: str, clip: Path, out: Path, more: list[str]) -> Measured:
    """Watch a clip in a process of its own; the time includes its start."""
    return measured([sys.executable, "-m", "emoclass", "video", model, str(clip), "--out", str(out), "--quiet", *more])


def measured(command: list[str]) -> Measured:
    """Run a command to its end, and return what it took."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, printed)


def make_clip(video: Path, path: Path, faces: int, seconds: int) -> Path:
    """Encode so many seconds of a video, scaled and looped, with one face or five."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"preset": "superfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number, pixels in enumerate(itertools.islice(pictures(video, faces), seconds * RATE)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def pictures(video: Path, faces: int) -> Iterator[np.ndarray]:
    if faces == 1:
        for frame in forever(video):
            yield np.asarray(Image.fromarray(frame).resize(SIZE, Image.Resampling.BILINEAR))
        return
    streams = [itertools.islice(forever(video), 60 * copy, None) for copy in range(len(PLACES))]
    for frames in zip(*streams, strict=True):
        canvas = Image.new("RGB", SIZE, (40, 40, 40))
        for frame, place in zip(frames, PLACES, strict=True):
            canvas.paste(Image.fromarray(frame).resize((427, 240), Image.Resampling.BILINEAR), place)
        yield np.asarray(canvas)


def forever(video: Path) -> Iterator[np.ndarray]:
    while True:
        with av.open(str(video)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")


def looped(clip: Path, path: Path, seconds: int) -> Path:
    """Repeat a clip without encoding it again."""
    with av.open(str(path), "w") as output:
        stream = None
        for turn in range(-(-seconds // LOOP_SECONDS)):
            with av.open(str(clip)) as container:
                source = container.streams.video[0]
                stream = stream or output.add_stream_from_template(source)
                shift = round(turn * LOOP_SECONDS / source.time_base)
                for packet in container.demux(source):
                    if packet.dts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                        output.mux(packet)
    return path


if __name__ == "__main__":
    main()
