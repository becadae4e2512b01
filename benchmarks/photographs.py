"""Make photographs for benchmarks: JPEG files of mixed sizes, as busy as real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIZES = ((640, 480), (800, 533), (1200, 630), (480, 640), (1024, 768), (300, 300))


def make_photographs(root: Path, *, n_images: int, seed: int = 0) -> None:
    """Write `n_images` JPEG files, half in `happy/`, half in `sad/`; the halves differ in brightness."""
    rng = np.random.default_rng(seed)
    for number in range(n_images):
        emotion = ("happy", "sad")[number % 2]
        (root / emotion).mkdir(parents=True, exist_ok=True)
        width, height = SIZES[number % len(SIZES)]
        coarse = rng.integers(0, 200, (height // 40 + 2, width // 40 + 2, 3)).astype(np.uint8) + 55 * (number % 2)
        image = Image.fromarray(coarse.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 12, (height, width, 1))
        Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)).save(
            root / emotion / f"{number:05d}.jpg", quality=85
        )
