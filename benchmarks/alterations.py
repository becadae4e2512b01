"""Known alterations of pictures: what the search for duplicates is expected to see through."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)


def encode(image: Image.Image, quality: int = 95) -> bytes:
    """Return a picture as a file: PNG where it is small, so that only the alteration differs, else JPEG."""
    buffer = io.BytesIO()
    if quality == 95 and image.width * image.height <= 100 * 100:
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def rescaled(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Scale to between half and twice the size."""
    factor = 2 ** rng.uniform(-1, 1)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, FILTERS[rng.integers(len(FILTERS))])


def cropped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Cut up to 8 % off each side, at least 3 % off one of them."""
    cuts = rng.uniform(0, 0.08, 4)
    cuts[rng.integers(4)] = rng.uniform(0.03, 0.08)
    left, top, right, bottom = cuts * (image.width, image.height, image.width, image.height)
    return image.crop((round(left), round(top), image.width - round(right), image.height - round(bottom)))


def recolored(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Change brightness, contrast, gamma, hue, or drop the colors; gray pictures have no hue to change."""
    strength = float(2 ** (rng.choice((-1, 1)) * rng.uniform(0.2, 0.7)))  # 0.62 to 0.87, or 1.15 to 1.62
    change = rng.integers(3 if image.mode == "L" else 5)
    if change == 0:
        return ImageEnhance.Brightness(image).enhance(strength)
    if change == 1:
        return ImageEnhance.Contrast(image).enhance(strength)
    if change == 2:
        curve = [round(255 * (value / 255) ** strength) for value in range(256)]
        return image.point(curve * len(image.getbands()))
    if change == 3:
        hue, saturation, value = image.convert("HSV").split()
        turn = int(rng.integers(10, 40)) * int(rng.choice((-1, 1)))  # of 256: 14 to 56 degrees
        return Image.merge("HSV", (hue.point([(h + turn) % 256 for h in range(256)]), saturation, value)).convert("RGB")
    return image.convert("L")


def recompress(image: Image.Image, rng: np.random.Generator) -> bytes:
    """Encode as a JPEG of quality 30 to 84."""
    return encode(image, int(rng.integers(30, 85)))


ALTERATIONS: dict[str, Callable[[Image.Image, np.random.Generator], bytes]] = {
    "rescaled": lambda image, rng: encode(rescaled(image, rng)),
    "recompressed": recompress,
    "mirrored": lambda image, rng: encode(ImageOps.mirror(image)),
    "cropped": lambda image, rng: encode(cropped(image, rng)),
    "recolored": lambda image, rng: encode(recolored(image, rng)),
    "mirrored, recompressed": lambda image, rng: recompress(ImageOps.mirror(image), rng),
    "cropped, rescaled, recompressed": lambda image, rng: recompress(rescaled(cropped(image, rng), rng), rng),
}
"""Name -> what returns an altered picture's file. Pictures are upright, RGB or gray."""
