"""Decide whether pairs of pictures are one picture: on thumbnails to sort most out, then on pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoclass.auditing.alignment import STILL, Floats, align, local_agreement, move, overall_agreement

SIDE = 64
"""The size at which files are compared; thumbnails are half as large."""

SAME = 0.75
"""Local agreement from which two pictures are one: copies reach 0.8 and more, other faces hardly 0.4."""

_LIKELY = 0.88
"""Overall agreement of small thumbnails; 9 of 10 neighbors that show another face stay below."""

_PROBABLE = 0.6
"""Local agreement of thumbnails: less than `SAME`, because colors and finer detail are yet to be seen."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""The gray that Pillow makes of colors (ITU-R BT.601)."""

_MOVED = 0.04
"""How far an edge lies off before a picture counts as cropped, in half sides."""

_RECOLORED = 4.0
"""How far the colors differ before a picture counts as recolored, of 255; compression stays below."""


@dataclass(frozen=True)
class Suspects:
    """Pairs that may be one picture.

    Attributes:
        pairs: int `(n, 3)`, as `candidates` returns them.
        warp: float32 `(n, 4)`: what moves the first onto the second.
    """

    pairs: NDArray[np.intp]
    warp: Floats


def sift(thumbs: NDArray[np.uint8], pairs: NDArray[np.intp]) -> Suspects:
    """Move thumbnails onto each other and keep the pairs that fit.

    Args:
        thumbs: uint8 `(n_images, 32, 32)`.
        pairs: As `candidates` returns them.
    """
    first, second = (thumbs[pairs[:, i]].astype(np.float32) for i in (0, 1))
    first = _mirrored(first, pairs)
    small = [pictures.reshape(len(pairs), 16, 2, 16, 2).mean((2, 4)) for pictures in (first, second)]
    warp = align(small[0], small[1], np.tile(STILL, (len(pairs), 1)), steps=4)
    fits = overall_agreement(small[0], small[1], warp) >= _LIKELY
    pairs, first, second, warp = pairs[fits], first[fits], second[fits], warp[fits]
    if not len(pairs):
        return Suspects(pairs, warp)
    warp = align(first, second, warp, steps=3)
    fits = local_agreement(first, second, warp) >= _PROBABLE
    return Suspects(pairs[fits], warp[fits])


def compare(
    first: NDArray[np.uint8], second: NDArray[np.uint8], suspects: Suspects
) -> tuple[NDArray[np.float64], list[str]]:
    """Compare the pictures of pairs.

    Args:
        first: uint8 `(n, 64, 64, 3)`, not yet mirrored.
        second: The same for the other of each pair.
        suspects: The pairs, and how their thumbnails fit.

    Returns:
        The local agreement `(n,)`, [0, 1], and what was altered, as far as it shows.
    """
    a, b = _mirrored(first, suspects.pairs).astype(np.float32), second.astype(np.float32)
    # A turned hue changes what is bright to the eye, but not a pixel's largest value.
    views = [(a @ _LUMA, b @ _LUMA), (a.max(3), b.max(3))]
    warps = [align(one, other, suspects.warp, steps=2) for one, other in views]
    agreement = np.stack([local_agreement(*view, warp) for view, warp in zip(views, warps, strict=True)])
    warp = np.where((agreement[0] >= agreement[1])[:, None], *warps)
    colors = [move(a[..., channel], warp) for channel in range(3)]
    inside = colors[0][1]
    difference = np.stack([(moved - b[..., i]) * inside for i, (moved, _) in enumerate(colors)], axis=1)
    # Over blocks of pixels: what compression and rescaling do to single pixels averages out.
    coarse = np.abs(difference.reshape(len(a), 3, 8, 8, 8, 8).mean((3, 5))).mean((1, 2, 3)) / inside.mean((1, 2))
    edges = np.stack([(s - 1) * end + t for s, t in (warp[:, :2].T, warp[:, 2:].T) for end in (-1, 1)])
    cropped = np.abs(edges).max(0) > _MOVED
    changes = []
    for mirrored, moved, recolored in zip(suspects.pairs[:, 2] == 1, cropped, coarse > _RECOLORED, strict=True):
        seen = [name for name, is_so in (("mirrored", mirrored), ("cropped", moved), ("recolored", recolored)) if is_so]
        changes.append(", ".join(seen) or "recompressed or rescaled")
    return np.clip(agreement.max(0), 0, 1).astype(np.float64), changes


def _mirrored(first: NDArray[Any], pairs: NDArray[np.intp]) -> NDArray[Any]:
    """Mirror the pictures of the pairs that say so."""
    chosen = (pairs[:, 2] == 1).reshape(-1, *[1] * (first.ndim - 1))
    return np.where(chosen, first[:, :, ::-1], first)
