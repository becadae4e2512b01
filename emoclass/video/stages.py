"""Watch the frames of a feed, with the stages overlapped: while one frame is judged, the next ones are searched."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing

from emoclass.concurrency import ordered_map
from emoclass.values.video import Moment
from emoclass.video.feed import Frame
from emoclass.video.watcher import Look, Watcher


def watched(frames: Iterable[Frame], watcher: Watcher, *, threads: int, ahead: int) -> Generator[tuple[Frame, Moment]]:
    """Yield each frame with what is seen in it.

    Frames are read in the caller's thread, which also judges, and searched for faces in others: OpenCV, PyAV and
    LiteRT release Python's lock.

    Args:
        frames: Of a feed, in the order of their times.
        watcher: What watches them; it must not be closed meanwhile.
        threads: How many threads look for faces.
        ahead: How many frames are under way at most, the one that is yielded among them.
    """

    def look(item: tuple[Frame, bool]) -> tuple[Frame, Look]:
        frame, search = item
        return frame, watcher.look(frame.pixels, search=search)

    items = ((frame, watcher.searches(frame.time)) for frame in frames)
    with closing(ordered_map(look, items, threads, ahead=ahead)) as looks:
        for frame, seen in looks:
            yield frame, watcher.follow(seen, frame.time)
