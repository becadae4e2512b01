"""Faces cut out of photographs: the box stands in the sample's id, and is cut when the image is read."""

from __future__ import annotations

import io
import re
from pathlib import Path

from emoclass import Sample

_BOX = re.compile(r"#xywh=(-?\d+),(-?\d+),(-?\d+),(-?\d+)$")


def face_id(image: str, left: int, top: int, width: int, height: int) -> str:
    """Return the id of a face in an image: the image and the box in pixels, as a media fragment writes it.

    Source:
        W3C, Media Fragments URI 1.0, section 4.2.2.

    Example:
        >>> face_id("party.jpg", 10, 20, 30, 40)
        'party.jpg#xywh=10,20,30,40'
    """
    return f"{image}#xywh={left},{top},{width},{height}"


def read_sample(root: Path | None, sample: Sample) -> bytes:
    """Return a face as a PNG file, or the whole image file where the sample's id has no box.

    The face is cut out as from any photograph: a square about the middle of the box, whose side is the box's height.
    The datasets' boxes come without landmarks, so that heads are not turned upright. The picture itself is turned
    upright first. Where the square reaches beyond the picture, its edge is repeated.

    Args:
        root: The folder that `sample.path` is relative to.
        sample: One whose id `face_id` made, or any other.

    Raises:
        UnreadableImageError: The file cannot be read or decoded, or nothing of the picture lies in the box.
    """
    from emoclass.data.images import read_bytes
    from emoclass.faces.frame import crop_box

    data = read_bytes((root or Path()) / sample.path, path=sample.path)
    box = _BOX.search(sample.id)
    if box is None:
        return data
    left, top, width, height = map(int, box.groups())
    buffer = io.BytesIO()
    crop_box(data, (left, top, width, height), path=sample.path).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
