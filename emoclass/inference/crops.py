"""Tell whole photographs from face crops by their sizes alone."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from emoclass.data.images import FORMATS

MAX_RATIO = 1.25
"""Aligned crops are square or nearly so; cameras take 4:3, 3:2 and 16:9."""

MIN_SIDE, TIMES = 512, 4
"""A square picture is taken for a photograph where both sides are longer than this, and than so many times the
network's input."""


def looks_whole(path: str, image_shape: tuple[int, int, int]) -> tuple[int, int] | None:
    """Return an image's width and height if it is clearly no face crop; None if it may be one, or cannot be read."""
    try:
        if not Path(path).is_file():  # opening a pipe would wait for somebody to write
            return None
        with Image.open(Path(path), formats=FORMATS) as image:
            short, long = sorted(image.size)
            large = short > max(MIN_SIDE, TIMES * max(image_shape[:2]))
            return image.size if large or long > MAX_RATIO * short else None
    except Exception:  # that it cannot be read is told where it is read
        return None
