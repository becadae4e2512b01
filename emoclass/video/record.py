"""What is kept of a video for its report, in memory that does not grow with the video's length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from emoclass.data.photograph import Photograph
from emoclass.faces.frame import crop_face
from emoclass.reporting.plots.timeline import Course
from emoclass.values.faces import Face, Framing
from emoclass.values.video import EmotionEvent, Moment, PersonSummary, TrackedPerson
from emoclass.video.feed import Frame

FIRST_STEP, MOST_STEPS = 0.1, 500
"""The probabilities over time are means over steps of so many seconds; with more steps than these, two become one."""

FIRST_SLOT, MOST_FRAMES = 0.5, 12
"""One frame is kept of each slot of so many seconds; with more frames than these, two slots become one."""

FRAME_SIDE, PORTRAIT_SIDE = 480, 96
"""Pixels of the longer side of a kept frame, and of the side of a kept face."""

BETTER = 1.25
"""A kept frame or face is exchanged for one that is so many times better: each exchange takes a few milliseconds."""

MOST_PORTRAITS = 200
"""Persons whose face is kept."""


class Timeline:
    """Means of the smoothed probabilities over steps of time, for each person.

    Args:
        emotions: Those of the model, in class order.
    """

    def __init__(self, emotions: Sequence[str]) -> None:
        self._emotions = tuple(emotions)
        self._step = FIRST_STEP
        self._first: float | None = None
        self._sums: dict[int, dict[int, np.ndarray]] = {}  # person -> step -> a sum for each emotion, and their number

    def add(self, moment: Moment) -> None:
        """Add the next moment."""
        if self._first is None:
            self._first = moment.time
        while (moment.time - self._first) / self._step >= MOST_STEPS:
            self._halve()
        step = int((moment.time - self._first) / self._step)
        for each in moment.persons:
            steps = self._sums.setdefault(each.person, {})
            row = np.array([*(each.scores[emotion] for emotion in self._emotions), 1.0])
            steps[step] = steps[step] + row if step in steps else row

    def courses(self, persons: Sequence[PersonSummary], events: Sequence[EmotionEvent]) -> list[Course]:
        """Return the probabilities of these persons over time."""
        courses = []
        for person in persons:
            steps = self._sums.get(person.person, {})
            stretches: list[tuple[int, list[np.ndarray]]] = []
            for step in sorted(steps):
                if not stretches or step != stretches[-1][0] + len(stretches[-1][1]):
                    stretches.append((step, []))
                stretches[-1][1].append(steps[step][:-1] / steps[step][-1])
            begin = self._first or 0.0
            courses.append(
                Course(
                    person=person,
                    step=self._step,
                    stretches=tuple((begin + self._step * step, np.array(rows)) for step, rows in stretches),
                    events=tuple(event for event in events if event.person == person.person),
                )
            )
        return courses

    def _halve(self) -> None:
        self._step *= 2
        for person, steps in self._sums.items():
            halved: dict[int, np.ndarray] = {}
            for step, row in steps.items():
                halved[step // 2] = halved[step // 2] + row if step // 2 in halved else row
            self._sums[person] = halved


@dataclass(frozen=True)
class KeptFrame:
    """A frame that is kept for the report: scaled down, with what was seen in it."""

    picture: Image.Image
    moment: Moment
    interest: float


class KeyFrames:
    """Keeps a few frames from all over a video: in each part of it, one with many persons and a clear expression."""

    def __init__(self) -> None:
        self._slot = FIRST_SLOT
        self._first: float | None = None
        self._kept: dict[int, KeptFrame] = {}

    def add(self, frame: Frame, moment: Moment) -> None:
        """Look at the next frame."""
        if not moment.persons:
            return
        if self._first is None:
            self._first = moment.time
        slot = int((moment.time - self._first) / self._slot)
        interest = sum(map(_interest, moment.persons))
        if slot in self._kept and interest < BETTER * self._kept[slot].interest:
            return
        self._kept[slot] = KeptFrame(_small(frame.pixels), moment, interest)
        while len(self._kept) > MOST_FRAMES:
            self._slot *= 2
            halved: dict[int, KeptFrame] = {}
            for slot, kept in self._kept.items():
                if slot // 2 not in halved or kept.interest > halved[slot // 2].interest:
                    halved[slot // 2] = kept
            self._kept = halved

    def frames(self) -> list[KeptFrame]:
        """Return the frames that were kept, in the order of their times."""
        return sorted(self._kept.values(), key=lambda kept: kept.moment.time)


class Portraits:
    """Keeps one picture of each person's face, so that a reader knows who a number is.

    Args:
        framing: How faces are cut out.
    """

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._kept: dict[int, tuple[float, Image.Image]] = {}

    def add(self, frame: Frame, moment: Moment) -> None:
        """Look at the next frame."""
        for each in moment.persons:
            good = (each.detection or 0.0) * min(each.box[2:])
            kept = self._kept.get(each.person)
            if good < BETTER * kept[0] if kept else len(self._kept) >= MOST_PORTRAITS:
                continue
            face = Face(box=each.box, landmarks=each.landmarks, score=each.detection or 0.0)
            photograph = Photograph(Image.fromarray(frame.pixels))
            self._kept[each.person] = good, crop_face(photograph, face, self._framing, max_side=PORTRAIT_SIDE)

    def kept(self) -> dict[int, Image.Image]:
        """Return the faces, by the persons' numbers."""
        return {person: portrait for person, (_, portrait) in self._kept.items()}


def _interest(person: TrackedPerson) -> float:
    """Return how much a face tells: an expression more than none."""
    return 1.0 + (0.0 if person.label == "neutral" else person.probability)


def _small(pixels: np.ndarray) -> Image.Image:
    picture = Image.fromarray(pixels)
    picture.thumbnail((FRAME_SIDE, FRAME_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return picture
