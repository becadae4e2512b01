"""What is kept of every image for finding its duplicates: a few facts and a thumbnail, about 1.5 kB."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from emoclass.data.images import open_header, read_image

__all__ = ["Fingerprint", "fingerprint"]

THUMB_SIDE = 32
"""Enough to tell faces apart; anything larger would be memory, 30,000 times."""

_FLAT_SPREAD = 2.0
"""A thumbnail whose values spread less (standard deviation, of 255) shows noise and nothing to compare."""


@dataclass(frozen=True)
class Fingerprint:
    """What is known of an image without its pixels.

    Attributes:
        path: What the image is called.
        digest: SHA-256 of the encoded bytes, in hexadecimal.
        width: In pixels, upright.
        height: In pixels, upright.
        mode: Pillow's, as the file has it: `"RGB"`, `"L"`, `"P"`, ...
        format: Pillow's: `"JPEG"`, `"PNG"`, ...
        flat: All of one color, as far as the thumbnail shows.
        color: The mean color: RGB, [0, 255].
        thumb: uint8 `(32, 32)`, gray, [0, 255], stretched to a square.
    """

    path: str
    digest: str
    width: int
    height: int
    mode: str
    format: str
    flat: bool
    color: tuple[int, int, int]
    thumb: NDArray[np.uint8] = field(repr=False, compare=False)

    @property
    def plain(self) -> bool:
        """Whether it shows too little for a comparison: nothing or nearly nothing but one gray."""
        return self.flat or float(self.thumb.std()) < _FLAT_SPREAD


def fingerprint(data: bytes, *, path: str) -> Fingerprint:
    """Take an image's fingerprint; it is decoded once.

    Args:
        data: The encoded file, as for `read_image`.
        path: What it is called; no other image should be called the same.

    Raises:
        UnreadableImageError: It cannot be decoded; `reason` says why.
    """
    pixels = read_image(data, (THUMB_SIDE, THUMB_SIDE, 3), path=path)
    with open_header(io.BytesIO(data)) as header:
        size, mode, file_format = header.size, header.mode, header.format
        width, height = size[::-1] if _lies_on_its_side(header) else size
    colors = pixels.reshape(-1, 3)
    red, green, blue = (int(value) for value in colors.mean(axis=0).round())
    return Fingerprint(
        path=path,
        digest=hashlib.sha256(data).hexdigest(),
        width=width,
        height=height,
        mode=mode,
        format=file_format or "",
        flat=not np.ptp(colors, axis=0).any(),
        color=(red, green, blue),
        thumb=np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.uint8),
    )


def _lies_on_its_side(header: Image.Image) -> bool:
    if header.format == "TIFF":  # Pillow turns its size already
        return False
    try:
        return header.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    except Exception:  # damaged EXIF beside a sound picture
        return False
