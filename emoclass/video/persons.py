"""Sum up the moments of a video for each person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from emoclass.values.video import EmotionEvent, Moment, PersonSummary


@dataclass
class _Sum:
    start: float
    end: float
    frames: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    n_events: int = 0


class Persons:
    """Sums up how long each person showed each emotion. A frame lasts until the next one.

    Args:
        emotions: Those of the model, in class order.
        frame_rate: Frames a second, for how long the only frame of a video lasts; None where it is unknown.

    Attributes:
        frames: How many moments there were.
        start: The time of the first one, in seconds.
        end: The end of the last one.
    """

    def __init__(self, emotions: Sequence[str], frame_rate: float | None = None) -> None:
        self._emotions = tuple(emotions)
        self._persons: dict[int, _Sum] = {}
        self._last: Moment | None = None
        self._interval = 1 / (frame_rate or 25)
        self.frames = 0
        self.start = self.end = 0.0

    def add(self, moment: Moment) -> None:
        """Add the next moment."""
        if self._last is not None:
            self._interval = moment.time - self._last.time
            self._count(self._last)
        else:
            self.start = moment.time
        self._last = moment
        self.frames += 1
        self.end = moment.time + self._interval
        self.add_events(moment.events)

    def add_events(self, events: Sequence[EmotionEvent]) -> None:
        """Count events, also those that the end of the video made complete."""
        for event in events:
            self._persons[event.person].n_events += 1

    def close(self) -> None:
        """Count the last frame; it lasts as long as the one before."""
        if self._last is not None:
            self._count(self._last)
        self._last = None

    def summaries(self) -> tuple[PersonSummary, ...]:
        """Return all persons, by their numbers."""
        return tuple(
            PersonSummary(
                person=number,
                start=person.start,
                end=person.end,
                frames=person.frames,
                seconds={emotion: person.seconds[emotion] for emotion in self._emotions},
                n_events=person.n_events,
            )
            for number, person in sorted(self._persons.items())
        )

    def _count(self, moment: Moment) -> None:
        for each in moment.persons:
            person = self._persons.setdefault(each.person, _Sum(moment.time, moment.time))
            person.end = moment.time + self._interval
            person.frames += 1
            person.seconds[each.label] += self._interval
