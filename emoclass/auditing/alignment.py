"""Move one picture onto another and compare them part by part.

A copy may be cropped on any side, so that its edges lie elsewhere; inside, every part still shows the same. Two faces,
or two expressions of one face, can be moved onto each other as well, but then some part differs.

Pictures are float32 `(n, side, side)`: many pairs are compared at once. A warp is float32 `(n, 4)`: x scale, x shift,
y scale, y shift; lengths are half sides, counted from the middle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

STILL = np.array([1, 0, 1, 0], np.float32)
"""The warp that moves nothing."""

_LIMITS = np.array([0.24, 0.12, 0.24, 0.12], np.float32)
"""How far a warp may be from it: beyond 12 % off a side a copy is no light crop."""

_NOISE = 0.2
"""Differences far below this part of a picture's contrast do not count: compression and rescaling make them."""

_WINDOW = 0.16
"""The side of the parts that are compared, as a part of the picture's side: about a mouth or an eye in a face."""

_LOWEST = 3
"""The percentile of the parts' agreement that is the whole's. Not the lowest of all: recoloring may lose a spot."""


def resampling(scale: Floats, shift: Floats, side: int) -> Floats:
    """Return matrices that read a line of pixels at `scale * x + shift`, x from -1 to 1, interpolating linearly.

    Args:
        scale: float32 `(n,)`.
        shift: float32 `(n,)`.
        side: How many pixels the line has.

    Returns:
        float32 `(n, side, side)`. A row sums to 1 where it reads inside the line, else to less.
    """
    places = ((scale[:, None] * _line(side) + shift[:, None] + 1) * side - 1) / 2
    weights: Floats = np.maximum(0, 1 - np.abs(places[:, :, None] - np.arange(side, dtype=np.float32)))
    return weights


def move(pictures: Floats, warp: Floats) -> tuple[Floats, Floats]:
    """Return pictures seen through a warp, and 1 for the pixels that lie inside the picture, else 0."""
    side = pictures.shape[1]
    across = resampling(warp[:, 0], warp[:, 1], side)
    down = resampling(warp[:, 2], warp[:, 3], side)
    inside = (down.sum(2) > 0.99)[:, :, None] & (across.sum(2) > 0.99)[:, None, :]
    moved = down @ pictures @ across.transpose(0, 2, 1)
    return moved.astype(np.float32, copy=False), inside.astype(np.float32)


def align(first: Floats, second: Floats, warp: Floats, *, steps: int) -> Floats:
    """Improve the warps that move `first` onto `second`.

    Source: Gauss-Newton steps on the squared difference of the standardized pixels (Lucas and Kanade, 1981).
    """
    side = first.shape[1]
    across = _line(side)[None, None, :]
    down = across.transpose(0, 2, 1)
    for _ in range(steps):
        moved, inside = move(first, warp)
        moved, wanted = _standardize(moved, inside), _standardize(second, inside)
        steep, slanted = np.gradient(moved, 2 / side, axis=(1, 2))
        slopes = np.stack([slanted * across, slanted, steep * down, steep], axis=1) * inside[:, None]
        slopes = slopes.reshape(len(first), 4, side * side)
        slopes -= slopes.mean(axis=2, keepdims=True)
        normal = slopes @ slopes.transpose(0, 2, 1)
        damping = 1e-3 * np.trace(normal, axis1=1, axis2=2) + 1e-6  # pictures that vary in one direction only
        normal += damping[:, None, None] * np.eye(4, dtype=np.float32)
        change = np.linalg.solve(normal, slopes @ (wanted - moved).reshape(len(first), side * side, 1))[:, :, 0]
        warp = np.clip(warp + np.clip(change, -0.1, 0.1), STILL - _LIMITS, STILL + _LIMITS).astype(np.float32)
    return warp


def overall_agreement(first: Floats, second: Floats, warp: Floats) -> Floats:
    """Return the correlation over all pixels that both pictures show: float32 `(n,)`, [-1, 1]."""
    moved, inside = move(first, warp)
    both = _standardize(moved, inside) * _standardize(second, inside)
    agreement: Floats = both.sum((1, 2)) / inside.sum((1, 2))
    return agreement


def local_agreement(first: Floats, second: Floats, warp: Floats) -> Floats:
    """Return the correlation where the pictures agree least, one small part with another: float32 `(n,)`, [-1, 1].

    Parts without structure of their own agree with each other: there is nothing to see but noise.
    """
    side = first.shape[1]
    width = max(4, round(_WINDOW * side))
    moved, inside = move(first, warp)
    a, b = _standardize(moved, inside), _standardize(second, inside)
    mean_a, mean_b, square_a, square_b, product, whole = (
        _window_means(values, width) for values in (a, b, a * a, b * b, a * b, inside)
    )
    floor = _NOISE**2
    spread = (square_a - mean_a**2 + floor) * (square_b - mean_b**2 + floor)
    local = (product - mean_a * mean_b + floor) / np.sqrt(np.maximum(spread, floor**2))
    local[whole < 0.999] = np.nan  # it reaches beyond the picture
    agreement: Floats = np.nanpercentile(local.reshape(len(local), -1), _LOWEST, axis=1).astype(np.float32)
    return agreement


def _line(side: int) -> Floats:
    """The places of a line's pixels, from -1 to 1."""
    return ((2 * np.arange(side) + 1) / side - 1).astype(np.float32)


def _standardize(values: Floats, inside: Floats) -> Floats:
    """Shift and scale to mean 0 and mean square 1 over the pixels inside; all others become 0."""
    total = inside.sum((1, 2), keepdims=True)
    centered = (values - (values * inside).sum((1, 2), keepdims=True) / total) * inside
    spread = np.sqrt((centered**2).sum((1, 2), keepdims=True) / total)
    standardized: Floats = centered / np.maximum(spread, np.float32(1e-3))
    return standardized


def _window_means(values: Floats, width: int) -> NDArray[np.float64]:
    """The means over square windows, every second one in each direction."""
    sums = np.pad(values, ((0, 0), (1, 0), (1, 0))).cumsum(1, dtype=np.float64).cumsum(2)
    low, high = slice(None, -width, 2), slice(width, None, 2)
    means: NDArray[np.float64] = (
        sums[:, high, high] - sums[:, low, high] - sums[:, high, low] + sums[:, low, low]
    ) / width**2
    return means
