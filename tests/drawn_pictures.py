"""Small pictures that look like photographs to a search for duplicates: blurred noise, each seed another one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps


def photograph(seed: int, size: tuple[int, int] = (96, 96)) -> Image.Image:
    """Draw a picture; its channels vary mostly together, as in photographs."""
    rng = np.random.default_rng(seed)
    light, tint = rng.integers(30, 226, (8, 8, 1)), rng.integers(-30, 31, (8, 8, 3))
    return Image.fromarray((light + tint).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return a picture as a file's bytes."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def with_orientation(orientation: int) -> Image.Exif:
    """Return EXIF data of one tag."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def cropped(picture: Image.Image, part: float) -> Image.Image:
    """Take a part of the side off every side."""
    width, height = picture.size
    across, down = round(width * part), round(height * part)
    return picture.crop((across, down, width - across, height - down))


def altered(picture: Image.Image) -> dict[str, tuple[bytes, str]]:
    """Return altered copies as files, and what an audit is to say of each."""
    files = {
        "half as large": (picture.resize((48, 48)), "recompressed or rescaled"),
        "twice as large": (picture.resize((192, 192)), "recompressed or rescaled"),
        "squashed": (picture.resize((96, 72)), "recompressed or rescaled"),
        "mirrored": (ImageOps.mirror(picture), "mirrored"),
        "cropped": (cropped(picture, 0.05), "cropped"),
        "cropped on one side": (picture.crop((0, 0, 87, 96)), "cropped"),
        "mirrored and cropped": (ImageOps.mirror(cropped(picture, 0.05)), "mirrored, cropped"),
        "brighter": (ImageEnhance.Brightness(picture).enhance(1.2), "recolored"),
        "darker": (ImageEnhance.Brightness(picture).enhance(0.7), "recolored"),
        "more contrast": (ImageEnhance.Contrast(picture).enhance(1.2), "recolored"),
        "less contrast": (ImageEnhance.Contrast(picture).enhance(0.6), "recolored"),
        "gamma": (picture.point([round(255 * (i / 255) ** 0.7) for i in range(256)] * 3), "recolored"),
        "gray": (picture.convert("L"), "recolored"),
    }
    return {name: (encoded(copy), said) for name, (copy, said) in files.items()} | {
        "JPEG": (encoded(picture, "JPEG", quality=90), "recompressed or rescaled"),
        "poor JPEG": (encoded(picture, "JPEG", quality=50), "recompressed or rescaled"),
        "WebP": (encoded(picture, "WEBP", quality=70), "recompressed or rescaled"),
    }


def write(root: Path, files: dict[str, Image.Image | bytes]) -> Path:
    """Write pictures, or bytes as they are, below a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content.save(path)
    return root


def contents(root: Path) -> dict[str, bytes | None]:
    """Return every file below a folder with its bytes, and every folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None for path in root.rglob("*")
    }
