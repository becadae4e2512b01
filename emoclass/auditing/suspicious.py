"""Files that can be decoded and still look wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

TINY = 16
"""Pixels: no face can be read in a picture whose shorter side has fewer."""

EXTREME_ASPECT = 4.0
"""A picture longer than this many times its width is a banner or a strip; a network would see it crushed."""

_FORMAT_OF = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
    ".hif": "HEIF",
}


def suspicions(*, width: int, height: int, flat: bool, file_format: str, path: str | None) -> Iterator[str]:
    """Yield what is odd about an image, in a few words each.

    Args:
        width: In pixels.
        height: In pixels.
        flat: Whether it is all of one color.
        file_format: Pillow's name of what the file is.
        path: The file's name; None where the image is no file of its own.

    Example:
        >>> list(suspicions(width=3000, height=10, flat=False, file_format="JPEG", path="a.png"))
        ['tiny (3000x10)', 'extreme aspect ratio (300:1)', 'named .png, but is a JPEG file']
    """
    if flat:
        yield "all one color"
    short, long = sorted((width, height))
    if short < TINY:
        yield f"tiny ({width}x{height})"
    if long > EXTREME_ASPECT * short:
        ratio = f"{long / short:.3g}"
        yield f"extreme aspect ratio ({f'{ratio}:1' if width > height else f'1:{ratio}'})"
    actual = "JPEG" if file_format == "MPO" else file_format  # several JPEG pictures in one file, as phones write them
    suffix = PurePath(path or "").suffix
    if _FORMAT_OF.get(suffix.lower(), actual) != actual:
        yield f"named {suffix}, but is a {actual} file"
