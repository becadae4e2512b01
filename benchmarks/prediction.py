"""Prediction beside the plain Keras script: one photograph, a folder of photographs, and many face crops.

    python benchmarks/prediction.py [--bundle RUN] [--photos DIR] [--crops DIR] [--repeats 7] [--large]

Each side runs in a process of its own, in turn, on the same images; ratios are of the medians. Memory is measured in
runs of its own, since watching costs time. Without --bundle the happysad network is used untrained.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pictures import draw_crops, mix, repeat
from trained import crops_bundle, photographs_bundle

PLAIN = [sys.executable, str(Path(__file__).with_name("plain_prediction.py"))]
LIBRARY = """
import os, sys, time, emoclass
classifier = emoclass.load(sys.argv[1])
started = time.perf_counter()
files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[2]) for name in names)
assert all(isinstance(each, emoclass.Prediction) for each in classifier.predict_batches(files))
print(time.perf_counter() - started)
"""
PARTS = """
import os, sys, time, numpy, emoclass
classifier = emoclass.load(sys.argv[1])
files = [os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[2]) for name in names][:2000]
started = time.perf_counter()
pixels = numpy.stack([classifier.pixels(file) for file in files])
decoded = time.perf_counter()
for begin in range(0, len(files), classifier.good_batch):
    classifier.scores(pixels[begin:begin + classifier.good_batch])
print((decoded - started) / len(files), (time.perf_counter() - decoded) / len(files))
"""


def start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def timed(command: list[str]) -> tuple[float, str]:
    """Return how long a process takes, in seconds, and the last line that it prints."""
    started = time.perf_counter()
    process = start(command)
    printed, _ = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    return seconds, printed.splitlines()[-1]


def peak_mb(command: list[str]) -> float:
    """Return the peak resident memory of a process, in MB."""
    process = start(command)
    watched, peak, done = psutil.Process(process.pid), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.002):
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.communicate()
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    return peak / 1e6


def compare(title: str, ours: list[str], plain: list[str], *, repeats: int) -> None:
    """Print how long both processes take, in turn, and what they need at most."""
    pairs = [(timed(ours)[0], timed(plain)[0]) for _ in range(repeats)]
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"{title}: {mine:.2f} s beside {other:.2f} s: {_ratio(pairs)}", flush=True)
    print(f"{title}, peak memory: {peak_mb(ours):.0f} MB beside {peak_mb(plain):.0f} MB", flush=True)


def compare_loaded(title: str, ours: list[str], plain: list[str], *, n_images: int, repeats: int) -> None:
    """Print how long both take for the images alone, when everything is imported and loaded."""
    pairs = [(float(timed(ours)[1]), float(timed(plain)[1])) for _ in range(repeats)]
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"{title}, imports and loading aside: {mine:.2f} s ({n_images / mine:.0f} images/s) beside {other:.2f} s "
        f"({n_images / other:.0f} images/s): {_ratio(pairs)}",
        flush=True,
    )


def _ratio(pairs: list[tuple[float, float]]) -> str:
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = [a / b for a, b in pairs]
    return f"ratio {mine / other:.3f} (pairs {min(ratios):.3f} to {max(ratios):.3f}, n={len(pairs)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="a bundle or a run of photographs")
    parser.add_argument("--photos", type=Path, help="a folder of photographs; by default they are made")
    parser.add_argument("--crops", type=Path, help="a folder of face crops; by default they are drawn")
    parser.add_argument("--repeats", type=int, default=7, help="pairs for one photograph; the others have 3")
    parser.add_argument("--large", action="store_true", help="also measure the memory of 20,000 photographs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photographs(arguments, folder)
        crops(arguments, folder)


def photographs(arguments: argparse.Namespace, folder: Path) -> None:
    bundle, keras_file = photographs_bundle(arguments.bundle, folder / "photographs-bundle")
    many = folder / "photographs"
    mix(arguments.photos, many, n_images=1000)
    one = sorted(many.glob("*.jpg"))[0]
    ours = [sys.executable, "-m", "emoclass", "predict", str(bundle)]
    plain = [*PLAIN, *keras_file]
    compare("one photograph", [*ours, str(one)], [*plain, str(one)], repeats=arguments.repeats)
    compare("1,000 photographs", [*ours, str(many), "--csv"], [*plain, str(many)], repeats=3)
    library = [sys.executable, "-c", LIBRARY, str(bundle)]
    compare_loaded("1,000 photographs", [*library, str(many)], [*plain, str(many)], n_images=1000, repeats=3)
    if arguments.large:
        repeat(many, folder / "large", n_images=20_000)
        print(f"20,000 photographs, peak memory: {peak_mb([*ours, str(folder / 'large'), '--csv']):.0f} MB", flush=True)
        shutil.rmtree(folder / "large")


def crops(arguments: argparse.Namespace, folder: Path) -> None:
    bundle, keras_file = crops_bundle(folder / "crops-bundle")
    source, many = arguments.crops or folder / "drawn", folder / "crops"
    if arguments.crops is None:
        draw_crops(source, n_images=1000)
    repeat(source, many, n_images=10_000)
    ours = [sys.executable, "-m", "emoclass", "predict", str(bundle), str(many), "--csv"]
    plain = [*PLAIN, *keras_file, str(many)]
    compare("10,000 crops", ours, plain, repeats=3)
    library = [sys.executable, "-c", LIBRARY, str(bundle), str(many)]
    compare_loaded("10,000 crops", library, plain, n_images=10_000, repeats=3)
    decoding, network = map(float, timed([sys.executable, "-c", PARTS, str(bundle), str(many)])[1].split())
    print(f"a crop: decoding {1e6 * decoding:.0f} us on one thread, the network {1e6 * network:.0f} us on all")


if __name__ == "__main__":
    main()
