"""Notice where another scene begins."""

from __future__ import annotations

from collections import deque

import numpy as np
from PIL import Image

SMALL = (32, 18)
"""Frames are compared at this width and height: noise and small movements vanish."""

MOST_ALIKE = 24.0
"""Of 256 levels: frames that differ less, in the mean over all pixels and colors, belong to one scene."""

TIMES = 3.0
"""A cut differs so many times more than the frames before did: a camera that shakes makes no cuts."""

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
        change = thumbnail - last
        # Without the change of the whole frame's brightness: a flash and a fade are no cuts.
        difference = float(np.abs(change - np.median(change)).mean())
        usual = float(np.mean(self._differences)) if self._differences else 0.0
        is_cut = difference > MOST_ALIKE and difference > TIMES * usual
        if is_cut:
            self._differences.clear()
        else:
            self._differences.append(difference)
        return is_cut
