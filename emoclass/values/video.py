"""What is seen in a video: persons in a frame, moments, and events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from emoclass.values.base import FrozenModel
from emoclass.values.results import FacePrediction, frozen_scores


class TrackedPerson(FacePrediction):
    """A person's face in one frame.

    `label`, `probability` and `scores` are smoothed over time; `raw` is what the model says of this frame alone.

    Attributes:
        detection: How sure the detector is that it is a face; None where faces were not looked for in this frame, and
            the box is where the face's movement leads it.
        person: The person's number, from 1; the same in all frames until the face is lost. It identifies nobody: a
            person who leaves and comes back gets another number.
        raw: Emotion -> probability in this frame alone; None where the model did not look at the face in this frame.
    """

    person: int = Field(ge=1)
    raw: Mapping[str, float] | None = None

    @field_validator("raw")
    @classmethod
    def _raw_stays(cls, raw: Mapping[str, float] | None) -> Mapping[str, float] | None:
        return None if raw is None else frozen_scores(raw)

    def to_json(self) -> dict[str, Any]:
        """Return the person as `emoclass video --jsonl` prints it, with four decimals."""
        return {
            "person": self.person,
            "box": [round(value, 1) for value in self.box],
            "detection": None if self.detection is None else round(self.detection, 3),
            "label": self.label,
            "probability": round(self.probability, 4),
            "scores": rounded(self.scores),
            "raw": self.raw and rounded(self.raw),
        }


class EmotionEvent(FrozenModel):
    """A stretch of time in which a person shows one emotion.

    Attributes:
        person: The person's number.
        emotion: The emotion.
        start: When its smoothed probability rose above the threshold, in seconds from the beginning of the video.
        end: When it fell below the lower threshold, another emotion took over, or the face was lost.
        peak: The highest smoothed probability. Range: [0, 1].
        peak_time: When that was, in seconds.
    """

    person: int
    emotion: str
    start: float
    end: float
    peak: float
    peak_time: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start

    def to_json(self) -> dict[str, Any]:
        """Return the event as `emoclass video --jsonl` prints it."""
        return {
            "person": self.person,
            "emotion": self.emotion,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "peak": round(self.peak, 4),
            "peak_time": round(self.peak_time, 3),
        }


class Moment(FrozenModel):
    """One frame of a video, and the persons in it.

    Attributes:
        time: Seconds from the beginning of the video.
        frame: The frame's number, from 0.
        width: The upright frame's width in pixels.
        height: Its height.
        persons: Whose faces are in it, from left to right.
        is_cut: Whether another scene begins with it, so that all persons have new numbers.
        events: Those that became complete with this frame, such as after another emotion lasted long enough.
    """

    time: float
    frame: int
    width: int
    height: int
    persons: tuple[TrackedPerson, ...] = ()
    is_cut: bool = False
    events: tuple[EmotionEvent, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the frame as `emoclass video --jsonl` prints it; events have lines of their own."""
        return {
            "frame": self.frame,
            "time": round(self.time, 4),
            "is_cut": self.is_cut,
            "persons": [person.to_json() for person in self.persons],
        }


class PersonSummary(FrozenModel):
    """A person of a video, over all frames.

    Attributes:
        person: The person's number.
        start: The first frame with the person, in seconds from the beginning of the video.
        end: The end of the last one.
        frames: In how many frames the face was found.
        seconds: Emotion -> for how long it was the label, in label order.
        n_events: How many events the person has.
    """

    person: int
    start: float
    end: float
    frames: int
    seconds: Mapping[str, float]
    n_events: int = 0

    @property
    def visible(self) -> float:
        """For how many seconds the face was found."""
        return sum(self.seconds.values())

    @property
    def label(self) -> str:
        """The emotion that lasted longest."""
        return max(self.seconds, key=lambda emotion: self.seconds[emotion])

    def to_json(self) -> dict[str, Any]:
        """Return the person as `emoclass video` prints it."""
        return {
            "person": self.person,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "frames": self.frames,
            "visible": round(self.visible, 3),
            "label": self.label,
            "seconds": {emotion: round(value, 3) for emotion, value in self.seconds.items()},
            "n_events": self.n_events,
        }


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Return probabilities with four decimals."""
    return {emotion: round(value, 4) for emotion, value in scores.items()}


class WatchedVideo(FrozenModel):
    """What was seen in a video.

    Attributes:
        folder: Where everything is; None where nothing was written.
        name: What the video is called: a file's name without its folder, or the address.
        source: The file or the address as it was given.
        model: The model's name.
        labels: Its emotions, in class order.
        width: Of the upright frames, in pixels.
        height: Their height.
        frames: How many were watched.
        start: The time of the first one, in seconds from the beginning of the video.
        end: The end of the last one.
        persons: Those who were found, by their numbers.
        events: By their start.
        took: Seconds that it took.
        is_interrupted: Whether it was stopped before the end.
        notes: What a reader of the numbers must know: sentences.
    """

    folder: Path | None = None
    name: str
    source: str
    model: str
    labels: tuple[str, ...]
    width: int
    height: int
    frames: int
    start: float
    end: float
    persons: tuple[PersonSummary, ...]
    events: tuple[EmotionEvent, ...]
    took: float
    is_interrupted: bool = False
    notes: tuple[str, ...] = ()

    @property
    def speed(self) -> float:
        """How many seconds of video were watched in a second."""
        return (self.end - self.start) / self.took if self.took else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the document that `video.json` holds."""
        return {
            "source": self.source,
            "model": self.model,
            "labels": list(self.labels),
            "width": self.width,
            "height": self.height,
            "frames": self.frames,
            "start": round(self.start, 4),
            "end": round(self.end, 4),
            "persons": [person.to_json() for person in self.persons],
            "events": [event.to_json() for event in self.events],
            "took": round(self.took, 3),
            "speed": round(self.speed, 3),
            "is_interrupted": self.is_interrupted,
            "notes": list(self.notes),
        }
