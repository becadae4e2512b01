"""Notice where another scene begins."""

from __future__ import annotations

from collections import deque

import numpy as np
from PIL import Image

SMALL = (32, 18)
"""Frames are compared at this width and height: noise and small movements vanish."""

MOST_ALIKE = 30.0
"""Of 256 levels: frames that differ less, in the mean over all pixels and colors, belong to one scene. Of 666 pairs of
different photographs 99 % differ by 45 and more; frames of one shot by 6 and less, and by 21 and less while the camera
shakes by 5 % of the width."""

TIMES = 3.0
"""A cut differs so many times more than the frames before did: fast movement makes no cuts."""

_SHIFTS_X, _SHIFTS_Y = range(-3, 4), range(-2, 3)
"""Frames that differ much are compared shifted, too, by up to a tenth of their sides: a camera that shakes makes no
cuts."""

REMEMBERED = 8
"""The frames before a cut, in number, whose differences it is compared with."""


def thumbnail(picture: Image.Image) -> np.ndarray:
    """Return what is compared of an RGB frame: float32 `(18, 32, 3)`, [0, 255]."""
    small = picture.resize(SMALL, Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(small, np.float32)


class CutFinder:
    """Tells for one frame after the other whether it is the first of another scene."""

    def __init__(self) -> None:
        self._last: np.ndarray | None = None
        self._differences: deque[float] = deque(maxlen=REMEMBERED)

    def update(self, thumbnail: np.ndarray) -> bool:
        """Take the next frame's thumbnail."""
        last, self._last = self._last, thumbnail
        if last is None:
            return False
        difference = _difference(thumbnail, last)
        if difference > MOST_ALIKE:
            difference = min(_difference(*_shifted(thumbnail, last, x, y)) for x in _SHIFTS_X for y in _SHIFTS_Y)
        usual = float(np.mean(self._differences)) if self._differences else 0.0
        is_cut = difference > MOST_ALIKE and difference > TIMES * usual
        if is_cut:
            self._differences.clear()
        else:
            self._differences.append(difference)
        return is_cut


def _difference(some: np.ndarray, others: np.ndarray) -> float:
    change = some - others
    # Without the change of the whole frame's brightness: a flash and a fade are no cuts.
    return float(np.abs(change - np.median(change)).mean())


def _shifted(some: np.ndarray, others: np.ndarray, x: int, y: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what two thumbnails share if the second is moved to the right and down."""

    def part(size: int, by: int) -> tuple[slice, slice]:
        return slice(max(0, by), size + min(0, by)), slice(max(0, -by), size - max(0, by))

    (rows, other_rows), (columns, other_columns) = part(some.shape[0], y), part(some.shape[1], x)
    return some[rows, columns], others[other_rows, other_columns]
