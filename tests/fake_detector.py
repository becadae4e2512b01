"""A face detector for tests: it finds squares of pure red, whatever the size of the picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

from emoclass import DetectorSpec, Face


def build():
    """Build the detector."""
    return find_red


def find_red(pixels: np.ndarray) -> list[Face]:
    """Return a face for each block of columns that has red pixels."""
    red = (pixels[..., 0] > 200) & (pixels[..., 1] < 60) & (pixels[..., 2] < 60)
    columns = np.flatnonzero(red.any(axis=0))
    faces = []
    for block in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1) if len(columns) else []:
        rows = np.flatnonzero(red[:, block].any(axis=1))
        box = (block[0], rows[0], len(block), rows[-1] - rows[0] + 1)
        faces.append(Face(box=tuple(map(float, box)), score=0.9))
    return faces


SPEC = DetectorSpec(
    name="red", summary="Finds red squares.", build=build, landmarks=False, min_face=8, license="MIT", source="a test",
    thread_safe=True,
)  # fmt: skip


def picture(*lefts: int, size: tuple[int, int] = (640, 480), side: int = 80) -> Image.Image:
    """Return a gray picture with a red square at each of these columns, with dark eyes, so that it is not flat."""
    image = Image.new("RGB", size, (120, 130, 140))
    for left in lefts:
        image.paste((255, 0, 0), (left, 100, left + side, 100 + side))
        for x in (0.2, 0.6):
            eye = (left + round(x * side), 100 + side // 4, left + round((x + 0.2) * side), 100 + side // 2)
            image.paste((0, 0, 0), eye)
    return image
