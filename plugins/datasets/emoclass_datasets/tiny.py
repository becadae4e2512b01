"""Small noise pictures for the tiny editions: no two are alike, so that no audit takes them for copies."""

from __future__ import annotations

import random
from pathlib import Path


def draw(file: Path, *, mode: str = "L", size: tuple[int, int] = (24, 24)) -> None:
    """Write a picture of noise that depends on the file's name alone, in the format that its suffix names.

    Args:
        file: Where; folders are made as needed.
        mode: `L` for gray, `RGB` for color.
        size: `(width, height)` in pixels.
    """
    from PIL import Image

    file.parent.mkdir(parents=True, exist_ok=True)
    noise = random.Random(file.name).randbytes(size[0] * size[1] * len(mode))
    Image.frombytes(mode, size, noise).save(file)
