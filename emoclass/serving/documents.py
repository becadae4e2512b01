"""What requests ask and what answers hold, as the OpenAPI document describes it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from emoclass.faces.find import FaceMode
from emoclass.serving.messages import Asked


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(default=None, description="A model that is served; by default the first.")
    labels: str | None = Field(
        default=None,
        description="Restrict the model to these emotions, separated by commas, or a set such as basic5.",
    )
    largest: bool = Field(default=False, description="Classify only the largest face.")
    min_face: float = Field(default=0.0, ge=0, description="Ignore smaller faces: the square root of the box's area.")
    min_detection: float = Field(default=0.0, ge=0, le=1, description="Ignore faces that the detector scores lower.")

    @field_validator("labels", mode="before")
    @classmethod
    def _joined(cls, labels: Any) -> Any:
        """Take a list, too, which JSON has."""
        is_list = isinstance(labels, list) and all(isinstance(each, str) for each in labels)
        return ",".join(labels) if is_list else labels

    def asked(self, default_model: str) -> Asked:
        """Return what the query asks for."""
        given = self.model_dump(include=set(Asked.__dataclass_fields__))
        labels = None if self.labels is None else tuple(each for each in self.labels.split(",") if each.strip())
        return Asked(**{**given, "model": self.model or default_model, "labels": labels})


class ImagesQuery(_Query):
    """How images are classified; the names are those of `emoclass predict`."""

    faces: FaceMode | None = Field(default=None, description="Look for faces where it is needed, always, or never.")
    max_faces: int | None = Field(default=None, ge=1, description="Classify only the largest faces of each image.")
    top: int | None = Field(default=None, ge=1, description="Tell only the likeliest emotions.")


class LiveQuery(_Query):
    """How the frames of a live session are classified."""

    smoothing: float = Field(default=0.3, ge=0, le=60, description="Time constant in seconds; 0 does not smooth.")


class VideoQuery(_Query):
    """How a video is watched; the names are those of `emoclass video`."""

    every: float = Field(default=0.0, ge=0, description="Classify each person only so often, in seconds.")
    smoothing: float = Field(default=0.3, ge=0, le=60, description="Time constant in seconds; 0 does not smooth.")
    start: float | None = Field(default=None, ge=0, description="Leave out what comes before, in seconds.")
    end: float | None = Field(default=None, gt=0, description="Leave out what comes after, in seconds.")
    moments: bool = Field(default=False, description="Answer with each frame, too.")


class FaceDocument(BaseModel):
    """A face, and the emotions in it."""

    box: tuple[float, float, float, float] = Field(description="Left, top, width, height in pixels, upright.")
    landmarks: list[tuple[float, float]] | None
    detection: float | None = Field(description="How sure the detector is; null for a ready-made crop.")
    label: str
    probability: float
    scores: dict[str, float]


class PictureDocument(BaseModel):
    """A picture in which faces were looked for."""

    path: str | None
    width: int
    height: int
    ready_made: bool = Field(description="Whether it was taken for a face crop and classified as it is.")
    n_left_out: int = Field(description="Faces that were found and left out by a limit.")
    faces: list[FaceDocument]
    label: str | None = Field(default=None, description="Of a ready-made crop, as probability and scores.")
    probability: float | None = None
    scores: dict[str, float] | None = None


class PredictionDocument(BaseModel):
    """An image that was classified as it is."""

    path: str | None
    label: str
    probability: float
    scores: dict[str, float]


class UnreadableDocument(BaseModel):
    """An image that could not be read."""

    path: str | None
    error: str


class VideoPersonDocument(BaseModel):
    """A person's face in one frame of a video."""

    person: int = Field(description="The number, from 1. It identifies nobody: who leaves and comes back gets another.")
    box: tuple[float, float, float, float] = Field(description="Left, top, width, height in pixels, upright.")
    detection: float | None = Field(description="How sure the detector is; null where the face was only followed.")
    label: str
    probability: float
    scores: dict[str, float] = Field(description="Smoothed over time.")
    raw: dict[str, float] | None = Field(description="Of this frame alone; null where the model did not look.")


class VideoFrameDocument(BaseModel):
    """A frame of a video."""

    frame: int
    time: float = Field(description="Seconds from the beginning of the video.")
    is_cut: bool = Field(description="Whether another scene begins.")
    persons: list[VideoPersonDocument]


class VideoSummaryDocument(BaseModel):
    """A person of a video, over all frames."""

    person: int
    start: float
    end: float
    frames: int
    visible: float = Field(description="Seconds.")
    label: str = Field(description="The emotion that lasted longest.")
    seconds: dict[str, float] = Field(description="Emotion -> for how long it was the label.")
    n_events: int


class VideoEventDocument(BaseModel):
    """A stretch of time in which a person shows one emotion."""

    person: int
    emotion: str
    start: float
    end: float
    peak: float
    peak_time: float


class VideoDocument(BaseModel):
    """What was seen in a video: `video.json` of `emoclass video`, without the file's name."""

    model: str
    labels: list[str]
    width: int
    height: int
    frames: int = Field(description="How many were watched.")
    moments: list[VideoFrameDocument] | None = Field(default=None, description="Each of them, with moments=true.")
    start: float
    end: float
    persons: list[VideoSummaryDocument]
    events: list[VideoEventDocument]
    took: float = Field(description="Seconds.")
    speed: float = Field(description="Seconds of video that were watched in a second.")
    is_interrupted: bool
    notes: list[str] = Field(description="What a reader must know, such as where a damaged file ends.")


class ModelDocument(BaseModel):
    """A model that is served, and what it is worth."""

    name: str
    is_default: bool
    labels: list[str]
    live_model: str = Field(description="What classifies live sessions and videos.")
    digest: str = Field(description="The SHA-256 of its network.")
    image: dict[str, Any]
    expects: Literal["photograph", "face_crop"]
    framing: dict[str, Any]
    detector: str | None
    trained: dict[str, Any]
    measured: dict[str, Any] = Field(description="Metric -> value, ci_low, ci_high, n_samples, split.")
    card: str | None = Field(description="What its author says of it, in Markdown.")
    live_leaked: dict[str, Any] | None = Field(description="As trained.leaked: the accuracy without leaked images.")
    live_measured: dict[str, Any]


class SessionDocument(BaseModel):
    """Whether a token is needed, and whether this client has shown it."""

    required: bool
    authenticated: bool


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What is wrong, as a sentence.")
    hint: str | None = Field(default=None, description="What to do about it.")
    errors: list[UnreadableDocument] | None = Field(default=None, description="Why each image was not classified.")


FILE = {"type": "string", "format": "binary"}


def form_or_file(kind: str, form: dict[str, Any], others: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the OpenAPI document says of a body that is a form, or the file alone.

    Args:
        kind: Of the file: image or video.
        form: The fields of the form, with their schemas.
        others: Further media types, with their schemas.
    """
    fields = {"type": "object", "properties": form, "required": list(form)}
    schemas = {"multipart/form-data": fields, f"{kind}/*": FILE, "application/octet-stream": FILE, **(others or {})}
    content = {media_type: {"schema": schema} for media_type, schema in schemas.items()}
    return {"requestBody": {"required": True, "content": content}}
