"""Find the images of a dataset that are one picture: the same file, the same pixels, or an altered copy.

From the cheap to the dear, each step on what the one before left: equal bytes, equal pixels, neighbors in an index
of coarse descriptions, thumbnails moved onto each other, and at last the files themselves.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from emoclass.auditing.candidates import candidates
from emoclass.auditing.comparison import SAME, SIDE, Suspects, compare, sift
from emoclass.auditing.fingerprint import Fingerprint
from emoclass.concurrency import available_threads, ordered_map
from emoclass.data.images import quiet_decoders, read_image, read_picture
from emoclass.progress import Progress

__all__ = ["Pair", "clusters", "find_pairs"]

_BATCH = 256
"""Pairs that are compared at once: enough for the arrays, little memory."""

_NEARLY_EQUAL = 0.98
"""Similarity from which images of one size may have equal pixels."""


@dataclass(frozen=True)
class Pair:
    """Two images that are one picture.

    Attributes:
        first: The position of one.
        second: That of the other; it is larger.
        kind: `"bytes"`: the same file; `"pixels"`: the same pixels in another file; `"near"`: an altered copy.
        similarity: [0, 1]; 1 for equal bytes and pixels, else how well the parts agree that agree least.
        change: What was altered, as far as it shows; None for equal bytes and pixels.
    """

    first: int
    second: int
    kind: Literal["bytes", "pixels", "near"]
    similarity: float
    change: str | None


def find_pairs(
    fingerprints: Sequence[Fingerprint],
    read: Callable[[int], bytes],
    *,
    progress: Progress | None = None,
    threads: int | None = None,
) -> list[Pair]:
    """Find duplicates and altered copies: scaled, compressed, mirrored, lightly cropped or recolored.

    Of several equal files or pixels, the one with the first digest and path stands for all: it is paired with each of
    the others, and alone with altered copies. Every duplicate is so in a pair, but not every two are. Which pairs are
    found does not depend on the order of the images, provided that their paths differ.

    Args:
        fingerprints: Of all images.
        read: Returns the encoded bytes of the image at a position; called from several threads.
        progress: Progress callback, called for every comparison.
        threads: How many threads; None for one a processor.

    Returns:
        Sorted by position; no two with the same positions.

    Raises:
        UnreadableImageError: `read` raised it, or returned something else than what the fingerprint was taken of.
    """
    threads = threads or available_threads()
    order = sorted(range(len(fingerprints)), key=lambda row: (fingerprints[row].digest, fingerprints[row].path))
    pairs: list[Pair] = []

    def collapse(rows: Iterable[int], key: Callable[[int], Hashable], kind: Literal["bytes", "pixels"]) -> list[int]:
        groups = _grouped(rows, key)
        pairs.extend(_pair(same[0], row, kind, 1.0, None) for same in groups for row in same[1:])
        return [same[0] for same in groups]

    def pixels(row: int) -> str:
        picture = read_picture(read(row), path=fingerprints[row].path)
        return hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest()

    def same_pixels(pair: Pair) -> bool:  # a JPEG and a PNG file of it, whose thumbnails were decoded differently
        one, other = fingerprints[pair.first], fingerprints[pair.second]
        same_size = (one.width, one.height) == (other.width, other.height)
        return same_size and pair.similarity > _NEARLY_EQUAL and pixels(pair.first) == pixels(pair.second)

    with quiet_decoders():
        distinct = collapse(order, lambda row: fingerprints[row].digest, "bytes")
        rows = []
        for alike in _grouped(distinct, lambda row: _look(fingerprints[row])):
            rows += collapse(alike, pixels, "pixels") if len(alike) > 1 else alike
        rows = [row for row in rows if not fingerprints[row].plain]
        for pair in _near(rows, fingerprints, read, progress or Progress(), threads) if rows else ():
            pairs.append(Pair(pair.first, pair.second, "pixels", 1.0, None) if same_pixels(pair) else pair)
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def clusters(pairs: Iterable[Pair]) -> list[tuple[int, ...]]:
    """Return the groups that pairs connect: sorted positions, two or more in each, the groups sorted too."""
    edges = np.array([(pair.first, pair.second) for pair in pairs], np.intp).reshape(-1, 2)
    members, ends = np.unique(edges, return_inverse=True)
    ends = ends.reshape(-1, 2)
    n = len(members)
    if not n:
        return []
    _, labels = connected_components(coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n)))
    return sorted(tuple(int(members[i]) for i in group) for group in _grouped(range(n), lambda i: int(labels[i])))


def _grouped(rows: Iterable[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return list(groups.values())


def _look(one: Fingerprint) -> Hashable:
    """What images of equal pixels have in common, but for those that a JPEG decoder scaled down."""
    return one.width, one.height, one.color, one.thumb.tobytes()


def _pair(
    one: int, other: int, kind: Literal["bytes", "pixels", "near"], similarity: float, change: str | None
) -> Pair:
    return Pair(min(one, other), max(one, other), kind, similarity, change)


def _near(
    rows: Sequence[int],
    fingerprints: Sequence[Fingerprint],
    read: Callable[[int], bytes],
    progress: Progress,
    threads: int,
) -> list[Pair]:
    """Find altered copies among images of different pixels, which come in an order of their own."""
    thumbs = np.stack([fingerprints[row].thumb for row in rows])
    found = candidates(thumbs, threads=threads)

    def sift_batch(batch: NDArray[np.intp]) -> Suspects:
        return sift(thumbs, batch)

    batches = [found[start : start + _BATCH] for start in range(0, len(found), _BATCH)]
    with closing(ordered_map(sift_batch, batches, threads)) as sifted:
        tracked = progress.track(sifted, title="Comparing thumbnails", total=len(batches), unit="batches")
        suspects = [batch for batch in tracked if len(batch.pairs)]
    if not suspects:
        return []

    def picture(i: int) -> NDArray[np.uint8]:
        return read_image(read(rows[i]), (SIDE, SIDE, 3), path=fingerprints[rows[i]].path)

    def compare_batch(batch: Suspects) -> list[Pair]:
        first, second = (pictures[np.searchsorted(seen, batch.pairs[:, column])] for column in (0, 1))
        return [
            _pair(rows[one], rows[other], "near", float(similarity), change)
            for (one, other, _), similarity, change in zip(batch.pairs, *compare(first, second, batch), strict=True)
            if similarity >= SAME
        ]

    seen = np.unique(np.concatenate([batch.pairs[:, :2] for batch in suspects]))
    pictures = np.empty((len(seen), SIDE, SIDE, 3), np.uint8)
    with closing(ordered_map(picture, seen, threads)) as decoded:
        for place, pixels in enumerate(progress.track(decoded, title="Reading likely duplicates", total=len(seen))):
            pictures[place] = pixels
    best: dict[tuple[int, int], Pair] = {}
    with closing(ordered_map(compare_batch, suspects, threads)) as outcomes:
        for pairs in outcomes:
            for pair in pairs:  # a nearly symmetric picture is found twice, as it is and mirrored
                both = pair.first, pair.second
                best[both] = max(pair, best.get(both, pair), key=lambda pair: pair.similarity)
    return list(best.values())
