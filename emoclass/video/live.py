"""Frames that arrive now: a stream of the network, or a camera."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from emoclass.errors import ConfigError, MissingPackageError, UnreadableVideoError
from emoclass.video.clock import Clock, timestamp
from emoclass.video.containers import DEMUXERS, require_av, shown_stream, tolerant
from emoclass.video.feed import Frame
from emoclass.video.pixels import Upright

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["LiveFeed"]

_PROTOCOLS = {
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsps,rtsp,rtp,srtp,udp,tcp,tls",
    "udp": "udp",
    "tcp": "tcp",
}
"""What FFmpeg may open for each kind of address: files and web addresses never."""

_CAMERA = re.compile(r"camera:(\d{1,3})")


class LiveFeed:
    """The frames of a stream or a camera, the newest one first in turn: a `Feed`.

    A thread receives and decodes; who is slower than the source gets the newest frame and misses those between. So
    frames are never late by more than one, and memory stays flat. The times are those of the stream, of a camera the
    moment when a frame came, each from the first frame on. The feed ends when the source does.

    Args:
        source: An address such as `rtsp://camera.example/stream`, `rtsps:`, `udp://@:5000` or `tcp:`; or `camera:0`.
        timeout_seconds: After so long without a frame the source counts as dead.

    Raises:
        ConfigError: `source` is none of these.
        MissingPackageError: PyAV, or for a camera OpenCV, is not installed.
        UnreadableVideoError: No frame comes in time, or nobody answers.
    """

    duration: float | None = None

    def __init__(self, source: str, *, timeout_seconds: float = 10.0) -> None:
        receive = _receiver(source, timeout_seconds)
        self.name = _without_password(source)
        self.frame_rate: float | None = None
        self._timeout = timeout_seconds
        self._missed = 0
        self._number = 0
        self._changed = threading.Condition()
        self._newest: _Picture | None = None
        self._failure: Exception | None = None
        self._ended = self._closed = False
        threading.Thread(target=self._receive, args=(receive,), daemon=True, name=f"live {self.name}").start()
        try:
            first = self._wait()
            if first is None:
                raise self._failure or UnreadableVideoError(self.name, "no frames: the stream ended at once")
        except BaseException:
            self.close()
            raise
        self._first: _Picture | None = first
        self.size = first.size
        self._end: str | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed until now."""
        missed = (f"frames that were missed because newer ones had come: {self._missed}",) if self._missed else ()
        return (*((self._end,) if self._end else ()), *missed)

    def __iter__(self) -> Iterator[Frame]:
        while True:
            picture, self._first = self._first or self._wait(), None
            if picture is None:
                if isinstance(self._failure, UnreadableVideoError):
                    self._end = f"the stream stopped: {self._failure.reason}"
                elif self._failure is not None:
                    raise self._failure
                return
            yield Frame(picture.pixels(self.size), picture.time, self._number)
            self._number += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop receiving. The thread ends with the next frame, or when its time is up."""
        with self._changed:
            self._closed = True
            self._newest = None
            self._changed.notify_all()

    def _wait(self) -> _Picture | None:
        """Return the newest picture, waiting for one; None at the end."""
        until = time.monotonic() + self._timeout
        with self._changed:
            while self._newest is None and not self._ended and not self._closed:
                left = until - time.monotonic()
                if left <= 0:
                    self._failure = UnreadableVideoError(self.name, f"nothing came for {self._timeout:g} s")
                    return None
                self._changed.wait(left)
            picture, self._newest = self._newest, None
            return picture

    def _receive(self, receive: Callable[[], Iterator[_Picture]]) -> None:
        """Run in the thread: keep the newest picture."""
        try:
            for picture in receive():
                with self._changed:
                    if self._closed:
                        return
                    self._missed += self._newest is not None
                    self._newest = picture
                    self._changed.notify_all()
        except Exception as error:  # raised again where frames are taken
            self._failure = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()


class _Picture:
    """A frame as it came; what nobody looks at is not converted to RGB."""

    def __init__(self, time: float, size: tuple[int, int], pixels: Callable[[tuple[int, int]], np.ndarray]) -> None:
        self.time, self.size, self.pixels = time, size, pixels


def _receiver(source: str, timeout: float) -> Callable[[], Iterator[_Picture]]:
    """Return the function that receives pictures."""
    camera = _CAMERA.fullmatch(source)
    if camera:
        if find_spec("cv2") is None:
            raise MissingPackageError(
                f"{source}: expected OpenCV (cv2) to be installed, found none.",
                hint="Install with: pip install emoclass-yunet",
            )
        return lambda: _from_camera(int(camera[1]))
    scheme = source.partition("://")[0].lower()
    if scheme not in _PROTOCOLS or "://" not in source:
        raise ConfigError(
            f"live: expected camera:NUMBER or an address of {', '.join(_PROTOCOLS)}, got {source!r}.",
            hint="Files are read without --live.",
        )
    require_av()
    return lambda: _from_network(source, scheme, timeout)


def _from_network(address: str, scheme: str, timeout: float) -> Iterator[_Picture]:
    import av

    name = _without_password(address)
    options = {
        "protocol_whitelist": _PROTOCOLS[scheme],
        "format_whitelist": "rtsp" if scheme.startswith("rtsp") else DEMUXERS,
        "fflags": "nobuffer",
        **({"rtsp_flags": "prefer_tcp"} if scheme.startswith("rtsp") else {}),
        **({"overrun_nonfatal": "1"} if scheme == "udp" else {}),
    }
    heard = time.monotonic()
    try:
        with av.open(address, "r", options=options, timeout=timeout, **tolerant()) as container:
            stream = shown_stream(container, name)
            stream.thread_type = "SLICE"  # threads for whole frames would hold some of them back
            upright = Upright(float(stream.sample_aspect_ratio or 1))
            clock: Clock | None = None
            for packet in container.demux(stream):
                heard = time.monotonic()
                for frame in _decode(packet):
                    if clock is None:
                        clock = Clock(timestamp(frame) or 0.0, 0.04)
                    at = clock.time_of(timestamp(frame))
                    if at is not None:
                        yield _Picture(at, upright.size(frame), partial(upright.pixels, frame))
    except av.FFmpegError as error:
        # RTSP says other things than "exit requested" when the time is up.
        if isinstance(error, av.error.ExitError) or time.monotonic() - heard >= timeout:
            raise UnreadableVideoError(name, f"nothing came for {timeout:g} s") from None
        raise UnreadableVideoError(name, (error.strerror or str(error)).rstrip(".").lower()) from None


def _decode(packet: Any) -> list[VideoFrame]:
    import av

    try:
        return list(packet.decode())
    except av.FFmpegError:  # a packet that was lost or damaged on its way
        return []


def _from_camera(index: int) -> Iterator[_Picture]:
    import cv2

    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)  # it writes several lines about a camera that is not there
    try:
        capture = cv2.VideoCapture(index)
    finally:
        logging.setLogLevel(level)
    try:
        if not capture.isOpened():
            raise UnreadableVideoError(f"camera:{index}", "no such camera, or another program uses it")
        begin: float | None = None
        while True:
            came, blue_first = capture.read()
            if not came:
                return
            now = time.monotonic()
            begin = now if begin is None else begin
            yield _Picture(now - begin, blue_first.shape[1::-1], _to_rgb(blue_first))
    finally:
        capture.release()


def _to_rgb(blue_first: np.ndarray) -> Callable[[tuple[int, int]], np.ndarray]:
    return lambda size: np.ascontiguousarray(blue_first[..., ::-1])  # a camera keeps its size


def _without_password(address: str) -> str:
    """Return an address without the name and the password in it."""
    try:
        parts = urlsplit(address)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2] if parts.username else parts.netloc))
    except ValueError:
        return address
