"""Watch frames one after the other: find the faces, follow them, let a model judge them, and smooth what it says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from emoclass.data.photograph import Photograph
from emoclass.errors import ConfigError, DataError
from emoclass.faces.find import find
from emoclass.faces.frame import DRAFT_FACTOR, frame, shows_nothing
from emoclass.inference.classifier import Classifier
from emoclass.inference.load import load
from emoclass.inference.predictions import prediction
from emoclass.inference.pretrained import fast_variant
from emoclass.plugin.registry import Registry
from emoclass.values.faces import Face
from emoclass.values.video import EmotionEvent, Moment, TrackedPerson
from emoclass.video.events import EventFinder
from emoclass.video.follow import Follower
from emoclass.video.scenes import CutFinder, thumbnail
from emoclass.video.smooth import Smoother

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emoclass.plugin.registry import Registry
    from emoclass.values.labels import LabelScheme

SMOOTHING = 0.3
"""The time constant of the smoothing, in seconds."""

SEARCHED, MOST_SEARCHED = 1 / 35, 0.1
"""Faces are looked for no sooner than so many seconds after the last time: in every frame at 30 frames a second, in
every other one at 60. Where a person is classified only every so often, half of that is soon enough, up to the second
figure. In between, faces are where their movement leads them."""


@dataclass(frozen=True)
class Look:
    """What is seen in a frame by itself.

    Attributes:
        picture: The frame.
        faces: Those in it; None where they were not looked for.
        thumbnail: What tells a cut.
    """

    picture: Photograph
    faces: tuple[Face, ...] | None
    thumbnail: np.ndarray


@dataclass
class _Person:
    smoother: Smoother
    events: EventFinder
    judged: float = -math.inf
    raw: Mapping[str, float] | None = field(default=None)


class Watcher:
    """Follows the faces in frames that are given one after the other, such as from a camera, and classifies them.

    Each frame is answered at once; no later frame is needed. Watchers may share a classifier, each in a thread of its
    own: a watcher holds the state of one video, and is called by one thread at a time.

    Args:
        model: What `emoclass.load` takes, or a classifier; how it looks for faces, `with_faces` may have said. A name
            without a variant, such as `faces`, takes the pretrained model that is called `fast`, where there is one.
        labels: Restrict the model to these emotions, as `Classifier.among` does.
        detector: A face detector's name; None takes the one that the model was measured with, or else `yunet`.
        largest: Whether the largest face of each frame alone is watched.
        min_face: Smaller faces are left out: the square root of the box's area, in pixels of the frame.
        min_detection: Faces that the detector is less sure of are left out. Range: [0, 1].
        smoothing: The time constant of the smoothing, in seconds; 0 does not smooth.
        every: The model looks at each person so often, in seconds; 0 lets it look in every frame. In between, faces
            are followed, and keep their probabilities.
        registry: The plugins; None discovers the installed ones.

    Attributes:
        classifier: The model.

    Raises:
        ConfigError: A value of another type or out of range.
        BundleError: There is no such model.
        PluginError: No detector is installed, or nobody offers the one that was named.

    Example:
        >>> watcher = Watcher("faces")  # doctest: +SKIP
        >>> while True:  # doctest: +SKIP
        ...     pixels, seconds = next_frame()
        ...     for person in watcher(pixels, seconds).persons:
        ...         print(person.person, person.label, person.probability)
    """

    def __init__(
        self,
        model: str | Path | Classifier,
        *,
        labels: str | Iterable[str] | LabelScheme | None = None,
        detector: str | None = None,
        largest: bool = False,
        min_face: float = 0.0,
        min_detection: float = 0.0,
        smoothing: float = SMOOTHING,
        every: float = 0.0,
        registry: Registry | None = None,
    ) -> None:
        for name, value in (("smoothing", smoothing), ("every", every)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise ConfigError(f"{name}: expected seconds from 0, got {value!r}.")
        registry = registry or Registry.discover()
        if isinstance(model, str):
            model = fast_variant(model, registry) or model
        classifier = model if isinstance(model, Classifier) else load(model, registry=registry)
        limits: dict[str, Any] = {"largest": largest, "min_face": min_face, "min_detection": min_detection}
        search = classifier.chosen_search
        if detector is not None or any(limits.values()) or search is None or search.finder is None:
            classifier = classifier.with_faces("find", detector=detector, registry=registry, **limits)
            search = classifier.chosen_search
        assert search is not None and search.finder is not None
        self.classifier = classifier if labels is None else classifier.among(labels)
        self._search = search
        self._smoothing = smoothing
        self._every = every
        self._search_seconds = max(SEARCHED, min(MOST_SEARCHED, every / 2))
        self._searched = -math.inf
        self._cuts = CutFinder()
        self._follower = Follower()
        self._persons: dict[int, _Person] = {}
        self._time: float | None = None
        self._count = 0

    def __call__(self, pixels: np.ndarray, time: float) -> Moment:
        """Watch the next frame.

        Args:
            pixels: RGB, upright. Shape: uint8 `(height, width, 3)`, [0, 255]. OpenCV's frames are BGR: give
                `frame[..., ::-1]`.
            time: When it was taken, in seconds from any moment on; later than the frame before.

        Returns:
            The persons in the frame, and the events that became complete.

        Raises:
            DataError: No such array, or a time that is not later.
        """
        time = _later(time, self._time)
        return self.follow(self.look(pixels, search=self.searches(time)), time)

    def searches(self, time: float) -> bool:
        """Tell whether faces are looked for in the next frame; called once for each, in order."""
        is_due = time - self._searched >= self._search_seconds
        if is_due:
            self._searched = time
        return is_due

    def look(self, pixels: np.ndarray, *, search: bool = True) -> Look:
        """Find the faces of a frame, by itself; several threads may look at several frames of one video.

        Args:
            pixels: As for a call.
            search: What `searches` says.

        Raises:
            DataError: It is no uint8 array `(height, width, 3)`.
        """
        is_array = isinstance(pixels, np.ndarray)
        if not is_array or pixels.dtype != np.uint8 or pixels.shape[2:] != (3,) or not pixels.size:
            shape = f"{pixels.dtype} {pixels.shape}" if is_array else type(pixels).__name__
            raise DataError(f"frame: expected RGB pixels, uint8 (height, width, 3), got {shape}.")
        image = Image.fromarray(np.ascontiguousarray(pixels))
        picture = Photograph(image)
        return Look(picture, self._find(picture) if search else None, thumbnail(image))

    def _find(self, picture: Photograph) -> tuple[Face, ...]:
        return find(picture, self._search.finder, "find", largest=self._search.largest).faces

    def follow(self, look: Look, time: float) -> Moment:
        """Follow and judge the faces that `look` found in the next frame.

        Raises:
            DataError: The time is not later than that of the frame before.
        """
        time = self._time = _later(time, self._time)
        is_cut = self._cuts.update(look.thumbnail)
        if is_cut and look.faces is None:
            look = replace(look, faces=self._find(look.picture))
        if look.faces is None:
            found = sorted(self._follower.expected(time), key=lambda each: each[1].center)
        else:
            found = self._follower.update(look.faces, time, is_cut=is_cut)
        lost = [self._persons.pop(number) for number in self._follower.lost if number in self._persons]
        events = [event for person in lost for event in person.events.close()]
        for number, _ in found:
            if number not in self._persons:
                self._persons[number] = _Person(Smoother(self._smoothing), EventFinder(number))
        self._judge(look.picture, found, time)
        persons = []
        for number, face in found:
            person = self._persons[number]
            if person.smoother.value is None:  # nothing could be seen in it yet
                continue
            smoothed = prediction(None, person.smoother.value, self.classifier.labels)
            persons.append(
                TrackedPerson(
                    **dict(smoothed),
                    box=face.box,
                    landmarks=face.landmarks,
                    detection=None if look.faces is None else face.score,
                    person=number,
                    raw=person.raw,
                )
            )
            events += person.events.update(smoothed.scores, time)
        width, height = look.picture.size
        number, self._count = self._count, self._count + 1
        return Moment(
            time=time, frame=number, width=width, height=height, persons=tuple(persons), is_cut=is_cut,
            events=tuple(events),
        )  # fmt: skip

    def close(self) -> tuple[EmotionEvent, ...]:
        """Return the events that still went on: the video is over."""
        persons, self._persons = self._persons, {}
        return tuple(event for person in persons.values() for event in person.events.close())

    def _judge(self, picture: Photograph, found: Sequence[tuple[int, Face]], time: float) -> None:
        """Let the network look at the faces whose turn it is."""
        numbers, crops = [], []
        for number, face in found:
            person = self._persons[number]
            person.raw = None
            if time - person.judged < self._every:
                continue
            pixels = framed(picture, face, self.classifier)
            if not shows_nothing(pixels):
                numbers.append(number)
                crops.append(pixels)
        if not crops:
            return
        emotions = self.classifier.labels.emotions
        for number, row in zip(numbers, self.classifier.scores(np.stack(crops)), strict=True):
            if not np.isnan(row[0]):
                person = self._persons[number]
                person.smoother.update(row, time)
                person.raw = dict(zip(emotions, row.tolist(), strict=True))
                person.judged = time


def _later(time: Any, before: float | None) -> float:
    # numpy's numbers are numbers, too: times are often taken from an array.
    if not isinstance(time, Real) or not math.isfinite(time) or (before is not None and time <= before):
        after = "" if before is None else f" after {before:g}"
        raise DataError(f"time: expected seconds{after}, got {time!r}.")
    return float(time)


def framed(picture: Photograph, face: Face, classifier: Classifier) -> np.ndarray:
    """Return a face as the network sees it, from no more pixels than it takes.

    A face that fills a frame is scaled down by a whole number first: 10 ms become 3 at 1280x720.
    """
    framing, shape = classifier.bundle.manifest.framing, classifier.image_shape
    factor = math.floor(framing.side * face.box[3] / (DRAFT_FACTOR * max(shape[:2])))
    if factor < 2:
        return frame(picture, face, framing, shape)
    image = picture.at_least(picture.longer)
    reach = framing.side * face.box[3]  # more than the diagonal's half, however it is turned
    (x, y), (width, height) = face.center, image.size
    left, top = max(0, math.floor((x - reach) / factor) * factor), max(0, math.floor((y - reach) / factor) * factor)
    right, bottom = min(width, math.ceil(x + reach)), min(height, math.ceil(y + reach))
    if right - left < factor or bottom - top < factor:  # it is outside, but for a rim
        return frame(picture, face, framing, shape)
    part = image.crop((left, top, right, bottom)).reduce(factor)
    there = face.moved(by=(-left, -top)).moved(scale=(1 / factor, 1 / factor))
    return frame(Photograph(part), there, framing, shape)
