"""Find the faces of a photograph with a detector plugin, and tell a ready-made crop from a photograph."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from emoclass.data.photograph import Photograph
from emoclass.errors import ContractError
from emoclass.values.faces import Face
from emoclass.values.references import call_with_options
from emoclass.values.specs import DetectorSpec

Detector: TypeAlias = Callable[[np.ndarray], Sequence[Face]]
FaceMode: TypeAlias = Literal["auto", "find", "never"]
"""Whether faces are looked for: where a picture is no crop already, always, or never."""

LONG_SIDE = 640
"""A picture is decoded with a longer side of at least so many pixels before faces are looked for in it."""

TINY, SMALL = 64, 128
"""Longer sides of pictures that are crops: up to `TINY` there is no room for another face, and up to `SMALL` a
picture in which no face is found is one. FER2013's faces have 48 pixels, RAF-DB's 100."""

FILLS, MAX_RATIO = 0.65, 1.25
"""The face of a ready-made crop is at least this share of the shorter side high, and the picture nearly square. Of
FER2013's and RAF-DB's crops 99 % are above, of photographs of people 5 %: close portraits."""


class FaceFinder:
    """A face detector with what it shall look for; several threads may share one.

    Args:
        spec: The detector.
        options: Its options.
        min_score: Faces that the detector is less sure of are left out. Range: [0, 1].
        min_face: Faces with a smaller side, the square root of the box's area, are left out; in pixels of the whole
            picture.
        max_faces: The largest faces that are kept; None keeps all.

    Raises:
        ConfigError: The detector takes no such option.
        PluginError: Its code cannot be imported.
    """

    def __init__(
        self,
        spec: DetectorSpec,
        *,
        options: Mapping[str, Any] | None = None,
        min_score: float = 0.0,
        min_face: float = 0.0,
        max_faces: int | None = None,
    ) -> None:
        self.spec = spec
        self.min_score = min_score
        self.min_face = min_face
        self.max_faces = max_faces
        self._options = dict(options or {})
        self._shared = self._build()
        self._own = threading.local()
        self._own.detector = self._shared

    def __reduce__(self) -> tuple[Any, ...]:
        settings: dict[str, Any] = {"options": self._options, "min_score": self.min_score, "min_face": self.min_face}
        return partial(type(self), self.spec, max_faces=self.max_faces, **settings), ()  # a detector is built anew

    def __call__(self, photograph: Photograph) -> tuple[Face, ...]:
        """Return the faces of a picture, from left to right, in pixels of the whole picture.

        Raises:
            UnreadableImageError: The file is damaged beyond what was decoded before.
            ContractError: The detector returns anything but faces.
        """
        return self.chosen(self.every(photograph))

    def every(self, photograph: Photograph) -> tuple[Face, ...]:
        """Return all faces that the detector finds, in pixels of the whole picture.

        Raises:
            UnreadableImageError: The file is damaged beyond what was decoded before.
            ContractError: The detector returns anything but faces.
        """
        image = photograph.at_least(LONG_SIDE)
        pixels = np.asarray(image)
        pixels.flags.writeable = False
        found = self._detector()(pixels)
        if not all(isinstance(each, Face) for each in found):
            raise ContractError(f"detector {self.spec.name!r}: expected a sequence of Face, got {found!r:.80}.")
        scale = photograph.size[0] / image.width, photograph.size[1] / image.height
        return tuple(face.moved(scale=scale) for face in found)

    def chosen(self, faces: Sequence[Face]) -> tuple[Face, ...]:
        """Return those within the limits, from left to right."""
        return keep(faces, min_score=self.min_score, min_face=self.min_face, max_faces=self.max_faces)

    def _build(self) -> Detector:
        subject = f"detector {self.spec.name!r}"
        built: Detector = call_with_options(self.spec.build, self._options, subject=subject)
        if not callable(built):
            raise ContractError(f"{subject}: build: expected what can be called, got {type(built).__name__}.")
        return built

    def _detector(self) -> Detector:
        """Return the detector, or this thread's own where threads may not share one."""
        if self.spec.thread_safe:
            return self._shared
        if not hasattr(self._own, "detector"):
            self._own.detector = self._build()
        own: Detector = self._own.detector
        return own


class Found(NamedTuple):
    """What is in a picture.

    Attributes:
        faces: From left to right, those within the limits.
        ready_made: Whether the picture itself is a ready-made crop; it has no faces then.
        n_left_out: How many faces the limits leave out.
    """

    faces: tuple[Face, ...] = ()
    ready_made: bool = False
    n_left_out: int = 0


def find(photograph: Photograph, finder: FaceFinder | None, mode: FaceMode, *, largest: bool = False) -> Found:
    """Find the faces of a picture, or tell that the picture itself is a ready-made crop.

    Args:
        photograph: The picture.
        finder: What looks for faces; `never` needs none.
        mode: `auto` tells crops from photographs, `find` takes every picture for a photograph, `never` for a crop.
        largest: Whether the largest face alone is kept.

    Raises:
        UnreadableImageError: The file is truncated or damaged.
        ContractError: The detector returns anything but faces.
    """
    if mode == "never" or finder is None or (mode == "auto" and photograph.longer <= TINY):
        return Found(ready_made=True)
    every = finder.every(photograph)
    # By all faces, also those that the limits leave out: a photograph stays one, however small its faces are.
    if mode == "auto" and is_ready_made(photograph.size, every):
        return Found(ready_made=True)
    faces = finder.chosen(every)
    if largest and faces:
        faces = (max(faces, key=lambda face: face.side),)
    return Found(faces, n_left_out=len(every) - len(faces))


def keep(faces: Sequence[Face], *, min_score: float, min_face: float, max_faces: int | None) -> tuple[Face, ...]:
    """Return those faces that shall be used, from left to right; `FaceFinder` says what the limits mean."""
    kept = [face for face in faces if face.score >= min_score and face.side >= min_face]
    if max_faces is not None:
        kept = sorted(kept, key=lambda face: face.side, reverse=True)[:max_faces]
    return tuple(sorted(kept, key=lambda face: face.center))


def is_ready_made(size: tuple[int, int], faces: Sequence[Face]) -> bool:
    """Tell a ready-made face crop from a photograph, by the faces that were found in it.

    Args:
        size: `(width, height)` of the picture.
        faces: What was found in it.
    """
    short, long = sorted(size)
    if long <= TINY or (long <= SMALL and not faces):
        return True
    return len(faces) == 1 and faces[0].box[3] >= FILLS * short and long <= MAX_RATIO * short
