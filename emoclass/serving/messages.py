"""What the service and its workers say to each other, each message after its length.

Workers trust the service, so what it sends is pickled. The service does not trust what comes back: workers decode files
of strangers, and a pickle from one whose decoder was exploited would run its code here. Answers are therefore JSON, and
the document of a video, which may have tens of MiB, follows it as it is.
"""

from __future__ import annotations

import json
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
        document: JSON types; of a frame that was not classified, None.
        error: Why the image or the frame was not classified; None where it was.
        n_faces: How many faces were classified.
        was_killed: Whether there is an error because the worker got SIGKILL; the image may be sound.
    """

    document: dict[str, Any] | None
    error: str | None = None
    n_faces: int = 0
    was_killed: bool = False


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
    """Return a message to a worker as it is sent."""
    data = pickle.dumps(message, protocol=5)
    return LENGTH.pack(len(data)) + data


def read_message(stream: BinaryIO) -> Any:
    """Return the next message to a worker; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    return pickle.loads(stream.read(length))


def packed_answer(answer: Answer | VideoAnswer | Done) -> bytes:
    """Return what a worker answers as it is sent."""
    fields = dict(vars(answer))
    document = fields.pop("document") if isinstance(answer, VideoAnswer) else b""
    data = json.dumps([type(answer).__name__, fields]).encode() + b"\n" + document
    return LENGTH.pack(len(data)) + data


def read_answer(data: bytes) -> Answer | VideoAnswer | Done:
    """Return what a worker answered, without its length.

    Raises:
        ValueError: It is no answer.
    """
    head, _, document = data.partition(b"\n")
    try:
        kind, fields = json.loads(head)
        if kind == "VideoAnswer":
            return VideoAnswer(**fields, document=document)
        answer: Answer | Done = {"Answer": Answer, "Done": Done}[kind](**fields)
        return answer
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError("not an answer of a worker") from error
