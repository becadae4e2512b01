"""Peak memory of a run over many images beside one over 256.

    python benchmarks/memory.py [--many 20000] [--epochs 1]

The images are 256 photographs of mixed sizes, linked as often as needed; decoded they take 3.7 GiB, past any cache
budget, so that they go to a file in the run folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent))

from photographs import make_photographs


def link_photographs(source: Path, root: Path, *, n_images: int) -> None:
    files = sorted(path for path in source.rglob("*.jpg"))
    for number in range(n_images):
        file = files[number % len(files)]
        target = root / file.parent.name / f"{number:06d}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, target)


def peak_mib(data: Path, out: Path, *, epochs: int) -> tuple[float, float]:
    """Return the peak resident memory of a run, in MiB, and how long it took, in seconds."""
    command = [sys.executable, "-m", "emoclass", "run", "--plugin", "happysad", "--quiet", "--json"]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--data", str(data), "--out", str(out), "--epochs", str(epochs)], stdout=subprocess.DEVNULL
    )
    peak = 0
    watched = psutil.Process(process.pid)
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    done.set()
    watcher.join()
    if code:
        raise SystemExit(f"the run failed with exit code {code}")
    return peak / 2**20, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--many", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_photographs(Path(folder, "made"), n_images=256)
        peaks = []
        for n_images in (256, arguments.many):
            link_photographs(Path(folder, "made"), Path(folder, str(n_images)), n_images=n_images)
            peak, seconds = peak_mib(Path(folder, str(n_images)), Path(folder, "runs"), epochs=arguments.epochs)
            peaks.append(peak)
            print(f"{n_images} images: peak {peak:.0f} MiB, {seconds:.0f} s", flush=True)
        print(f"difference: {peaks[1] - peaks[0]:.0f} MiB")


if __name__ == "__main__":
    main()
