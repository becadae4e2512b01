"""From the timestamps of a stream to times that begin at 0 and rise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_LARGEST_STEP_BACK = 1.0
"""Frames whose times go back by less, in seconds, are left out; by more: the clock of the stream started anew."""

_LARGEST_GAP = 86400.0
"""Seconds between two frames; more than a day is a damaged timestamp."""


def timestamp(frame: VideoFrame) -> float | None:
    """Return the time of a frame on the clock of its container, in seconds."""
    time = frame.time
    return time if time is not None and math.isfinite(time) else None


class Tally:
    """Counts what happens now and then, and remembers the first time."""

    def __init__(self) -> None:
        self.n = 0
        self.first = 0.0

    def add(self, time: float) -> None:
        """Count one more, at a time in seconds."""
        self.first = time if not self.n else self.first
        self.n += 1


class Clock:
    """Tells the times of a video's frames, in seconds from its first one.

    Args:
        origin: The timestamp that is time 0.
        step: Seconds from one frame to the next, where timestamps are missing or start anew.

    Attributes:
        out_of_order: Frames that were left out since their timestamps are before earlier ones.
        restarts: Where the timestamps started anew; time goes on without a gap.
    """

    def __init__(self, origin: float, step: float) -> None:
        self.out_of_order = Tally()
        self.restarts = Tally()
        self._origin, self._step = origin, step
        self._last: float | None = None

    def time_of(self, stamp: float | None) -> float | None:
        """Return the time of the next frame; None if it has to be left out.

        Args:
            stamp: Its timestamp; None where it has none.

        Example:
            >>> clock = Clock(5.0, 0.5)
            >>> [clock.time_of(stamp) for stamp in (5.0, 5.5, 5.2, None, 6.5, 0.0, 0.5)]
            [0.0, 0.5, None, 1.0, 1.5, 2.0, 2.5]
        """
        last = self._last
        following = 0.0 if last is None else round(last + self._step, 6)
        time = following if stamp is None else round(stamp - self._origin, 6)  # 0.4, not 0.39999999999999997
        if last is not None and not last < time < last + _LARGEST_GAP:
            if last - _LARGEST_STEP_BACK < time <= last:
                self.out_of_order.add(last)
                return None
            self._origin += time - following
            time = following
            self.restarts.add(time)
        self._last = time
        return time
