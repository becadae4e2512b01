"""The folders of images that prediction is measured on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
from photographs import make_photographs
from PIL import Image

SCALES = ((0.6, ".jpg"), (1.5, ".jpg"), (0.8, ".png"))
"""What photographs that are needed once more are scaled by, and saved as."""


def mix(source: Path | None, target: Path, *, n_images: int) -> None:
    """Fill a folder with photographs: those of a folder as they are, then scaled ones of these."""
    if source is None:
        source = target.with_name("made")
        make_photographs(source, n_images=250)
    files = sorted(path for path in source.rglob("*.*") if path.is_file())
    target.mkdir()
    for number in range(n_images):
        turn, file = number // len(files), files[number % len(files)]
        if turn == 0:
            shutil.copyfile(file, target / f"{number:05d}{file.suffix}")
            continue
        scale, suffix = SCALES[(turn - 1) % len(SCALES)]
        with Image.open(file) as image:
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image.convert("RGB").resize(size).save(target / f"{number:05d}{suffix}")


def repeat(source: Path, target: Path, *, n_images: int) -> None:
    """Fill a folder with copies of a folder's images, linked where that is possible."""
    files = sorted(path for path in source.rglob("*.*") if path.is_file())
    target.mkdir()
    for number in range(n_images):
        file = files[number % len(files)]
        place = target / f"{number:06d}{file.suffix}"
        try:
            os.link(file, place)
        except OSError:  # another file system
            shutil.copyfile(file, place)


def draw_crops(root: Path, *, n_images: int, seed: int = 0) -> None:
    """Write gray JPEG files of 48x48 pixels: a face of two eyes and a mouth, with noise."""
    rng = np.random.default_rng(seed)
    root.mkdir()
    for number in range(n_images):
        pixels = rng.normal(150, 12, (48, 48))
        pixels[16:20, 12:18] = pixels[16:20, 30:36] = 40
        bend = rng.integers(-4, 5)
        for column in range(14, 34):
            row = 34 + round(bend * (1 - ((column - 24) / 10) ** 2))
            pixels[row : row + 3, column] = 50
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(root / f"{number:05d}.jpg", quality=90)
