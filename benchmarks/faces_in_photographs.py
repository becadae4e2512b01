"""Find and classify the faces of many photographs, beside the package `fer` on the same photographs.

    python benchmarks/faces_in_photographs.py --data PHOTOS [--fer PYTHON] [--n 1000]

The photographs of PHOTOS are written at 0.5, 1 and 2 times their size, and the rest of `--n` enlarged to 12 megapixels.
Each side is a process of its own, from a cold start; it reads, finds and classifies all faces. PYTHON is the
interpreter of an environment with `fer` in it:

    python3 -m venv /tmp/fer
    /tmp/fer/bin/pip install --no-deps fer
    /tmp/fer/bin/pip install "setuptools<81" numpy requests pillow opencv-python-headless tensorflow
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

SCALES = (0.5, 1.0, 2.0)
LARGE = 12_000_000
"""Pixels of the photographs that are enlarged."""

SHARE_OF_LARGE = 0.232

EMOCLASS = """
import json, sys
import emoclass
faces = 0
for found in emoclass.load("faces").find_batches(open(sys.argv[1]).read().splitlines()):
    faces += len(getattr(found, "faces", ()))
print(json.dumps(faces))
"""

FER = """
import json, sys, warnings
warnings.simplefilter("ignore")
import cv2
from fer.fer import FER
detector, faces = FER(), 0
for path in open(sys.argv[1]).read().splitlines():
    picture = cv2.imread(path)
    faces += 0 if picture is None else len(detector.detect_emotions(picture))
print(json.dumps(faces))
"""


@dataclass(frozen=True)
class Measured:
    """One process: the faces it found, its seconds from start to end, and its largest memory in MB."""

    faces: int
    seconds: float
    megabytes: float


def main() -> None:
    """Write the photographs, run both sides, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder of photographs")
    parser.add_argument("--fer", help="the Python interpreter of an environment with fer")
    parser.add_argument("--n", type=int, default=1000, help="how many photographs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = write_photographs(options.data, Path(folder), options.n)
        few, many = Path(folder) / "few.txt", Path(folder) / "many.txt"
        few.write_text("\n".join(paths[: len(paths) // 4]))
        many.write_text("\n".join(paths))
        rows = [("emoclass, a quarter of them", measured(sys.executable, EMOCLASS, few), len(paths) // 4)]
        rows.append(("emoclass", measured(sys.executable, EMOCLASS, many), len(paths)))
        if options.fer:
            rows.append(("fer", measured(options.fer, FER, many), len(paths)))
        cold = cold_seconds(next(path for path in paths if path.endswith("x1.jpg")))
    print(f"{'':28} {'images':>6} {'faces':>6} {'seconds':>8} {'a second':>8} {'MB':>6}")
    for name, found, n in rows:
        print(f"{name:28} {n:6,} {found.faces:6,} {found.seconds:8.1f} {n / found.seconds:8.1f} {found.megabytes:6.0f}")
    print(f"one cold photograph: {cold:.2f} s (median of 5 runs of the command)")


def write_photographs(source: Path, folder: Path, n: int) -> list[str]:
    """Write `n` photographs as JPEG files, large ones spread among the others, and return their paths."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    n_large = round(n * SHARE_OF_LARGE)
    wanted = [(file, scale) for file in files for scale in SCALES]
    n_small = min(n - n_large, len(wanted))
    small = [wanted[index * len(wanted) // n_small] for index in range(n_small)]
    large = [(files[index * len(files) // max(1, n_large)], 0.0) for index in range(n_large)]
    order = sorted((index / len(part), *each) for part in (small, large) for index, each in enumerate(part))
    paths = []
    for number, (_, file, scale) in enumerate(order):
        with Image.open(file) as opened:
            picture = opened.convert("RGB")
        factor = scale or (LARGE / (picture.width * picture.height)) ** 0.5
        size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
        target = folder / f"{number:04d}x{scale:g}.jpg"
        picture.resize(size, Image.Resampling.BICUBIC).save(target, quality=90)
        paths.append(str(target))
    return paths


def measured(python: str, code: str, listed: Path) -> Measured:
    """Run one side in a process of its own."""
    start = time.perf_counter()
    with subprocess.Popen(
        [python, "-c", code, str(listed)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{python}: exit code {process.returncode}")
    return Measured(json.loads(output.splitlines()[-1]), seconds, usage.ru_maxrss / 1000)


def cold_seconds(path: str) -> float:
    """Return how long the command takes for one photograph, from start to end."""
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        command = [sys.executable, "-m", "emoclass", "predict", "faces", path, "--csv"]
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
