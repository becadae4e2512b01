"""Write an annotated video: frames with their times, and the sound of the original."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from emoclass.errors import ConfigError, OutputError, UnreadableVideoError
from emoclass.video.containers import require_av
from emoclass.video.sound import Sound

if TYPE_CHECKING:
    from av.video.stream import VideoStream

__all__ = ["Codec", "VideoWriter"]

Codec = Literal["vp9", "h264"]

_ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "32", "row-mt": "1", "tile-columns": "2"}),
    "h264": ("libx264", {"preset": "superfast", "crf": "23"}),
}
"""FFmpeg's encoders, and settings that keep up with 25 frames a second; their defaults are made for films."""

_TIME_BASE = Fraction(1, 90000)

_BT709 = 1
_LIMITED_RANGE = 1


class VideoWriter:
    """Writes an MP4, frame by frame, with the time of each.

    The file is complete when the writer is closed, also by an error or Ctrl-C: it holds all frames until then. It is
    written beside its place as `NAME.part`, and renamed at the end. Without a frame there is no file.

    Args:
        path: Where to write; no file is overwritten.
        size: `(width, height)` of the frames. An odd one is made even by repeating the last column or row.
        frame_rate: Frames per second, for the encoder and for how long the last frame is shown; None where unknown.
        codec: `vp9`, or `h264`, which needs a PyAV with libx264.
        sound_of: The video file whose sound to take along: copied, or encoded anew where MP4 cannot hold it.
        start: The time, in seconds of that video, at which the written one begins.

    Raises:
        MissingPackageError: PyAV is not installed.
        OutputError: The file exists, or cannot be written.
        ConfigError: The installed PyAV cannot encode `codec`.

    Example:
        >>> with FileFeed("a.mp4") as feed, VideoWriter(
        ...     "out.mp4", size=feed.size, frame_rate=feed.frame_rate, sound_of="a.mp4"
        ... ) as writer:  # doctest: +SKIP
        ...     for frame in feed:
        ...         writer.write(frame.pixels, frame.time)
    """

    def __init__(
        self,
        path: str | Path,
        *,
        size: tuple[int, int],
        frame_rate: float | None = None,
        codec: Codec = "vp9",
        sound_of: str | Path | None = None,
        start: float = 0.0,
    ) -> None:
        require_av()
        import av

        self.path = Path(path)
        self.notes: tuple[str, ...] = ()
        self._part = self.path.with_name(self.path.name + ".part")
        self._size, self._start = size, start
        self._step = 1 / (frame_rate or 25)
        self._last: int | None = None
        self._closed = False
        self._lock = threading.Lock()  # FFmpeg crashes where a file is closed while another thread writes it
        self._sound: Sound | None = None
        for place in (self.path, self._part):
            if os.path.lexists(place):
                raise OutputError(f"{place}: already exists.", hint="Choose another name, or remove it.")
        try:
            self._part.touch(exist_ok=False)
            self._output = av.open(str(self._part), "w", format="mp4")
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._stream = self._add_stream(codec, frame_rate)
            if sound_of is not None:
                self._add_sound(Path(sound_of))
            self._output.start_encoding()
        except BaseException:
            self._discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, pixels: np.ndarray, time: float) -> None:
        """Add a frame.

        Args:
            pixels: uint8 `(height, width, 3)`, RGB, of the size that was stated.
            time: Seconds, later than that of the frame before.

        Raises:
            OutputError: It cannot be written, such as on a full disk.
        """
        import av

        width, height = self._size
        if pixels.shape != (height, width, 3) or pixels.dtype != np.uint8:
            raise ValueError(f"expected uint8 ({height}, {width}, 3), got {pixels.dtype} {pixels.shape}")
        if width % 2 or height % 2:
            pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame = rgb.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", threads=1)
        stamp = round((time - self._start) / _TIME_BASE)
        if self._last is not None and stamp <= self._last:
            raise ValueError(f"expected a time after {self._start + float(self._last * _TIME_BASE)} s, got {time} s")
        frame.pts, frame.time_base = stamp, _TIME_BASE
        with self._lock:
            if self._closed:
                raise ValueError(f"{self.path}: the writer is closed")
            self._last = stamp
            try:
                self._output.mux(self._stream.encode(frame))
                if self._sound is not None:
                    self._sound.write_until(float(stamp * _TIME_BASE))
            except OSError as error:
                raise self._unwritable(error) from error

    def close(self) -> None:
        """Finish the file; with no frames, leave none. Another thread that is writing a frame is waited for."""
        with self._lock:
            if not self._closed:
                self._finish()

    def _finish(self) -> None:
        if self._last is None:
            self._discard()
            return
        self._closed = True
        try:
            self._output.mux(self._stream.encode(None))
            if self._sound is not None:
                self._sound.write_until(float(self._last * _TIME_BASE) + self._step)
                self.notes += self._sound.notes
            self._output.close()
        except OSError as error:
            self._discard()
            raise self._unwritable(error) from error
        finally:
            if self._sound is not None:
                self._sound.close()
        if os.path.lexists(self.path):
            raise OutputError(f"{self.path}: was created meanwhile; the video is {self._part}.")
        self._part.rename(self.path)

    def _add_stream(self, codec: str, frame_rate: float | None) -> VideoStream:
        import av

        if codec not in _ENCODERS:
            raise ConfigError(f"codec: expected {' or '.join(_ENCODERS)}, got {codec!r}.")
        encoder, options = _ENCODERS[codec]
        try:
            stream: Any = self._output.add_stream(
                encoder, rate=Fraction(frame_rate or 25).limit_denominator(1001), options=options
            )
        except av.codec.codec.UnknownCodecError:
            raise ConfigError(
                f"codec {codec}: expected a PyAV with {encoder}, got one without.",
                hint="The wheels of PyPI have it; vp9 and h264 are the choices.",
            ) from None
        stream.width, stream.height = (side + side % 2 for side in self._size)
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = _TIME_BASE
        context.bit_rate = 0  # for VP9: the quality decides alone
        context.thread_count = 2
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        return stream  # type: ignore[no-any-return]

    def _add_sound(self, path: Path) -> None:
        try:
            self._sound = Sound(path, self._output, start=self._start)
        except UnreadableVideoError as error:
            self.notes += (f"no sound: {error.reason}",)

    def _discard(self) -> None:
        """Remove what was begun."""
        self._closed = True
        if self._sound is not None:
            self._sound.close()
        with suppress(OSError, ValueError):
            self._output.close()
        with suppress(OSError):
            self._part.unlink()

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"{self.path}: cannot be written ({error.strerror or error}).")
