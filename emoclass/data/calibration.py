"""Pictures to try a network on: of a folder, or made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from emoclass.concurrency import available_threads, ordered_map
from emoclass.data.folder import holds_only_loose_images, load
from emoclass.data.images import quiet_decoders, read_file, read_image
from emoclass.data.listing import images_in
from emoclass.data.unlisted import note_of_unlisted
from emoclass.errors import DataError, UnreadableImageError
from emoclass.values.labels import LabelScheme, canonical
from emoclass.values.results import SkippedFile
from emoclass.values.specs import DatasetSpec, Sample

MAX_PICTURES = 1000
"""At 256 by 256 pixels they take 200 MB; of a larger folder every second, third, ... picture is read."""

_FOLDER = DatasetSpec(name="folder", summary="A folder of images.", load=load)


@dataclass(frozen=True)
class Pictures:
    """Pictures of one shape.

    Attributes:
        pixels: uint8 `(n, height, width, channels)` in [0, 255].
        y_true: Class indices, int `(n,)`; -1 where no emotion of the model is known.
        unreadable: The files that could not be read.
        unlisted: What else is in the folder, in a sentence; None where there is nothing else.
    """

    pixels: np.ndarray
    y_true: np.ndarray
    unreadable: tuple[SkippedFile, ...] = ()
    unlisted: str | None = None

    def __len__(self) -> int:
        return len(self.pixels)


def read_pictures(root: Path, labels: LabelScheme, image_shape: tuple[int, int, int]) -> Pictures:
    """Read a folder: one folder per class, as the `folder` dataset has it, or images side by side.

    Args:
        root: The folder. Class folders that are no emotions of the model give pictures without a label.
        labels: The model's emotions.
        image_shape: `(height, width, channels)`.

    Raises:
        DataError: There is no folder, or it has no readable image.
    """
    samples, unlisted = _samples(root)
    chosen = [samples[i] for i in _spread(len(samples), MAX_PICTURES)]

    def one(sample: Sample) -> np.ndarray | SkippedFile:
        try:
            return read_image(read_file(root, sample), image_shape, path=sample.path)
        except UnreadableImageError as error:
            return SkippedFile(path=sample.path, reason=error.reason)

    with quiet_decoders():
        decoded = list(ordered_map(one, chosen, available_threads()))
    read = [
        (found, _class(sample, labels))
        for found, sample in zip(decoded, chosen, strict=True)
        if isinstance(found, np.ndarray)
    ]
    if not read:
        raise DataError(
            f"data folder {root}: expected images, found none that can be read." + (f" {unlisted}" if unlisted else ""),
            hint="Name a folder with a folder per class, or with images.",
        )
    return Pictures(
        np.stack([pixels for pixels, _ in read]),
        np.array([index for _, index in read], np.int64),
        unreadable=tuple(each for each in decoded if isinstance(each, SkippedFile)),
        unlisted=unlisted,
    )


def _samples(root: Path) -> tuple[list[Sample], str | None]:
    """Return the images, and what else is in the folder, in a sentence."""
    try:
        if root.is_dir() and holds_only_loose_images(root):
            images = [Sample(id=name, path=name, emotion="") for name in images_in(root)]
        else:
            images = list(load(root))
    except OSError as error:
        raise DataError(f"data folder {root}: cannot be listed ({error.strerror}).") from error
    return images, note_of_unlisted(_FOLDER, root, images)


def _class(sample: Sample, labels: LabelScheme) -> int:
    emotion = canonical(sample.emotion, labels.extra)
    return labels.index(emotion) if emotion in labels.emotions else -1


def _spread(count: int, limit: int) -> Sequence[int]:
    step = max(1, -(-count // limit))
    return range(0, count, step)


def made_pictures(image_shape: tuple[int, int, int]) -> Pictures:
    """Return 26 pictures that depend on the shape alone: plain ones, ramps, and noise, fine and coarse.

    Args:
        image_shape: `(height, width, channels)`.
    """
    height, width, channels = image_shape
    rng = np.random.default_rng(0)
    pictures = [np.full(image_shape, value, np.uint8) for value in (0, 64, 128, 255)]
    ramp = np.linspace(0, 255, height * width).reshape(height, width, 1).repeat(channels, 2)
    pictures += [ramp.astype(np.uint8), ramp[::-1, ::-1].astype(np.uint8)]
    for cells in (4, 16):
        for _ in range(5):
            coarse = rng.integers(0, 256, (cells, cells, 3), np.uint8)
            image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)
            pictures.append(np.asarray(image)[:, :, :channels])
    pictures += list(rng.integers(0, 256, (10, *image_shape), np.uint8))
    return Pictures(np.stack(pictures), np.full(len(pictures), -1, np.int64))
