"""Find events in smoothed probabilities: from when to when a person shows an emotion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emoclass.values.video import EmotionEvent

BEGINS, ENDS = 0.5, 0.4
"""An event begins when a probability reaches the first, and ends when it falls below the second: one that wavers around
a single threshold would make many events."""

SHORTEST = 0.3
"""Shorter events are left out, in seconds."""

MERGED = 0.3
"""Two events of one emotion with a shorter gap, in seconds, are one."""


@dataclass
class _Stretch:
    """A stretch of time in which an emotion stays above the thresholds."""

    emotion: str
    start: float
    end: float
    peak: float
    peak_time: float


class EventFinder:
    """Finds the events of one person while the frames come.

    Args:
        person: The person's number.
    """

    def __init__(self, person: int) -> None:
        self._person = person
        self._now: _Stretch | None = None
        self._ended: list[_Stretch] = []  # not long ago: they may go on

    def update(self, scores: Mapping[str, float], time: float) -> list[EmotionEvent]:
        """Take a person's smoothed probabilities at a time in seconds, and return the events that are complete now."""
        now = self._now
        if now is not None and scores[now.emotion] >= ENDS:
            now.end = time
            if scores[now.emotion] > now.peak:
                now.peak, now.peak_time = scores[now.emotion], time
        elif now is not None:
            if time - now.end <= MERGED:  # else nobody knows what was in between
                now.end = time
            self._ended.append(now)
            self._now = None
        best = max(scores, key=lambda emotion: scores[emotion])
        if self._now is None and scores[best] >= BEGINS:
            self._now = self._begun(best, scores[best], time)
        old = [each for each in self._ended if time - each.end >= MERGED]
        self._ended = [each for each in self._ended if time - each.end < MERGED]
        return self._events(old)

    def close(self) -> list[EmotionEvent]:
        """Return the rest of the events: the face was lost, or the video ended."""
        rest = [*self._ended, *([self._now] if self._now else [])]
        self._now, self._ended = None, []
        return self._events(rest)

    def _begun(self, emotion: str, probability: float, time: float) -> _Stretch:
        """Return a new stretch, or the one of the same emotion that ended a moment ago."""
        for index, before in enumerate(self._ended):
            if before.emotion == emotion and time - before.end < MERGED:
                del self._ended[index:]  # those in between are shorter than an event
                before.end = time
                if probability > before.peak:
                    before.peak, before.peak_time = probability, time
                return before
        return _Stretch(emotion, time, time, probability, time)

    def _events(self, stretches: list[_Stretch]) -> list[EmotionEvent]:
        return [
            EmotionEvent(
                person=self._person,
                emotion=each.emotion,
                start=each.start,
                end=each.end,
                peak=each.peak,
                peak_time=each.peak_time,
            )
            for each in stretches
            if each.end - each.start >= SHORTEST
        ]
