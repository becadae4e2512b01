"""Write down what is seen in a video: tables, a picture, a page, and an annotated copy."""

from __future__ import annotations

import io
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from emoclass.reporting.folders.video import VideoFolder
from emoclass.reporting.pages.video import video_page
from emoclass.reporting.plots.canvas import shorten
from emoclass.reporting.plots.timeline import Course, draw_timeline
from emoclass.values.video import Moment, WatchedVideo
from emoclass.video.draw import annotated_frame
from emoclass.video.events import BEGINS, ENDS, MERGED, SHORTEST
from emoclass.video.feed import Frame
from emoclass.video.follow import PATIENCE, SURE
from emoclass.video.record import KeyFrames, Portraits, Timeline
from emoclass.video.write import Codec, VideoWriter
from emoclass.workflows.watch import Watching, watched_video

ANNOTATED, TIMELINE, REPORT = "annotated.mp4", "timeline.png", "report.html"

STOPPED = "it was stopped before the end."
"""What the notes say of a video that was not watched to its end."""

AHEAD = 4
"""So many frames wait at most to be drawn on and encoded."""


class Recording:
    """Writes a folder while a video is watched; every file in it is whole at any time, or not there.

    After an error before the first frame, such as a `start` behind the end, there is no folder either.

    Args:
        folder: Where to write.
        watching: The video.
        settings: How it is watched, in words, for the report.
        annotate: The source of the sound of an annotated copy, or an empty text for one without sound; None writes no
            copy.
        codec: Of the annotated copy: `vp9` or `h264`.
        start: Where the copy begins, in seconds of the video; None for its beginning.

    Raises:
        OutputError: The folder cannot be written.
    """

    def __init__(
        self,
        folder: VideoFolder,
        watching: Watching,
        settings: Mapping[str, str],
        *,
        annotate: str | None = None,
        codec: Codec = "vp9",
        start: float | None = None,
    ) -> None:
        self._began = time.monotonic()
        self._folder, self._watching, self._settings = folder, watching, dict(settings)
        self._labels = watching.classifier.labels.emotions
        self._timeline = Timeline(self._labels)
        self._frames = KeyFrames()
        self._portraits = Portraits(watching.classifier.bundle.manifest.framing)
        self._stack = ExitStack()
        self._stack.enter_context(folder)
        self._n_events = 0
        self._copy: AnnotatedCopy | None = None
        try:
            folder.begin(self._labels)
            if annotate is not None:
                copy = AnnotatedCopy(folder.path / ANNOTATED, watching, annotate, codec, start or 0.0)
                self._copy = self._stack.enter_context(copy)
        except BaseException:
            folder.discard()
            raise

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)
        if error[0] is not None and not self._watching.totals.frames:
            self._folder.discard()

    def add(self, moment: Moment) -> None:
        """Write down the moment that `watching` gave last.

        Raises:
            OutputError: It cannot be written.
        """
        frame = self._watching.frame
        assert frame is not None
        self._folder.add(moment)
        self._n_events += len(moment.events)
        self._timeline.add(moment)
        self._frames.add(frame, moment)
        self._portraits.add(frame, moment)
        if self._copy is not None:
            self._copy.add(frame, moment)

    def finish(self, *, is_interrupted: bool = False) -> WatchedVideo:
        """Write what is known only at the end, and return what was seen; `watching` is closed.

        Raises:
            OutputError: It cannot be written.
        """
        watching = self._watching
        watching.close()
        self._folder.add_events(watching.events[self._n_events :])
        self._stack.close()
        video = watched_video(
            watching,
            took=time.monotonic() - self._began,
            is_interrupted=is_interrupted,
            folder=self._folder.path,
            notes=(*(self._copy.notes if self._copy else ()), *([STOPPED] if is_interrupted else [])),
        )
        courses = self._timeline.courses(video.persons, video.events)
        frames = [(kept.picture, kept.moment) for kept in self._frames.frames()]
        self._folder.write_persons(video.persons)
        self._folder.write(TIMELINE, _timeline(video, courses))
        page = video_page(video, courses, self._portraits.kept(), frames, self._settings)
        self._folder.write(REPORT, page.encode("utf-8", "backslashreplace"))
        self._folder.write_summary({**video.to_json(), "settings": self._settings})
        return video


class AnnotatedCopy:
    """Draws on frames and encodes them, in a thread of its own; a context manager that completes the file.

    Args:
        path: The file.
        watching: The video.
        sound_of: Where the sound is taken from; an empty text takes none.
        codec: `vp9` or `h264`.
        start: Where it begins, in seconds of the video.
    """

    def __init__(self, path: Path, watching: Watching, sound_of: str, codec: Codec, start: float) -> None:
        size, rate = watching.size, watching.frame_rate
        self._writer = VideoWriter(
            path, size=size, frame_rate=rate, codec=codec, sound_of=sound_of or None, start=start
        )
        self._pool = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> AnnotatedCopy:
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            while self._waiting:
                self._waiting.popleft().result()
        finally:
            self._pool.shutdown()
            self._writer.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is missing in the copy, such as the sound; complete at the end."""
        return self._writer.notes

    def add(self, frame: Frame, moment: Moment) -> None:
        """Draw on the next frame, and write it, soon."""
        self._waiting.append(self._pool.submit(self._write, frame, moment))
        if len(self._waiting) > AHEAD:
            self._waiting.popleft().result()

    def _write(self, frame: Frame, moment: Moment) -> None:
        self._writer.write(annotated_frame(frame.pixels, moment.persons), frame.time)


def in_words(watching: Watching, *, smoothing: float, every: float, **limits: Any) -> dict[str, str]:
    """Return how a video is watched, as names and values for the report.

    Args:
        watching: The video.
        smoothing: The time constant in seconds.
        every: How often a person is classified, in seconds.
        limits: Further settings of `watch`; those that are not set are left out.
    """
    search = watching.classifier.chosen_search
    words = {
        "Model": f"{watching.classifier.name} ({', '.join(watching.classifier.labels.emotions)})",
        "Face detector": search.finder.spec.name if search is not None and search.finder is not None else "",
        "Classified": f"each person every {every:g} s" if every else "each face in every frame",
        "Smoothing": f"exponential, time constant {smoothing:g} s" if smoothing else "none",
        "Persons": f"a face that is found for {SURE:g} s; followed while it is missing for up to {PATIENCE:g} s",
        "Events": f"from a smoothed probability of {BEGINS:g} until below {ENDS:g}, at least {SHORTEST:g} s long; "
        f"gaps under {MERGED:g} s are closed",
    }
    asked = [f"{name.replace('_', ' ')}: {value}" for name, value in limits.items() if value and name != "labels"]
    if asked:
        words["Options"] = ", ".join(asked)
    return words | {"Version": f"emoclass {version('emoclass')}"}


def _timeline(video: WatchedVideo, courses: list[Course]) -> bytes:
    png = io.BytesIO()
    title = f"{shorten(video.name, 48)}: smoothed probabilities over time; bars are events"
    figure = draw_timeline(courses, video.labels, video.start, video.end, title)
    # No software name and version inside: the same numbers give the same bytes.
    figure.savefig(png, format="png", metadata={"Software": None})
    return png.getvalue()
