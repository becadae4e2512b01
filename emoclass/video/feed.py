"""What all sources of frames have in common: files, streams, cameras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np

__all__ = ["Feed", "Frame"]


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One frame of a video, upright.

    Attributes:
        pixels: uint8 `(height, width, 3)`, RGB, [0, 255], contiguous. Copy them before drawing on them.
        time: Seconds from the start of the video, by the timestamps of its stream.
        number: Position among the frames of the feed, from 0.
    """

    pixels: np.ndarray
    time: float
    number: int


class Feed(Protocol):
    """Frames of one video, in the order of their times. A feed is iterated once, and closed by leaving its `with`.

    Attributes:
        name: What the source is called in messages.
        size: `(width, height)` of all frames, in pixels.
        duration: Seconds from the first frame to the end, as the source states it; None where it states none.
        frame_rate: Average number of frames per second, for progress and for writing; None where it is unknown.
        notes: What was noticed, a sentence each, such as where a damaged file ends. Complete after the last frame.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def size(self) -> tuple[int, int]: ...  # noqa: D102

    @property
    def duration(self) -> float | None: ...  # noqa: D102

    @property
    def frame_rate(self) -> float | None: ...  # noqa: D102

    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102

    def __iter__(self) -> Iterator[Frame]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
