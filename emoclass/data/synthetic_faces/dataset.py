"""The built-in dataset `synthetic-faces`: drawn when asked for, never downloaded, nothing stored.

A sample's id says everything that its drawing needs, `happy/seed0-00012.png`: the emotion, the dataset's
seed and the number of the picture. The picture depends on these three alone, so a larger dataset
continues a smaller one, and any order or number of threads draws the same bytes.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoclass.data.synthetic_faces import EXPRESSIONS, draw_face
from emoclass.errors import ConfigError, DataError
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import Sample

_ID = re.compile(r"(?P<emotion>[a-z]+)/seed(?P<seed>\d+)-(?P<index>\d{5,})\.png", re.ASCII)


def load(root: Path | None = None, *, labels: LabelScheme, n_samples: int = 256, seed: int = 0) -> Iterator[Sample]:
    """List synthetic faces for a run's emotions, in turn: class counts differ by at most one.

    Args:
        root: Not used: this dataset needs no folder.
        labels: The emotions to draw.
        n_samples: How many pictures, over all emotions together.
        seed: Which pictures; two seeds have none in common.

    Raises:
        ConfigError: `n_samples` is no positive integer, or `seed` no integer from 0 on.
        DataError: An emotion outside the eight that can be drawn.

    Example:
        >>> [sample.path for sample in load(labels=LabelScheme(emotions="happy,sad"), n_samples=3)]
        ['happy/seed0-00000.png', 'sad/seed0-00001.png', 'happy/seed0-00002.png']
    """
    _check_int("n_samples", n_samples, least=1)
    _check_int("seed", seed, least=0)
    unknown = [emotion for emotion in labels.emotions if emotion not in EXPRESSIONS]
    if unknown:
        raise DataError(
            f"dataset synthetic-faces: expected emotions among {', '.join(EXPRESSIONS)}, got {', '.join(unknown)}.",
            hint="It cannot generate other emotions: leave them out of the labels, or choose a dataset that has them.",
        )
    return (_sample(labels.emotions[index % len(labels)], seed, index) for index in range(n_samples))


def read_sample(root: Path | None, sample: Sample) -> bytes:
    """Draw a sample.

    Args:
        root: Not used.
        sample: One that `load` listed; only its `id` is read.

    Returns:
        A PNG file: RGB, 256 x 256 pixels, always the same bytes for the same id (with the same
        releases of Pillow and zlib).

    Raises:
        DataError: The id is not one that `load` writes.
    """
    match = _ID.fullmatch(sample.id)
    if match is None or match["emotion"] not in EXPRESSIONS:
        raise DataError(
            f"dataset synthetic-faces: expected an id such as 'happy/seed0-00012.png', got {sample.id!r}.",
            hint="List the samples again: the id determines the image.",
        )
    emotion = match["emotion"]
    # The emotion is part of the seed: otherwise two label schemes would show one person in one place with two faces.
    rng = np.random.default_rng([int(match["seed"]), int(match["index"]), EMOTIONS.index(emotion)])
    return _png(np.asarray(draw_face(emotion, rng)))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Wrap uint8 `(height, width, 3)` RGB pixels as an uncompressed PNG.

    Noise hardly shrinks, and Pillow's encoder, which tries five filters on every row, would take a fifth of
    the whole time.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each row starts with its filter: 0, none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a channel, RGB, not interlaced
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), level=0)), (b"IEND", b""))
    body = (struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def _sample(emotion: str, seed: int, index: int) -> Sample:
    name = f"{emotion}/seed{seed}-{index:05d}.png"
    return Sample(id=name, path=name, emotion=emotion)


def _check_int(name: str, value: object, *, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigError(
            f"dataset synthetic-faces, option {name}: expected an integer >= {least}, got {value!r}.",
            hint=f"Set {name} under [data.options], or leave it out.",
        )
