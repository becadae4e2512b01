"""Watch a video: who shows which emotion, moment by moment."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from emoclass.concurrency import MAX_THREADS, available_threads, check_count
from emoclass.errors import ConfigError
from emoclass.inference.classifier import Classifier
from emoclass.inference.pretrained import DEFAULT, fast_variant
from emoclass.plugin.registry import Registry
from emoclass.values.text import printable
from emoclass.values.video import EmotionEvent, Moment, PersonSummary, WatchedVideo
from emoclass.video.feed import Feed, Frame
from emoclass.video.files import FileFeed, VideoLike
from emoclass.video.persons import Persons
from emoclass.video.stages import watched
from emoclass.video.watcher import SMOOTHING, Watcher

if TYPE_CHECKING:
    from emoclass.values.labels import LabelScheme

__all__ = ["Watching", "watch"]


class Watching:
    """A video that is being watched: iterate over its moments, once.

    It is a context manager, too, which closes the video; at its end, or if the iteration is given up, it closes by
    itself.

    Attributes:
        name: The file or the address as it was given; "video" for bytes.
        title: What the video is called: a file's name without its folder, or the address.
        size: `(width, height)` of its frames in pixels.
        duration: How long it is, in seconds; None where nobody knows.
        frame_rate: Frames a second, on the average; None where nobody knows.
        classifier: The model.
        model: What it is called: its own name, or that of a plugin's pretrained model, such as `faces:faces:fast`.
        frame: The frame of the last moment, with its pixels; None before the first.
        events: The events that are complete; all of them at the end.
        totals: How many frames there were, from when to when, and how long each person showed each emotion.
    """

    def __init__(
        self,
        feed: Feed,
        watcher: Watcher,
        *,
        threads: int,
        ahead: int,
        model: str,
        end: float | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        self.title = Path(feed.name).name if isinstance(feed, FileFeed) else feed.name
        self.name, self.size, self.duration, self.frame_rate = feed.name, feed.size, feed.duration, feed.frame_rate
        self.classifier: Classifier = watcher.classifier
        self.model = model
        self.frame: Frame | None = None
        self.events: list[EmotionEvent] = []
        self.totals = Persons(self.classifier.labels.emotions, feed.frame_rate)
        self._feed = feed
        self._notes = tuple(notes)
        frames = feed if end is None else takewhile(lambda frame: frame.time < end, feed)
        self._moments = self._watch(watcher, watched(frames, watcher, threads=threads, ahead=ahead))

    def __iter__(self) -> Iterator[Moment]:
        return self._moments

    def __next__(self) -> Moment:
        return next(self._moments)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def persons(self) -> tuple[PersonSummary, ...]:
        """The persons until now, with how long each showed each emotion."""
        return self.totals.summaries()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers must know, such as where a damaged file ends."""
        return (*self._notes, *self._feed.notes)

    def close(self) -> None:
        """Stop watching: the persons and events until now are complete."""
        self._moments.close()
        self._feed.__exit__(None, None, None)

    def _watch(self, watcher: Watcher, moments: Generator[tuple[Frame, Moment]]) -> Generator[Moment]:
        with ExitStack() as stack:
            stack.enter_context(self._feed)
            stack.callback(self._finish, watcher)
            for frame, moment in stack.enter_context(closing(moments)):
                self.frame = frame
                self.events += moment.events
                self.totals.add(moment)
                yield moment

    def _finish(self, watcher: Watcher) -> None:
        rest = watcher.close()
        self.totals.close()
        self.totals.add_events(rest)
        self.events += rest


def watch(
    source: VideoLike,
    model: str | Path | Classifier = "faces",
    *,
    live: bool = False,
    start: float | None = None,
    end: float | None = None,
    every: float = 0.0,
    smoothing: float = SMOOTHING,
    labels: str | Iterable[str] | LabelScheme | None = None,
    largest: bool = False,
    min_face: float = 0.0,
    min_detection: float = 0.0,
    detector: str | None = None,
    threads: int | None = None,
    registry: Registry | None = None,
) -> Watching:
    """Watch a video: find the faces, follow each person, and classify and smooth the emotions.

    Memory does not grow with the length of the video. Frames that come from elsewhere, such as from OpenCV, are given
    to `Watcher` one by one.

    Args:
        source: A video file: its path, or its bytes, which are read from memory. With `live`, an address that begins
            with rtsp://, rtsps://, udp:// or tcp://, or a camera, such as camera:0.
        model: What `load` takes, or a classifier. A name without a variant, such as `faces`, takes the pretrained
            model that is called `fast`, where there is one; `faces:faces:default` names the other.
        live: Whether the source is a stream or a camera. Otherwise it is a file, whatever its name looks like.
        start: Leave out what comes before, in seconds.
        end: Leave out what comes after, in seconds; a live source is left then.
        every: The model looks at each person so often, in seconds; 0 lets it look in every frame. In between, faces
            are found and followed.
        smoothing: The time constant of the smoothing, in seconds; 0 does not smooth.
        labels: Restrict the model to these emotions.
        largest: Whether the largest face of each frame alone is watched.
        min_face: Smaller faces are left out: the square root of the box's area, in pixels of the frame.
        min_detection: Faces that the detector is less sure of are left out. Range: [0, 1].
        detector: A face detector's name; None takes the one that the model was measured with, or else `yunet`.
        threads: Threads that look for faces, 1 to 256; None takes one a processor.
        registry: The plugins; None discovers the installed ones.

    Returns:
        An iterator over the moments of the video, one a frame, which also has the persons and the events.

    Raises:
        ConfigError: A setting of another type or out of range.
        MissingPackageError: PyAV is not installed: `pip install "emoclass[video]"`.
        UnreadableVideoError: The video cannot be read.
        BundleError: There is no such model.
        PluginError: No detector is installed, or nobody offers the one that was named.

    Example:
        >>> watching = watch("clip.mp4", model="faces")  # doctest: +SKIP
        >>> for moment in watching:  # doctest: +SKIP
        ...     for person in moment.persons:
        ...         print(moment.time, person.person, person.label)
        >>> [(event.person, event.emotion, event.start) for event in watching.events]  # doctest: +SKIP
        [(1, 'surprised', 12.4)]
    """
    if threads is not None:
        check_count("threads", threads, MAX_THREADS)
    if live and start is not None:
        raise ConfigError("start: expected none with live, which begins now.")
    if live and not isinstance(source, str | Path):
        raise ConfigError(f"source: expected an address or a camera with live, got {type(source).__name__}.")
    registry = registry or Registry.discover()
    notes = []
    if isinstance(model, str) and (fast := fast_variant(model, registry)):
        other = f"{fast.rpartition(':')[0]}:{DEFAULT}"
        notes.append(f"the model is {fast}, which is faster and less accurate than {other}.")
        model = fast
    watcher = Watcher(
        model, labels=labels, detector=detector, largest=largest, min_face=min_face, min_detection=min_detection,
        smoothing=smoothing, every=every, registry=registry,
    )  # fmt: skip
    if watcher.classifier.expects == "photograph":
        notes.append("the model expects whole photographs: its metrics say nothing of faces that are cut out.")
    threads = threads or available_threads()
    is_variant = isinstance(model, str) and ":" in model and not Path(model).exists()
    name = str(model) if is_variant else watcher.classifier.name
    if not live:
        feed: Feed = FileFeed(source, start=start, end=end)
        return Watching(feed, watcher, threads=threads, ahead=2 * threads, notes=notes, model=name)
    from emoclass.video.live import LiveFeed

    # Of a live source the newest frame counts: one is searched while the one before is judged, and no more wait.
    return Watching(LiveFeed(str(source)), watcher, threads=threads, ahead=2, end=end, notes=notes, model=name)


def watched_video(
    watching: Watching,
    *,
    took: float,
    is_interrupted: bool = False,
    folder: Path | None = None,
    notes: Iterable[str] = (),
) -> WatchedVideo:
    """Sum up a video that was watched, and is closed.

    Args:
        watching: The video.
        took: Seconds that it took.
        is_interrupted: Whether it was stopped before the end.
        folder: Where the tables and the report are; None where nothing was written.
        notes: What is to be said besides the notes of `watching`.
    """
    (width, height), totals = watching.size, watching.totals
    return WatchedVideo(
        folder=folder,
        name=printable(watching.title),
        source=printable(watching.name),
        model=printable(watching.model),
        labels=watching.classifier.labels.emotions,
        width=width,
        height=height,
        frames=totals.frames,
        start=totals.start,
        end=totals.end,
        persons=watching.persons,
        events=tuple(sorted(watching.events, key=lambda event: (event.start, event.person))),
        took=took,
        is_interrupted=is_interrupted,
        notes=(*watching.notes, *notes),
    )
