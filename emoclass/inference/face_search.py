"""The faces of a picture as a network sees them, and the detector that finds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from emoclass.data.photograph import Photograph
from emoclass.errors import ConfigError, PluginError, UnreadableImageError
from emoclass.faces.find import FaceFinder, FaceMode, find
from emoclass.faces.frame import SHOWS_NOTHING, frame, shows_nothing
from emoclass.values.faces import Face, Framing

if TYPE_CHECKING:
    from emoclass.plugin.registry import Registry
    from emoclass.values.specs import DetectorSpec, Expects

DEFAULT_DETECTOR = "yunet"
"""The detector that is taken where neither the user nor the bundle names one, and this one is installed."""


@dataclass(frozen=True)
class FaceSearch:
    """How faces are looked for in pictures, and cut out.

    Attributes:
        finder: What looks for them; None where nothing does.
        mode: `auto` tells ready-made crops from photographs, `find` takes every picture for a photograph, `never` for
            a crop.
        largest: Whether the largest face of a picture alone is kept.
        framing: How the model wants its faces.
        image_shape: `(height, width, channels)` of the model's input.
        expects: What a picture must show for the model; to one of whole photographs, a flat one is a picture.
    """

    finder: FaceFinder | None
    mode: FaceMode
    largest: bool
    framing: Framing
    image_shape: tuple[int, int, int]
    expects: Expects = "face_crop"

    def __call__(self, photograph: Photograph) -> FramedFaces:
        """Find and frame the faces of a picture; those that show nothing are left out.

        Raises:
            UnreadableImageError: The file is truncated or damaged, or the picture is a crop that shows nothing.
            ContractError: The detector returns anything but faces.
        """
        found = find(photograph, self.finder, self.mode, largest=self.largest)
        if found.ready_made:
            pixels = photograph.as_it_is(self.image_shape)
            if self.expects == "face_crop" and shows_nothing(pixels):
                raise UnreadableImageError(photograph.path, SHOWS_NOTHING)
            return FramedFaces(photograph.size, True, (_whole(photograph.size),), pixels[None])
        framed = [(face, frame(photograph, face, self.framing, self.image_shape)) for face in found.faces]
        kept = [(face, pixels) for face, pixels in framed if not shows_nothing(pixels)]
        crops = [pixels for _, pixels in kept] or [np.empty((0, *self.image_shape), np.uint8)]
        return FramedFaces(
            photograph.size,
            False,
            tuple(face for face, _ in kept),
            np.stack(crops) if kept else crops[0],
            n_left_out=found.n_left_out,
        )


@dataclass(frozen=True)
class FramedFaces:
    """The faces of one picture, each as the network sees it.

    Attributes:
        size: `(width, height)` of the picture in pixels.
        ready_made: Whether the picture is itself a crop; its one face is then the whole picture.
        faces: From left to right, in pixels of the picture.
        pixels: uint8 `(len(faces), height, width, channels)`.
        n_left_out: How many faces the limits leave out.
    """

    size: tuple[int, int]
    ready_made: bool
    faces: tuple[Face, ...]
    pixels: np.ndarray
    n_left_out: int = 0


def _whole(size: tuple[int, int]) -> Face:
    return Face(box=(0.0, 0.0, *map(float, size)), score=1.0)


def check_search(
    mode: object,
    min_face: Any,
    min_detection: Any,
    max_faces: Any,
    *,
    largest: object = False,
    options: object = None,
) -> None:
    """Refuse values of another type or out of their range.

    Raises:
        ConfigError: One of them is.
    """
    if mode not in get_args(FaceMode):
        raise ConfigError(f"faces: expected one of {', '.join(get_args(FaceMode))}, got {mode!r}.")
    if not (_is_number(min_face) and 0 <= min_face < math.inf):
        raise ConfigError(f"min_face: expected a number of pixels from 0, got {min_face!r}.")
    if not (_is_number(min_detection) and 0 <= min_detection <= 1):
        raise ConfigError(f"min_detection: expected a number from 0 to 1, got {min_detection!r}.")
    if max_faces is not None and not (_is_number(max_faces, Integral) and max_faces >= 1):
        raise ConfigError(f"max_faces: expected a whole number from 1, or None, got {max_faces!r}.")
    if not isinstance(largest, bool):
        raise ConfigError(f"largest: expected True or False, got {largest!r}.")
    if options is not None and not isinstance(options, Mapping):
        raise ConfigError(f"options: expected a mapping of the detector's options, got {options!r}.")


def _is_number(value: object, kind: type = Real) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def choose_detector(registry: Registry, name: str | None = None, measured_with: str | None = None) -> DetectorSpec:
    """Return the detector to find faces with.

    Args:
        registry: The plugins.
        name: The one that the user names.
        measured_with: The one that a model was measured with, which is taken where it is installed.

    Raises:
        ConfigError: The name is no text.
        UnknownNameError: Nobody offers the detector that was named.
        PluginError: No detector is installed.
    """
    detectors = registry.detectors
    if name is not None:
        if not isinstance(name, str):
            raise ConfigError(f"detector: expected the name of a face detector, got {name!r}.")
        return detectors.get(name)
    names = detectors.names()
    for wanted in (measured_with, DEFAULT_DETECTOR, *names):
        if wanted in names:
            return detectors.get(wanted)
    raise PluginError(
        "faces: expected a face detector to find them with, and none is installed.",
        hint="Install one: pip install emoclass-yunet.",
    )
