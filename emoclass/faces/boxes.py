"""Faces that a dataset states the boxes of."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from emoclass.data.images import read_file
from emoclass.faces.frame import crop_box
from emoclass.values.specs import Sample


def read_sample(root: Path | None, sample: Sample) -> bytes:
    """Return the face in a sample's box as a PNG file, or the file as it is where the sample has no box.

    The face is cut out as `crop_box` says: the square about the middle of the box that is as large as the box is high.

    Args:
        root: The dataset's root.
        sample: Its sample.

    Raises:
        UnreadableImageError: The file cannot be read or decoded, or nothing of the picture lies in the box.
    """
    data = read_file(root, sample)
    if sample.box is None:
        return data
    buffer = io.BytesIO()
    crop_box(data, sample.box, path=sample.path).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def whole(sample: Sample) -> Sample:
    """Return a sample whose image is the whole photograph."""
    return sample if sample.box is None else replace(sample, box=None)
