"""The frames of a video file, or of its bytes."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from emoclass.errors import ConfigError, UnreadableVideoError
from emoclass.video.clock import Clock, Tally, timestamp
from emoclass.video.containers import open_video_file, shown_stream
from emoclass.video.feed import Frame
from emoclass.video.pixels import Upright

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

__all__ = ["FileFeed", "VideoLike", "check_range"]

VideoLike: TypeAlias = str | Path | bytes | bytearray | memoryview
"""The path of a video file, or the bytes of one."""

_MISSING_SECONDS = 1.0
"""So much must be missing at the end before a file is said to be cut: durations in headers are not exact."""

_DURATION_NOT_STATED = ("mpeg", "mpegts", "ogg", "gif")
"""Of these formats FFmpeg finds the duration by looking for the last timestamp, so it tells nothing of a cut."""

_SEEK_MARGINS = (0.0, 10.0)
"""Seconds before `start` to seek to. Some formats have no exact index, and land behind the key frame."""

_HIGHEST_RATE = 1000.0
"""Frames per second; more than that is a time base, or a damaged header."""

_HDR = (16, 18)
"""The transfer characteristics PQ and HLG."""


class FileFeed:
    """The frames of a video file, upright, with the times of its stream: a `Feed`.

    Times count from the first frame that a player shows, so its time is 0 whatever its timestamp is. They count from
    there with `start` as well. Frames of another size than the first are scaled to fit, as a player does.

    Of a damaged file, all that can be decoded is kept, and `notes` say what is missing.

    Args:
        source: The file. A regular file and nothing else: no address, no playlist, no device. Or the bytes of a file,
            which are read from memory, and called "video" in messages.
        start: Seconds. Earlier frames are left out; reading starts at the key frame before.
        end: Seconds. Frames from here on are left out.

    Raises:
        MissingPackageError: PyAV is not installed.
        UnreadableVideoError: There is no such file, it is no video, or no frame of it can be decoded.
        ConfigError: `start` or `end` is not a time, or `start` is not before `end`.

    Example:
        >>> with FileFeed("clip.mp4", start=2) as feed:  # doctest: +SKIP
        ...     for frame in feed:
        ...         print(frame.time, frame.pixels.shape)
    """

    def __init__(self, source: VideoLike, *, start: float | None = None, end: float | None = None) -> None:
        check_range(start, end)
        self._source: Path | bytes
        if isinstance(source, bytes | bytearray | memoryview):
            self.name, self._source = "video", bytes(source)
        elif isinstance(source, str | os.PathLike):
            self.name, self._source = str(source), Path(source)
        else:
            raise ConfigError(f"source: expected the path of a video, or its bytes, got {type(source).__name__}.")
        self._start, self._end = start or 0.0, end
        self._interlaced = self._high_range = False
        self._read_until = -math.inf  # in the time of the container
        self._failure: str | None = None
        self._broken, self._damaged, self._other_sizes = Tally(), Tally(), Tally()
        self._time = 0.0
        self._clock = Clock(0.0, 0.0)
        self._lock = threading.Lock()  # FFmpeg crashes where a file is closed while another thread reads it
        self._closed = False
        self._open()
        try:
            decoded = self._decode()
            first = next(decoded, None)
            if first is None:
                raise UnreadableVideoError(self.name, self._why_no_frames())
            self._origin = timestamp(first) or 0.0
            self._upright = Upright(float(self._stream.sample_aspect_ratio or 1))
            self.size = self._upright.size(first)
            self.frame_rate = self._rate()
            self.duration = self._duration()
            frames = self._timed(chain([first], decoded)) if not start else self._seek(start)
            self._frames = self._select(frames)
        except BaseException:
            self.close()
            raise

    @property
    def origin(self) -> float:
        """The timestamp of the first frame, in seconds: where the times of this feed begin on the file's own clock."""
        return self._origin

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed until now."""
        notes = []
        if self._failure:
            notes.append(self._failure)
        for tally, what in (
            (self._broken, "could not be decoded and were left out"),
            (self._damaged, "are damaged and were kept"),
            (self._clock.out_of_order, "have times before those of earlier frames and were left out"),
            (self._other_sizes, f"have another size and were scaled to {self.size[0]}x{self.size[1]}"),
        ):
            if tally.n:
                notes.append(f"frames that {what}: {tally.n}, the first near {tally.first:.2f} s")
        restarts = self._clock.restarts
        if restarts.n:
            notes.append(
                f"timestamps that start anew: {restarts.n}, the first at {restarts.first:.2f} s; "
                "times go on from there without a gap"
            )
        if self._interlaced:
            notes.append("interlaced: of each frame one field was kept")
        if self._high_range:
            notes.append("HDR: the colors were converted without tone mapping")
        return tuple(notes)

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; iteration ends. Another thread that is reading a frame is waited for."""
        with self._lock:
            self._closed = True
            self._shut()

    def _shut(self) -> None:
        self._container.close()
        self._file.close()

    def _open(self) -> None:
        self._file, self._container = open_video_file(self._source, self.name)
        try:
            self._stream = shown_stream(self._container, self.name)
        except BaseException:
            self._shut()
            raise

    def _decode(self) -> Iterator[VideoFrame]:
        """Decode from where the container is, and pass over what cannot be decoded."""
        import av

        packets = self._container.demux()
        while True:
            try:
                packet = next(packets)
            except (StopIteration, IndexError):  # PyAV 18 stumbles at the end over streams that appeared late
                failure = None
                break
            except (av.FFmpegError, OSError) as error:
                failure = error
                break
            if not packet.size:  # the end; not always announced for each stream
                continue
            self._note_end(packet)
            if packet.stream is self._stream:
                yield from self._decode_packet(packet)
        last: Packet[Any] = av.Packet()  # asks for what the decoder still holds
        last.time_base = self._stream.time_base or Fraction(1)
        yield from self._decode_packet(last)
        if failure is None:
            self._failure = self._cut()
        else:
            reason = "" if isinstance(failure, av.FFmpegError) else f" ({failure.strerror})"
            self._failure = f"damaged: nothing can be read after {self._time:.2f} s{reason}"

    def _decode_packet(self, packet: Packet[Any]) -> list[VideoFrame]:
        import av

        try:
            return self._stream.codec_context.decode(packet)
        except av.error.EOFError:
            return []
        except av.FFmpegError:
            self._broken.add(self._time)
            return []

    def _note_end(self, packet: Packet[Any]) -> None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None:
            self._read_until = max(self._read_until, float((stamp + (packet.duration or 0)) * packet.time_base))

    def _cut(self) -> str | None:
        """Say what is missing at the end, going by the duration in the header: a cut file ends without an error."""
        container, stream = self._container, self._stream
        if not container.duration or container.format.name in _DURATION_NOT_STATED:
            return None
        seconds = container.duration / 1e6
        if container.format.name == "avi" and stream.time_base:  # its duration goes by the size of the file
            seconds = max(seconds, float(stream.frames * stream.time_base))
        if (container.start_time or 0) / 1e6 + seconds - self._read_until <= _MISSING_SECONDS:
            return None
        return f"cut: it ends after {self._time:.2f} s, and its header states {seconds:.2f} s"

    def _timed(self, frames: Iterator[VideoFrame]) -> Iterator[tuple[float, VideoFrame]]:
        """Add to frames their times from the first one on, rising."""
        clock = self._clock = Clock(self._origin, 1 / (self.frame_rate or 25))
        for frame in frames:
            time = clock.time_of(timestamp(frame))
            if time is not None:
                self._time = time
                yield time, frame

    def _seek(self, start: float) -> Iterator[tuple[float, VideoFrame]]:
        """Return the frames from the key frame before `start` on, or from an earlier one."""
        import av

        for margin in _SEEK_MARGINS:
            target = self._origin + max(0.0, start - margin)
            try:
                self._container.seek(int(target / (self._stream.time_base or 1)), stream=self._stream)
            except (av.FFmpegError, OverflowError):
                break
            self._failure, self._broken = None, Tally()
            frames = self._timed(self._decode())
            first = next(frames, None)
            if first is not None and first[0] <= start:
                return chain([first], frames)
        self._shut()
        self._open()
        self._failure, self._broken = None, Tally()
        return self._timed(self._decode())

    def _select(self, frames: Iterator[tuple[float, VideoFrame]]) -> Iterator[Frame]:
        import av

        number = 0
        while True:
            with self._lock:
                if self._closed:
                    return
                time, frame = next(frames, (0.0, None))
            if frame is None:
                break
            if time < self._start:
                continue
            if self._end is not None and time >= self._end:
                break
            try:
                pixels = self._upright.pixels(frame, self.size)
            except (av.FFmpegError, ValueError):  # colors that a damaged header states, and that nothing can convert
                self._broken.add(time)
                continue
            self._notice(time, frame)
            yield Frame(pixels, time, number)
            number += 1
        if not number and self._broken.n:
            raise UnreadableVideoError(self.name, self._why_no_frames())
        if not number:
            raise UnreadableVideoError(self.name, f"no frames from {self._start:g} s on: it ends at {self._time:.2f} s")

    def _notice(self, time: float, frame: VideoFrame) -> None:
        self._interlaced |= frame.interlaced_frame
        self._high_range |= frame.color_trc in _HDR
        if frame.is_corrupt:
            self._damaged.add(time)
        if self._upright.size(frame) != self.size:
            self._other_sizes.add(time)

    def _rate(self) -> float | None:
        rate = float(self._stream.average_rate or self._stream.guessed_rate or 0)
        return rate if 0 < rate <= _HIGHEST_RATE else None

    def _duration(self) -> float | None:
        stream = self._stream
        seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        seconds = seconds or (self._container.duration or 0) / 1e6
        return seconds if seconds > 0 else None

    def _why_no_frames(self) -> str:
        if self._broken.n:
            return "no frame can be decoded: damaged, encrypted, or encoded in an unknown way"
        return self._failure or "no frames"


def check_range(start: float | None, end: float | None) -> None:
    """Refuse a part of a video that is none.

    Raises:
        ConfigError: `start` or `end` is not a time, or `start` is not before `end`.
    """
    for name, value in (("start", start), ("end", end)):
        if value is not None and not (isinstance(value, int | float) and 0 <= value < math.inf):
            raise ConfigError(f"{name}: expected seconds from the start of the video, got {value!r}.")
    if end is not None and end <= (start or 0):
        raise ConfigError(f"end: expected more than start ({start or 0:g} s), got {end:g} s.")
