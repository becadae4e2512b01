"""The folder that `emoclass video` writes: tables that grow while the video is watched, and are whole at any time."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from emoclass.errors import OutputError
from emoclass.values.cells import to_cells
from emoclass.values.video import EmotionEvent, Moment, PersonSummary

FRAMES, EVENTS, PERSONS, SUMMARY = "frames.csv", "events.csv", "persons.csv", "video.json"

_FLUSHED = 1.0
"""The tables on disk are at most so many seconds old."""


class VideoFolder:
    """A new folder for what is seen in a video; a context manager that closes its tables.

    Args:
        path: The folder: new, or an empty one.

    Raises:
        OutputError: It holds something, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stack = ExitStack()
        self._files: list[IO[str]] = []
        self._flushed = time.monotonic()
        with self._writing(path):
            if path.exists() and (not path.is_dir() or next(path.iterdir(), None) is not None):
                raise OutputError(
                    f"folder {path}: expected a new or empty folder, so that no file is overwritten.",
                    hint="Choose another --out.",
                )
            path.mkdir(parents=True, exist_ok=True)

    def begin(self, emotions: Sequence[str]) -> None:
        """Write the heads of the tables.

        Args:
            emotions: Those of the model, in class order.
        """
        self._emotions = tuple(emotions)
        place = ["left", "top", "width", "height", "detection"]
        raw = [f"{emotion}_raw" for emotion in emotions]
        self._frames = self._table(FRAMES, ["frame", "time", "person", *place, "label", "probability", *emotions, *raw])
        self._events = self._table(EVENTS, ["person", "emotion", "start", "end", "seconds", "peak", "peak_time"])

    def __enter__(self) -> VideoFolder:
        return self

    def __exit__(self, *_: object) -> None:
        with self._writing(self.path):
            self._stack.close()

    def discard(self) -> None:
        """Remove the folder, if nothing but the heads of its own tables is in it: the video could not be watched."""
        with suppress(OSError):
            self._stack.close()
            for file in self._files:
                Path(file.name).unlink()
            self.path.rmdir()

    def add(self, moment: Moment) -> None:
        """Write a row for each person in a frame, and for each event that became complete."""
        with self._writing(self.path / FRAMES):
            for each in moment.persons:
                raw = [""] * len(self._emotions) if each.raw is None else _numbers(each.raw[e] for e in self._emotions)
                self._frames.writerow(
                    [
                        moment.frame,
                        f"{moment.time:.4f}",
                        each.person,
                        *(f"{value:.1f}" for value in each.box),
                        "" if each.detection is None else f"{each.detection:.3f}",
                        *to_cells([each.label]),
                        f"{each.probability:.4f}",
                        *_numbers(each.scores[emotion] for emotion in self._emotions),
                        *raw,
                    ]
                )
        self.add_events(moment.events)
        if time.monotonic() - self._flushed >= _FLUSHED:
            with self._writing(self.path):
                for file in self._files:
                    file.flush()
            self._flushed = time.monotonic()

    def add_events(self, events: Sequence[EmotionEvent]) -> None:
        """Write a row for each event."""
        with self._writing(self.path / EVENTS):
            for event in events:
                times = [f"{value:.3f}" for value in (event.start, event.end, event.seconds)]
                peak = [f"{event.peak:.4f}", f"{event.peak_time:.3f}"]
                self._events.writerow(to_cells([event.person, event.emotion, *times, *peak]))

    def write_persons(self, persons: Sequence[PersonSummary]) -> None:
        """Write a row for each person, with how long it showed each emotion."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        seconds = [f"{emotion}_seconds" for emotion in self._emotions]
        table.writerow(["person", "start", "end", "frames", "visible_seconds", "label", "events", *to_cells(seconds)])
        for each in persons:
            times = [f"{each.start:.3f}", f"{each.end:.3f}", each.frames, f"{each.visible:.3f}"]
            shares = [f"{each.seconds[emotion]:.3f}" for emotion in self._emotions]
            table.writerow([each.person, *times, *to_cells([each.label]), each.n_events, *shares])
        self.write(PERSONS, text.getvalue().encode())

    def write_summary(self, document: dict[str, Any]) -> None:
        """Write what was watched, with which settings."""
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        self.write(SUMMARY, text.encode("utf-8", "backslashreplace"))

    def write(self, name: str, content: bytes) -> None:
        """Write a file that is whole or not there."""
        partial = self.path / f".partial-{name}"
        with self._writing(self.path / name):
            try:
                partial.write_bytes(content)
                partial.replace(self.path / name)
            finally:
                partial.unlink(missing_ok=True)

    def _table(self, name: str, header: Sequence[str]) -> Any:
        with self._writing(self.path / name):
            file = self._stack.enter_context((self.path / name).open("x", encoding="utf-8", newline=""))
        self._files.append(file)
        table = csv.writer(file, lineterminator="\n")
        table.writerow(to_cells(header))
        return table

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error}).") from error


def _numbers(values: Iterable[float]) -> list[str]:
    return [f"{value:.4f}" for value in values]
