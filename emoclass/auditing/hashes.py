"""Hashes of pictures: 16 bytes per image, by which copies of it are recognized without the image itself.

The bits are the signs of the coarse part of the thumbnail's cosine transform, brightness aside. Compressing, scaling,
recoloring or lightly cropping a picture changes few of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from emoclass.auditing.examine import thumbnails
from emoclass.auditing.fingerprint import THUMB_SIDE
from emoclass.concurrency import available_threads, ordered_map
from emoclass.progress import Progress
from emoclass.values.specs import DatasetSpec, Sample

N_BYTES = 16
"""The size of a hash."""

SAME = 16
"""Hashes that differ in at most so many of their 128 bits are of one picture.

Unrelated faces differ in 20 bits or more in the nearest of 30,000 times 3,000 pairs, over all views.
"""

_TEXTURED = 96
"""So many bits must be of a wave that is more than rounding. Of plainer pictures, hashes agree by chance."""

_ROUNDING = 1.0
"""The largest amplitude, of 255 gray levels, that rounding pixels to integers gives a wave: 3.5 standard deviations."""

_VIEWS = tuple(product((1.0, 0.94, 1.06), (0.0, -0.05, 0.05), (0.0, -0.05, 0.05)))
"""Scale, and shift down and across in half sides, of the views of a picture whose hash is looked for."""

_BATCH = 64
"""Pictures whose views are computed at once."""

Hashes = NDArray[np.uint64]
Words = NDArray[np.uint64]
Thumbs = NDArray[np.uint8]

_DOWN, _ACROSS = np.mgrid[:N_BYTES, :N_BYTES].reshape(2, -1)
_CHOSEN = np.lexsort((_ACROSS, _DOWN, _DOWN + _ACROSS))[1 : 8 * N_BYTES + 1]
"""The coarsest waves first, without the mean."""

_WAVES = dct(np.eye(THUMB_SIDE, dtype=np.float32), axis=0, norm="ortho")[:N_BYTES]


def _pack(bits: NDArray[np.bool_]) -> Hashes:
    return np.ascontiguousarray(np.packbits(bits, axis=-1)).view(np.uint64)


_MIRRORED = _pack(_ACROSS[_CHOSEN] % 2 == 1)
"""The bits that mirroring a picture turns."""


def hash_thumbnails(thumbs: Mapping[str, Thumbs]) -> dict[str, bytes]:
    """Return the hashes of images, by id; an image that shows too little has none.

    Args:
        thumbs: Id -> uint8 `(32, 32)`, gray, as in a `Fingerprint`.
    """
    ids = list(thumbs)
    found: dict[str, bytes] = {}
    for start in range(0, len(ids), 1024):
        batch = ids[start : start + 1024]
        amplitudes = _amplitudes(np.stack([thumbs[each] for each in batch]))
        for each, row, textured in zip(batch, _pack(amplitudes > 0), _is_textured(amplitudes), strict=True):
            if textured:
                found[each] = row.tobytes()
    return found


def hash_images(
    samples: Sequence[Sample],
    spec: DatasetSpec,
    root: Path | None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, bytes]:
    """Return the hashes of a dataset's images, by id; an image that is unreadable or shows too little has none."""
    return hash_thumbnails(thumbnails(samples, spec, root, threads=threads, progress=progress))


def to_file(hashes: Iterable[bytes]) -> bytes:
    """Return the content of a file of hashes: each once, and sorted, so that it says nothing of their order."""
    return b"".join(sorted(set(hashes)))


def from_file(content: bytes) -> Hashes:
    """Return the hashes of a file, uint64 `(n, 2)`.

    Raises:
        ValueError: It is not made of whole hashes.
    """
    if len(content) % N_BYTES:
        raise ValueError(f"expected a multiple of {N_BYTES} bytes, got {len(content)}")
    return np.frombuffer(content, np.uint64).reshape(-1, 2)


def find_hashed(
    thumbs: Mapping[str, Thumbs], hashes: Hashes, *, threads: int | None = None, progress: Progress | None = None
) -> frozenset[str]:
    """Return the ids of the images that are copies of hashed ones: the same picture, scaled, compressed or mirrored.

    Cropping by more than a few percent, turning, and strong changes of the brightness hide a copy.

    Args:
        thumbs: Id -> uint8 `(32, 32)`, gray.
        hashes: uint64 `(n, 2)`.
        threads: Processor threads; None takes those that this process may use.
        progress: Progress callback.
    """
    ids = list(thumbs)
    halves = np.ascontiguousarray(hashes.T)
    batches = [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]

    def search(batch: list[str]) -> list[str]:
        return [batch[row] for row in _rows_of_hashed(np.stack([thumbs[each] for each in batch]), *halves)]

    with closing(ordered_map(search, batches, threads or available_threads())) as outcomes:
        tracked = (progress or Progress()).track(outcomes, title="Comparing hashes", total=len(batches), unit="batches")
        return frozenset(each for found in tracked for each in found)


def _rows_of_hashed(pictures: Thumbs, coarse: Words, fine: Words) -> Iterator[int]:
    """Yield the rows of the pictures of which any view is near a hash, whose halves are `coarse` and `fine`."""
    rows = np.flatnonzero(_is_textured(_amplitudes(pictures)))
    views = np.stack([_pack(_amplitudes(pictures[rows], *view) > 0) for view in _VIEWS], axis=1)
    for row, own in zip(rows.tolist(), np.concatenate([views, views ^ _MIRRORED], axis=1), strict=True):
        if any(_is_near(view, coarse, fine) for view in own):
            yield row


def _is_near(own: Words, coarse: Words, fine: Words) -> bool:
    distance = np.bitwise_count(coarse ^ own[0])
    places = np.flatnonzero(distance <= SAME)  # few: only these are compared in the other half
    return bool((distance[places] + np.bitwise_count(fine[places] ^ own[1]) <= SAME).any())


def _amplitudes(pictures: Thumbs, scale: float = 1.0, down: float = 0.0, across: float = 0.0) -> NDArray[np.float32]:
    """Return the amplitudes of the chosen waves, float32 `(n, 128)`, of pictures that are scaled and shifted."""
    rows, columns = _WAVES @ _sampling(scale, down), _WAVES @ _sampling(scale, across)
    amplitudes: NDArray[np.float32] = (rows @ pictures.astype(np.float32) @ columns.T).reshape(-1, N_BYTES**2)
    return amplitudes[:, _CHOSEN]


def _sampling(scale: float, shift: float) -> NDArray[np.float32]:
    """Return the matrix that reads a line of pixels at `scale * x + shift`, x from -1 to 1; its ends go on outside."""
    pixels = np.arange(THUMB_SIDE, dtype=np.float32)
    places = ((scale * ((2 * pixels + 1) / THUMB_SIDE - 1) + shift + 1) * THUMB_SIDE - 1) / 2
    places = np.clip(places, 0, THUMB_SIDE - 1)
    weights: NDArray[np.float32] = np.maximum(0, 1 - np.abs(places[:, None] - pixels))
    return weights


def _is_textured(amplitudes: NDArray[np.float32]) -> NDArray[np.bool_]:
    enough: NDArray[np.bool_] = (np.abs(amplitudes) > _ROUNDING).sum(axis=1) >= _TEXTURED
    return enough
