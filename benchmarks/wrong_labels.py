"""Flip some labels of a dataset, and see how many of them stand at the top of the list of suspected labels.

    python benchmarks/wrong_labels.py                                 two kinds of made pictures that differ clearly
    python benchmarks/wrong_labels.py HAPPY SURPRISED --images 500    two folders of images, one an emotion

The images are copied into a temporary folder, where the labels are flipped.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from photographs import make_photographs

import emoclass

EMOTIONS = ("happy", "sad")
"""What the two classes are called; the names mean nothing to the network."""


def separable(n: int) -> list[tuple[bytes, str]]:
    """Return made photographs whose two kinds differ in brightness."""
    with tempfile.TemporaryDirectory() as scratch:
        make_photographs(Path(scratch), n_images=n)
        return from_folders([Path(scratch, emotion) for emotion in EMOTIONS], n)


def from_folders(folders: list[Path], n: int) -> list[tuple[bytes, str]]:
    """Return the first n images of each of two folders."""
    return [
        (path.read_bytes(), emotion)
        for folder, emotion in zip(folders, EMOTIONS, strict=True)
        for path in sorted(path for path in folder.iterdir() if path.is_file())[:n]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--images", type=int, default=400, help="of each folder, or made in all")
    parser.add_argument("--share", type=float, default=0.05, help="of the labels that are flipped")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--folds", type=int, default=5)
    given = parser.parse_args()
    images = from_folders(given.folders, given.images) if given.folders else separable(given.images)
    n_flipped = round(given.share * len(images))
    flipped = set(np.random.default_rng(0).permutation(len(images))[:n_flipped].tolist())
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "images")
        wrong = set()
        for number, (data, emotion) in enumerate(images):
            label = EMOTIONS[1 - EMOTIONS.index(emotion)] if number in flipped else emotion
            path = Path(label, f"{number:05d}")
            (root / label).mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
            if number in flipped:
                wrong.add(path.as_posix())
        started = time.perf_counter()
        found = emoclass.suspected_labels(root, epochs=given.epochs, folds=given.folds, out=Path(scratch, "runs"))
        seconds = time.perf_counter() - started
    top = {each.path for each in found.suspects[:n_flipped]}
    issues = {each.path for each in found.suspects if each.issue}
    print(f"{len(images):,} images, {n_flipped} labels flipped ({n_flipped / len(images):.1%})")
    print(f"the models agree with {len(images) - len(found.suspects):,} labels; {seconds:.0f} s")
    print(f"flipped among the first {n_flipped} of the list: {len(top & wrong)} ({len(top & wrong) / n_flipped:.0%})")
    print(f"expected by chance: {n_flipped**2 / len(images):.1f}")
    print(f"counted as wrong: {len(issues)}, of which {len(issues & wrong)} were flipped")


if __name__ == "__main__":
    main()
