"""What the service and its workers say to each other: pickled values, each after its length."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from emoclass.faces.find import FaceMode
from emoclass.serving.models import ServedModel
from emoclass.serving.settings import Limits

LENGTH = struct.Struct(">Q")


@dataclass(frozen=True)
class Asked:
    """How images are to be classified; images that are asked for in the same way share a batch.

    Attributes:
        model: A name of a served model.
        labels: Some of its emotions; None for all.
        faces: As for `emoclass predict`; None for the model's default.
        largest: Whether the largest face alone is classified.
        max_faces: So many faces are classified; None for all.
        min_face: Smaller faces are left out, in pixels.
        min_detection: Faces that the detector is less sure of are left out. Range: [0, 1].
        top: So many of the likeliest emotions are told; None for all.
    """

    model: str
    labels: tuple[str, ...] | None = None
    faces: FaceMode | None = None
    largest: bool = False
    max_faces: int | None = None
    min_face: float = 0.0
    min_detection: float = 0.0
    top: int | None = None


@dataclass(frozen=True)
class Start:
    """The first message: what a worker serves."""

    models: Mapping[str, ServedModel]
    max_pixels: int


@dataclass(frozen=True)
class Images:
    """Encoded images to classify."""

    asked: Asked
    images: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True)
class Open:
    """A live session begins, or goes on after its worker died."""

    session: int
    asked: Asked
    smoothing: float


@dataclass(frozen=True)
class Frame:
    """A frame of a live session, taken at a time in seconds."""

    session: int
    data: bytes = field(repr=False)
    time: float


@dataclass(frozen=True)
class Close:
    """A live session is over."""

    session: int


@dataclass(frozen=True)
class Answer:
    """What became of an image or a frame.

    Attributes:
        document: JSON types; of a frame that cannot be read, None.
        error: Why the image or the frame could not be read; None where it could.
        n_faces: How many faces were classified.
    """

    document: dict[str, Any] | None
    error: str | None = None
    n_faces: int = 0


@dataclass(frozen=True)
class AskedVideo:
    """How a video is to be watched. Its bytes follow in parts, and an empty part after the last.

    Attributes:
        model: The model.
        limits: Those of the service.
        asked: Which faces and emotions.
        every: The model looks at each person so often, in seconds.
        smoothing: The time constant of the smoothing, in seconds.
        start: What comes before is left out, in seconds.
        end: What comes after is left out, in seconds.
        moments: Whether the answer has each frame.
    """

    model: ServedModel
    limits: Limits
    asked: Asked
    every: float = 0.0
    smoothing: float = 0.3
    start: float | None = None
    end: float | None = None
    moments: bool = False


@dataclass(frozen=True)
class VideoAnswer:
    """What became of a video.

    Attributes:
        status: As in HTTP: 200; 400 for wrong settings, 413 for too much, 422 for no video, 501 without PyAV.
        document: The JSON that the client gets; empty but for 200.
        detail: Why there is none.
        hint: What to do about it.
    """

    status: int
    document: bytes = field(default=b"", repr=False)
    detail: str = ""
    hint: str | None = None


@dataclass(frozen=True)
class Done:
    """A worker is ready for the next message."""


def packed(message: object) -> bytes:
    """Return a message as it is sent."""
    data = pickle.dumps(message, protocol=5)
    return LENGTH.pack(len(data)) + data


def read_message(stream: BinaryIO) -> Any:
    """Return the next message of a stream; None at its end."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    return pickle.loads(stream.read(length))
