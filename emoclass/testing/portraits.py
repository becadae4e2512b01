"""Pictures with one synthetic face, and what a detector says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from emoclass.data.synthetic_faces import EXPRESSIONS, draw_face
from emoclass.testing.case import Case
from emoclass.values.faces import Face
from emoclass.values.references import call_with_options
from emoclass.values.specs import DetectorSpec

Pixels = npt.NDArray[np.uint8]
Detector = Callable[[Pixels], Sequence[Face]]
Box = tuple[float, float, float, float]

N_PORTRAITS = 6
FACE = 0.55
"""The side of the face in a portrait, as a share of the portrait's side."""


@dataclass(frozen=True)
class Portrait:
    """A picture with one face.

    Attributes:
        number: Which of the portraits it is.
        pixels: uint8 `(height, width, 3)`, RGB.
        area: `(left, top, width, height)` of the drawn portrait; around it the picture is plain gray.
    """

    number: int
    pixels: Pixels
    area: Box

    def __str__(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"synthetic face {self.number} in {width}x{height} pixels"


def portraits(side: int, *, size: tuple[int, int] | None = None) -> Iterator[Portrait]:
    """Draw the portraits, each off the center of a plain gray picture.

    Args:
        side: Of the drawn portrait in pixels.
        size: `(width, height)` of the picture; None is twice and one and a half times the portrait's side.
    """
    width, height = size or (2 * side, 3 * side // 2)
    left, top = round(0.8 * (width - side)), round(0.3 * (height - side))
    for number in range(N_PORTRAITS):
        emotion = list(EXPRESSIONS)[number % len(EXPRESSIONS)]
        drawn = draw_face(emotion, np.random.default_rng(number)).resize((side, side), Image.Resampling.LANCZOS)
        picture = Image.new("RGB", (width, height), (128, 128, 128))
        picture.paste(drawn, (left, top))
        yield Portrait(number, np.array(picture), (left, top, side, side))


def large_side(spec: DetectorSpec) -> int:
    """Return a side of portraits that can be halved, and the face is still larger than the smallest."""
    return max(256, round(3 * spec.min_face / FACE))


def built(case: Case[DetectorSpec]) -> Detector:
    """Build the detector with its default options."""
    detector: Detector = call_with_options(case.spec.build, {}, subject=f"detector {case.spec.name!r}")
    if not callable(detector):
        case.fail(
            expected="build to return a detector that can be called",
            got=f"a {type(detector).__name__}",
            change="Return a function, or an object with __call__.",
        )
    return detector


def found(case: Case[DetectorSpec], detector: Detector, picture: Pixels, what: object) -> list[Face]:
    """Return the faces that a detector finds, the highest score first.

    Raises:
        CheckFailed: The answer is no sequence of faces.
    """
    answer: Any = detector(picture.copy())
    if not isinstance(answer, list | tuple):
        case.fail(
            expected=f"a list of faces for {what}",
            got=type(answer).__name__,
            change="Return a list, empty where there is no face.",
        )
    for each in answer:
        if not isinstance(each, Face):
            case.fail(
                expected=f"faces for {what}", got=type(each).__name__, change="Make each with emoclass.Face(...)."
            )
    return sorted(answer, key=lambda face: -face.score)


def overlap(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes.

    Example:
        >>> overlap((0, 0, 10, 10), (5, 0, 10, 10))
        0.3333333333333333
    """
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def shown(box: Box) -> str:
    """Return a box as text, in whole pixels."""
    left, top, width, height = box
    return f"left {left:.0f}, top {top:.0f}, {width:.0f}x{height:.0f}"
