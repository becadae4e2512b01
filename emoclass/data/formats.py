"""Formats of images, by the bytes that a file begins with."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from emoclass.data.videos import IMAGE_BRANDS

PNG = b"\x89PNG\r\n\x1a\n"

_BEGINNINGS = {
    b"\xff\xd8\xff": "JPEG",
    PNG: "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}

_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
"""Sizes of the second header of a BMP file: its first two bytes, `BM`, begin many texts."""

MOST_TEXT = 2**20
"""Bytes of a text or color profile in a PNG file, unpacked, beyond which Pillow refuses the whole file."""

_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")


def format_of(head: bytes) -> str | None:
    """Return the format of a file that begins with these bytes, if it is one of those that are read.

    Args:
        head: The first 32 bytes.

    Example:
        >>> format_of(bytes.fromhex("89504e470d0a1a0a")), format_of(b"BMW is a car maker")
        ('PNG', None)
    """
    for beginning, name in _BEGINNINGS.items():
        if head.startswith(beginning):
            return name
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp" and head[8:12] in IMAGE_BRANDS:
        return "AVIF" if head[8:12] in (b"avif", b"avis") else "HEIC"
    return None


def without_large_texts(data: bytes) -> bytes:
    """Return a PNG file without the texts and color profiles for which Pillow would refuse it; the pixels stay.

    Args:
        data: The whole file.
    """
    if not any(kind in data for kind in _TEXTS):
        return data
    kept: list[bytes | memoryview] = [PNG]
    room = MOST_TEXT
    for kind, chunk in _chunks(memoryview(data)):
        if kind in _TEXTS:
            size = _unpacked(kind, bytes(chunk[8:-4]))
            if size > room:
                continue
            room -= size
        kept.append(chunk)
    return b"".join(kept)


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the chunks of a PNG file, whole, with their kinds; what is cut off is the last one."""
    place = len(PNG)
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        yield bytes(data[place + 4 : place + 8]), data[place:end]
        place = end


def _unpacked(kind: bytes, content: bytes) -> int:
    """Return how large a text or profile is when it is unpacked, or more than `MOST_TEXT` where it is larger."""
    packed = b""
    if kind in (b"zTXt", b"iCCP"):  # name, 0, method
        packed = content.partition(b"\0")[2][1:]
    elif kind == b"iTXt":  # name, 0, whether it is packed, method, language, 0, translated name, 0
        rest = content.partition(b"\0")[2]
        if rest[:1] == b"\x01":
            packed = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    if not packed:
        return len(content)
    try:
        return max(len(content), len(zlib.decompressobj().decompress(packed, MOST_TEXT + 1)))
    except zlib.error:  # Pillow says what is wrong
        return len(content)
