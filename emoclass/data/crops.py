"""Tell whole photographs from face crops: by what a dataset says, or by the sizes of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emoclass.data.images import image_file, open_header
from emoclass.values.specs import DatasetSpec, Expects, Sample

MAX_RATIO = 1.25
"""Aligned crops are square or nearly so; cameras take 4:3, 3:2 and 16:9."""

MIN_SIDE, TIMES = 512, 4
"""A square picture is taken for a photograph where both sides are longer than this, and than so many times the
network's input."""

SMALL = 128
"""No picture whose longer side is this or shorter is taken for a photograph."""

LOOKED_AT = 32
"""Pictures whose sizes are looked at, at the most."""


def note_of_mismatch(
    expects: Expects,
    image_shape: tuple[int, int, int],
    spec: DatasetSpec,
    root: Path | None,
    samples: Sequence[Sample],
) -> str | None:
    """Return what to tell where a model expects other pictures than a dataset holds; None where it may fit.

    A published dataset says what it holds. Of other files, those of a few are looked at: half of them clearly whole
    photographs are enough.

    Args:
        expects: What a picture must show for the model.
        image_shape: `(height, width, channels)` of the network's input.
        spec: The dataset.
        root: Its folder.
        samples: Its images.
    """
    if expects == "photograph":
        if spec.expects == "photograph":
            return None
        return f"The model was trained on whole photographs, and {spec.name} contains face crops."
    if spec.expects == "face_crop":
        return None
    if spec.url is None:
        if root is None or (spec.read_sample is not None and not spec.reads_outside_root):
            return None
        samples = [sample for sample in samples if sample.box is None]  # of others, the face is cut out
        looked = samples[:: len(samples) // LOOKED_AT + 1]
        whole = sum(looks_whole(str(image_file(root, sample)), image_shape) is not None for sample in looked)
        if 2 * whole < len(looked) or not looked:
            return None
    return (
        f"The model expects aligned face crops, and the pictures of {spec.name} look like whole photographs. No "
        f"face is searched for, and each image is used as it is: --crop finds and crops the faces first."
    )


def looks_whole(path: str, image_shape: tuple[int, int, int]) -> tuple[int, int] | None:
    """Return an image's width and height if it is clearly no face crop; None if it may be one, or cannot be read."""
    try:
        if not Path(path).is_file():  # opening a pipe would wait for somebody to write
            return None
        with Path(path).open("rb") as file, open_header(file) as image:
            return image.size if is_whole(image.size, image_shape) else None
    except Exception:  # reported where it is read
        return None


def is_whole(size: tuple[int, int], image_shape: tuple[int, int, int]) -> bool:
    """Return whether an image of this width and height is clearly no face crop for a network."""
    short, long = sorted(size)
    large = short > max(MIN_SIDE, TIMES * max(image_shape[:2]))
    return large or (long > SMALL and long > MAX_RATIO * short)
