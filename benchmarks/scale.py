"""A million images without their pixels: listing, splitting, leaks, folds and the order of an epoch.

    python benchmarks/scale.py [--images N] [--persons N] [--batch-size N] [--folder]

Prints a table of seconds and peak memory. `--folder` also lists a folder of as many empty files, which it makes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from emoclass import DatasetSpec, LabelScheme, Sample
from emoclass.data.folds import deal
from emoclass.data.index import index
from emoclass.data.leaks import copies_of_training
from emoclass.data.split import split
from emoclass.values.config import DataConfig

LABELS = LabelScheme(emotions=("happy", "sad", "angry", "scared", "surprised", "disgusted", "neutral"))
WORDS = ("happiness", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
Row = tuple[str, float, float, float]


class Clock:
    """Notes the wall-clock and processor seconds of each step, and the peak memory (MB) so far."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.step("(start)", lambda: None)

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """Do one step, and return what it returns."""
        started, at_work = time.perf_counter(), time.process_time()
        done = work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        self.rows.append((name, time.perf_counter() - started, time.process_time() - at_work, peak))
        return done


def made(n: int, *, persons: int = 0, words: tuple[str, ...] = LABELS.emotions) -> DatasetSpec:
    """Return a dataset of so many images, in an order that is not that of their ids."""

    def load(root: Path | None) -> Iterator[Sample]:
        for i in range(n):
            number = i * 7_368_787 % n
            name = f"{words[number % 7]}/{number:07d}.png"
            yield Sample(id=name, path=name, emotion=words[number % 7], group=f"{i % persons}" if persons else None)

    return DatasetSpec(name="made", summary="Made.", load=load, needs_root=False)


def plain(n: int, persons: int, batch_size: int) -> list[Row]:
    """List, split, mark leaks and deal folds of images without persons."""
    clock, config = Clock(), DataConfig(dataset="made")
    listed = clock.step("list", lambda: index(made(n), config, LABELS))
    drawn = clock.step("split", lambda: split(listed.samples, LABELS, config, seed=0))
    ids = [sample.id for sample in listed.samples]
    clusters = [ids[i : i + 2] for i in range(0, len(ids), 10)]
    sides = dict(zip(ids, drawn.sides, strict=True))
    clock.step("mark the copies of training images", partial(copies_of_training, sides, clusters))
    del sides, drawn
    clock.step(
        "split, a fifth of them copies", lambda: split(listed.samples, LABELS, config, seed=0, clusters=clusters)
    )
    clock.step("five folds", lambda: deal(listed.samples, LABELS, 5, seed=0))
    return clock.rows


def grouped(n: int, persons: int, batch_size: int) -> list[Row]:
    """List and split images of persons, whose class words must be translated."""
    clock, config = Clock(), DataConfig(dataset="made")
    listed = clock.step("list, words translated", lambda: index(made(n, persons=persons, words=WORDS), config, LABELS))
    clock.step(f"split, {persons:,} persons", lambda: split(listed.samples, LABELS, config, seed=0))
    return clock.rows


def order(n: int, persons: int, batch_size: int) -> list[Row]:
    """Read the batches of two epochs, of images of one pixel."""
    from emoclass.data.pixels import PixelCache
    from emoclass.training.pipeline import ShuffledBatches

    targets = np.zeros((n, 7), np.float32)
    clock = Clock()
    batches = ShuffledBatches(PixelCache(n, (1, 1, 1)), np.arange(n), targets, batch_size=batch_size, seed=0)
    clock.step("first batch of an epoch", lambda: batches[0])
    few = min(100, batches.batches_per_epoch)
    clock.step(
        f"{few} batches of the {batches.batches_per_epoch:,} of an epoch", lambda: [batches[i] for i in range(few)]
    )
    if "--few" not in sys.argv:
        every = range(batches.batches_per_epoch)
        clock.step("all batches of an epoch", lambda: [batches[i] is None for i in every])
    return clock.rows


def folder(n: int, persons: int, batch_size: int) -> list[Row]:
    """List a folder of empty files."""
    with tempfile.TemporaryDirectory() as root:
        for emotion in LABELS.emotions:
            Path(root, emotion).mkdir()
        for i in range(n):
            Path(root, LABELS.emotions[i % 7], f"{i:07d}.png").touch()
        clock, config = Clock(), DataConfig(dataset="folder", root=Path(root))
        spec = DatasetSpec(name="folder", summary="A folder.", load="emoclass.data.folder:load")
        clock.step("list a folder", lambda: index(spec, config, LABELS))
    return clock.rows


SIDES = {"plain": plain, "grouped": grouped, "order": order, "folder": folder}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--persons", type=int, default=10_000)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--folder", action="store_true", help="list a folder of empty files as well")
    parser.add_argument("--few", action="store_true", help="read 100 batches of an epoch, not all")
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        rows = SIDES[arguments.side](arguments.images, arguments.persons, arguments.batch_size)
        print(json.dumps(rows))
        return
    print(f"{arguments.images:,} images\n")
    print("| Step | seconds | processor seconds | peak memory |\n| --- | --- | --- | --- |")
    for side in SIDES if arguments.folder else list(SIDES)[:-1]:
        done = subprocess.run([sys.executable, *sys.argv, "--side", side], check=True, stdout=subprocess.PIPE)
        for name, seconds, at_work, peak in json.loads(done.stdout.splitlines()[-1]):
            print(f"| {name} | {seconds:.2f} | {at_work:.2f} | {peak:,.0f} MB |", flush=True)


if __name__ == "__main__":
    main()
