"""Which pictures to compare: the nearest by a coarse description, through an index.

The description is the coarse part of the thumbnail's cosine transform, brightness and contrast aside. Mirroring a
picture changes the sign of every other column of it, and cropping is linear in it, so that an altered copy is looked
for without being made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from voyager import Index, Space

from emoclass.auditing.alignment import Floats, resampling

N_WAVES = 6
"""Cosines a direction. On faces cropped alike, more of them find no more copies."""

CROPS = (0.0, 0.06)
"""What is taken off every side before looking: copies that are cropped lie nearer to a cropped original."""

NEIGHBORS = 8
"""How many are compared for each way of looking; among 30,000 faces a cropped copy is always among these."""


def candidates(thumbs: NDArray[np.uint8], *, threads: int) -> NDArray[np.intp]:
    """Find the pictures that may show the same.

    Args:
        thumbs: uint8 `(n, side, side)`. Their order decides how the index is built: keep it the same for the
            same pictures.
        threads: How many threads look; one builds the index, so that it is always the same one.

    Returns:
        `(m, 3)`, sorted: the two positions, the smaller first, and 1 where the first is to be mirrored, else 0.
    """
    n = len(thumbs)
    if n < 2:
        return np.empty((0, 3), np.intp)
    index = Index(Space.Euclidean, N_WAVES**2 - 1, M=16, ef_construction=100, random_seed=0, max_elements=n)
    index.add_items(describe(thumbs), num_threads=1)
    k = min(NEIGHBORS + 1, n)  # one of them is the picture itself
    found = []
    for crop in CROPS:
        seen = describe(thumbs, crop=crop)
        for mirrored in (0, 1):
            near, _ = index.query(seen * MIRROR if mirrored else seen, k=k, num_threads=threads, query_ef=50)
            here = np.repeat(np.arange(n), k)
            there = near.astype(np.intp).ravel()
            pairs = np.column_stack(
                [np.minimum(here, there), np.maximum(here, there), np.full(n * k, mirrored, np.intp)]
            )
            found.append(pairs[here != there])
    return np.unique(np.concatenate(found), axis=0)


_DOWN, _ACROSS = (axis.ravel()[1:] for axis in np.mgrid[:N_WAVES, :N_WAVES])
_WEIGHTS = np.sqrt(1 + _DOWN + _ACROSS).astype(np.float32)
"""Pictures have less of the finer waves, which tell more."""

MIRROR = np.where(_ACROSS % 2, -1, 1).astype(np.float32)
"""What the description of a picture is multiplied by to get that of its mirror image."""


def describe(thumbs: NDArray[np.uint8], *, crop: float = 0.0) -> Floats:
    """Describe pictures by their coarse structure, whatever their brightness and contrast.

    Args:
        thumbs: uint8 `(n, side, side)`, none of them of one color.
        crop: The part of the side that is taken off every side before.

    Returns:
        float32 `(n, 35)`, each of length 1.
    """
    side = thumbs.shape[1]
    waves = dct(np.eye(side, dtype=np.float32), axis=0, norm="ortho")[:N_WAVES]
    waves = waves @ resampling(np.array([1 - 2 * crop], np.float32), np.zeros(1, np.float32), side)[0]
    coarse = (waves @ thumbs.astype(np.float32) @ waves.T).reshape(len(thumbs), -1)[:, 1:] * _WEIGHTS
    length = np.linalg.norm(coarse, axis=1, keepdims=True)
    described: Floats = coarse / np.maximum(length, np.float32(1e-6))
    return described
