"""Hypothesis strategies for what plugins receive: label schemes, predictions, and folders of images."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy
from numpy.typing import NDArray

from emoclass.evaluation.predictions import Predictions
from emoclass.values.labels import ALIASES, EMOTIONS, LabelScheme

Labels = SearchStrategy[LabelScheme] | LabelScheme


def label_schemes(*, min_size: int = 2, max_size: int = 8) -> SearchStrategy[LabelScheme]:
    """Draw label schemes: some of the eight emotions, in any order.

    Args:
        min_size: The fewest emotions, 2 or more.
        max_size: The most, 8 or fewer.

    Example:
        >>> from hypothesis import given
        >>> @given(label_schemes(max_size=3))
        ... def test_the_last_layer_has_its_units(labels):
        ...     assert build(labels=labels).output_shape[-1] == labels.units
    """
    if not 2 <= min_size <= max_size <= len(EMOTIONS):
        raise InvalidArgument(f"label_schemes: expected 2 <= min_size <= max_size <= 8, got {min_size}, {max_size}.")
    chosen = st.lists(st.sampled_from(EMOTIONS), min_size=min_size, max_size=max_size, unique=True)
    return chosen.map(lambda emotions: LabelScheme(emotions=tuple(emotions)))


def predictions(
    *,
    labels: Labels | None = None,
    min_size: int = 1,
    max_size: int = 50,
    all_classes: bool = False,
    with_votes: bool = False,
) -> SearchStrategy[Predictions]:
    """Draw predictions, with many ties, zeros and ones among the probabilities.

    `y_true` is int64 `(n,)`; `y_score` and `votes` are float64 `(n, len(labels))`, in [0, 1], and their rows sum
    to 1. The arrays are read-only, as a metric receives them.

    Args:
        labels: The class order, or a strategy for it; None draws any.
        min_size: The fewest images.
        max_size: The most images.
        all_classes: Whether every emotion has an image: there are at least as many images as emotions then.
        with_votes: Whether every image has votes; else none has.

    Example:
        >>> from hypothesis import given
        >>> @given(predictions(all_classes=True))
        ... def test_a_value_is_a_share(drawn):
        ...     assert 0 <= compute(drawn.y_true, drawn.y_score, labels=drawn.labels) <= 1
    """
    if not 1 <= min_size <= max_size:
        raise InvalidArgument(f"predictions: expected 1 <= min_size <= max_size, got {min_size}, {max_size}.")
    return _predictions(_schemes(labels, max_size=8), min_size, max_size, all_classes, with_votes)


def _schemes(labels: Labels | None, *, max_size: int) -> SearchStrategy[LabelScheme]:
    if labels is None:
        return label_schemes(max_size=max_size)
    return st.just(labels) if isinstance(labels, LabelScheme) else labels


@st.composite
def _predictions(
    draw: DrawFn,
    schemes: SearchStrategy[LabelScheme],
    min_size: int,
    max_size: int,
    all_classes: bool,
    with_votes: bool,
) -> Predictions:
    labels = draw(schemes)
    classes = len(labels)
    needed = classes if all_classes else 0
    if max_size < needed:
        raise InvalidArgument(f"predictions: expected max_size of {needed} or more for all_classes, got {max_size}.")
    # One list of images, and not one for each array: a failing example then shrinks image by image.
    image = st.tuples(st.integers(0, classes - 1), _shares(classes), _shares(classes) if with_votes else st.none())
    least = max(min_size, needed)
    least = draw(st.sampled_from((least, (least + max_size) // 2)))  # lists alone are nearly always short
    images = draw(st.lists(image, min_size=least, max_size=max_size))
    y_true, y_score, votes = (list(column) for column in zip(*images, strict=True))
    y_true[:needed] = draw(st.permutations(range(needed)))
    ids = tuple(map(str, range(len(images))))
    return Predictions(ids, np.array(y_true), np.array(y_score), labels, votes=np.array(votes) if with_votes else None)


def _shares(classes: int) -> SearchStrategy[NDArray[np.float64]]:
    """Draw numbers that sum to 1: parts of a whole, few of them for ties, many for shares that look like any."""
    parts = st.one_of([st.lists(st.integers(0, most), min_size=classes, max_size=classes) for most in (3, 1000)])

    def shares(drawn: list[int]) -> NDArray[np.float64]:
        whole = np.array(drawn if any(drawn) else [1] * classes, dtype=np.float64)
        return np.asarray(whole / whole.sum())

    return parts.map(shares)


_NAME_CHARACTERS = "aAbB019 _-+=,;.'()[]{}&#%@!~$^`\u00e9\u00df\u0111\u03a9\u0436\u65e5\u672c\U0001f600"
_SPLITS = ("train", "validation", "test")
_SUFFIXES = (".png", ".PNG", ".jpg", ".jpeg", ".JPG")


@dataclass(frozen=True)
class SmallImage:
    """One image of an `ImageFolder`.

    Attributes:
        name: The file's name.
        mode: Pillow's word for what a pixel holds: `RGB`, `L`, `P` or `RGBA`.
        size: `(width, height)` in pixels.
        seed: What its pixels are drawn from.
    """

    name: str
    mode: str
    size: tuple[int, int]
    seed: int

    def write(self, folder: Path) -> None:
        """Write the image, as PNG or JPEG, by its name."""
        from PIL import Image

        width, height = self.size
        draw = random.Random(self.seed)
        image = Image.frombytes(self.mode, self.size, draw.randbytes(width * height * len(self.mode)))
        if self.mode == "P":
            image.putpalette(draw.randbytes(3 * 256))
        image.save(folder / self.name)


@dataclass(frozen=True)
class ImageFolder:
    """A folder of images that is not written yet, in the layout of the dataset `folder`.

    Attributes:
        classes: Emotion -> its images; their names differ, whatever their case.
        words: Emotion -> the name of its folder: the emotion, or another word for it.
        official: Whether the images are divided into train, validation and test.
    """

    classes: Mapping[str, tuple[SmallImage, ...]]
    words: Mapping[str, str]
    official: bool

    def write(self, root: Path) -> dict[str, str]:
        """Write the images below a folder, which is made where it is not there.

        Returns:
            Sample id -> emotion.
        """
        written = {}
        for emotion, images in self.classes.items():
            for number, image in enumerate(images):
                split = _SPLITS[number % len(_SPLITS)] if self.official else ""
                folder = root / split / self.words[emotion]
                folder.mkdir(parents=True, exist_ok=True)
                image.write(folder)
                written[(folder / image.name).relative_to(root).as_posix()] = emotion
        return written


def image_folders(
    *, labels: Labels | None = None, min_per_class: int = 3, max_per_class: int = 6
) -> SearchStrategy[ImageFolder]:
    """Draw folders of images in the layout of the dataset `folder`; `write(root)` writes one.

    The images are small (1 to 12 pixels a side), of several formats and color modes, with odd names. The folders
    are named by emotions or other words for them, some below train/, validation/ and test/.

    Args:
        labels: The emotions, or a strategy for them; None draws two to four.
        min_per_class: The fewest images of an emotion, 1 or more; from 3 on, every official split has some.
        max_per_class: The most images of an emotion.

    Example:
        >>> from hypothesis import given
        >>> @given(image_folders())
        ... def test_what_is_written_is_listed(folder):
        ...     with tempfile.TemporaryDirectory() as root:
        ...         written = folder.write(Path(root))
        ...         assert {sample.id for sample in load(Path(root))} == set(written)
    """
    if not 1 <= min_per_class <= max_per_class:
        raise InvalidArgument(
            f"image_folders: expected 1 <= min_per_class <= max_per_class, got {min_per_class}, {max_per_class}."
        )
    return _image_folders(_schemes(labels, max_size=4), min_per_class, max_per_class)


@st.composite
def _image_folders(
    draw: DrawFn, schemes: SearchStrategy[LabelScheme], min_per_class: int, max_per_class: int
) -> ImageFolder:
    labels = draw(schemes)
    images = st.lists(
        _small_images(), min_size=min_per_class, max_size=max_per_class, unique_by=lambda image: image.name.casefold()
    )
    words = {emotion: draw(st.sampled_from(_words(emotion))) for emotion in labels.emotions}
    return ImageFolder({emotion: tuple(draw(images)) for emotion in labels.emotions}, words, draw(st.booleans()))


def _words(emotion: str) -> list[str]:
    words = [emotion, *(word for word, meaning in ALIASES.items() if meaning == emotion)]
    return [*words, *(word.capitalize() for word in words)]


@st.composite
def _small_images(draw: DrawFn) -> SmallImage:
    # A name that begins with a dot is hidden.
    stem = draw(st.text(_NAME_CHARACTERS, min_size=1, max_size=12).filter(lambda name: not name.startswith(".")))
    suffix = draw(st.sampled_from(_SUFFIXES))
    mode = draw(st.sampled_from(("RGB", "L", "P", "RGBA") if suffix.lower() == ".png" else ("RGB", "L")))
    side = st.integers(1, 12)
    return SmallImage(stem + suffix, mode, (draw(side), draw(side)), draw(st.integers(0, 2**16)))
