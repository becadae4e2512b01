"""Follow faces from frame to frame: which face is the same person as one in the frames before.

A face is expected where a constant velocity leads it, and is matched with the found face that overlaps that place most
(intersection over union), all faces of a frame at once. Nothing looks at what a face looks like: a person who was
away gets another number. Times are in seconds, so that it works at any frame rate.

Source: Bewley et al., Simple Online and Realtime Tracking, 2016; the grown boxes: Yang et al., Hard to Track Objects
with Irregular Motions and Similar Appearances? (C-BIoU), 2023.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from emoclass.values.faces import Face

SURE = 0.15
"""A face becomes a person when it has been found for so many seconds, and in more than half of the frames: detectors
take a hand or a pattern for a face, mostly in single frames."""

PATIENCE, SHORT_PATIENCE = 1.0, 0.2
"""A person who is not found for so many seconds, and a face that is no person yet, is given up."""

FEW_FRAMES = 2.0
"""Where frames are far apart, a face is given up no sooner than after so many times the usual time between them."""

GROWN, GROWN_A_SECOND, MOST_GROWN = 0.2, 1.5, 0.6
"""Boxes are compared when each has grown by this share of its sides, to all four sides: at first, for each second since
the face was found, and at most."""

LEAST_OVERLAP = 0.1
"""Grown boxes whose intersection over union is smaller are not the same face."""

TURN = 0.2
"""The velocity adapts with this time constant, in seconds."""

CARRIED = 0.5
"""A face that is not found goes on for so many seconds at its velocity, slowing down all the time."""


@dataclass(eq=False)
class _Track:
    """A face that is followed.

    Attributes:
        face: The face when it was last found.
        first: When it was first found, in seconds.
        last: When it was last found.
        frames: How many frames there were since then.
        found: In how many of them it was found.
        velocity: Of its middle, in pixels a second.
        person: The person's number; 0 while it is no person yet.
    """

    face: Face
    first: float
    last: float
    frames: int = 1
    found: int = 1
    velocity: tuple[float, float] = (0.0, 0.0)
    person: int = 0

    def expected(self, time: float) -> Face:
        """Return the face where it should be by now."""
        carried = CARRIED * (1 - math.exp(-(time - self.last) / CARRIED))
        return self.face.moved(by=(self.velocity[0] * carried, self.velocity[1] * carried))

    def update(self, face: Face, time: float) -> None:
        """Take the face that was found."""
        seconds = time - self.last
        gain = 1 - math.exp(-seconds / TURN)
        moved = [new - old for new, old in zip(face.center, self.face.center, strict=True)]
        x, y = (old + gain * (way / seconds - old) for old, way in zip(self.velocity, moved, strict=True))
        self.velocity = x, y
        self.face, self.last = face, time
        self.found += 1


class Follower:
    """Gives the faces of successive frames the numbers of persons.

    Attributes:
        lost: The numbers of those who were given up in the last frame; they are never used again.

    Example:
        >>> follower = Follower()
        >>> faces = [Face(box=(100.0 + step, 80.0, 50.0, 60.0), score=0.9) for step in range(10)]
        >>> [len(follower.update([face], time=0.04 * step)) for step, face in enumerate(faces)]
        [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._persons = 0
        self._time = -math.inf
        self._interval = math.inf  # from frame to frame, as usual
        self.lost: tuple[int, ...] = ()

    def update(self, faces: Sequence[Face], time: float, *, is_cut: bool = False) -> list[tuple[int, Face]]:
        """Return the persons among the faces of a frame: their numbers and faces, in the order of the faces.

        Args:
            faces: Those that were found in the frame.
            time: Of the frame, in seconds; later than that of the frame before.
            is_cut: Whether another scene begins: nobody is followed into it.
        """
        before, self._time = self._time, time
        followed = [] if is_cut else [track for track in self._tracks if not self._is_lost(track, time)]
        self.lost = tuple(track.person for track in self._tracks if track.person and track not in followed)
        self._interval = time - before if math.isinf(self._interval) else (4 * self._interval + time - before) / 5
        owner: dict[int, _Track] = {}
        # Those of the last frame first: a face that is hidden must not take the place of one that is in sight.
        for tracks in ([t for t in followed if t.last == before], [t for t in followed if t.last != before]):
            rest = [index for index in range(len(faces)) if index not in owner]
            for track, index in _matched(tracks, [faces[each] for each in rest], time):
                owner[rest[index]] = track
        for track in followed:
            track.frames += 1
        persons = []
        for index, face in enumerate(faces):
            if index not in owner:
                followed.append(_Track(face, first=time, last=time))
                continue
            track = owner[index]
            track.update(face, time)
            if not track.person and time - track.first >= SURE and 2 * track.found > track.frames:
                self._persons += 1
                track.person = self._persons
            if track.person:
                persons.append((track.person, face))
        self._tracks = followed
        return persons

    def _is_lost(self, track: _Track, time: float) -> bool:
        return time - track.last > max(PATIENCE if track.person else SHORT_PATIENCE, FEW_FRAMES * self._interval)

    def expected(self, time: float) -> list[tuple[int, Face]]:
        """Return the persons of the last frame where they should be by now; no faces were looked for in this one."""
        there = [track for track in self._tracks if track.person and track.last == self._time]
        return [(track.person, track.expected(time)) for track in there]


def _matched(tracks: Sequence[_Track], faces: Sequence[Face], time: float) -> list[tuple[_Track, int]]:
    """Return which track goes on with which face: the pairs whose boxes overlap most in sum."""
    if not tracks or not faces:
        return []
    grown = np.array([min(GROWN + GROWN_A_SECOND * (time - track.last), MOST_GROWN) for track in tracks])
    overlap = _overlap(
        np.array([track.expected(time).box for track in tracks]), np.array([face.box for face in faces]), grown
    )
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    return [(tracks[i], int(j)) for i, j in zip(rows, columns, strict=True) if overlap[i, j] >= LEAST_OVERLAP]


def _overlap(some: np.ndarray, others: np.ndarray, grown: np.ndarray) -> np.ndarray:
    """Return the intersection over union of all pairs of boxes, after each has grown.

    Shapes: `(n, 4)` and `(m, 4)`, left, top, width, height; `(n,)` -> `(n, m)`.
    """
    by = grown[:, None, None]
    a, b = some[:, None], others[None]
    size_a, size_b = a[..., 2:] * (1 + 2 * by), b[..., 2:] * (1 + 2 * by)
    low_a, low_b = a[..., :2] - a[..., 2:] * by, b[..., :2] - b[..., 2:] * by
    sides = np.minimum(low_a + size_a, low_b + size_b) - np.maximum(low_a, low_b)
    shared = np.clip(sides, 0, None).prod(axis=-1)
    overlap: np.ndarray = shared / (size_a.prod(axis=-1) + size_b.prod(axis=-1) - shared)
    return overlap
