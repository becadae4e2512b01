"""Open a video file, or the bytes of one, so that FFmpeg reads this one file and nothing else.

FFmpeg takes names for addresses and protocols (`http:`, `concat:`, `subfile,,`), and some containers name other files
that it then opens. So the file is opened here, and FFmpeg gets the opened file without its name; whatever a container
wants opened beside it is refused.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import stat
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from emoclass.data.images import MAX_FILE_BYTES, open_header
from emoclass.errors import MissingPackageError, UnreadableVideoError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

FORMATS = "MP4, MOV, Matroska, WebM, AVI, MPEG, MPEG-TS, WMV, FLV, Ogg and animated GIF"
"""The formats that are read, for messages."""

DEMUXERS = "mov,matroska,webm,avi,mpeg,mpegts,asf,flv,ogg,gif"
"""FFmpeg's names of these formats. None of them is a playlist or opens other files."""

MAX_PIXELS = 2**26
"""The largest frame: 8K video has half as many pixels. A small file may state a size that fills the memory."""

_LIVE_SCHEMES = ("rtsp://", "rtsps://", "udp://", "tcp://", "camera:")


_EMPTY = "empty file"
_INSTALL = 'Install with: pip install "emoclass[video]"'


def require_av() -> None:
    """Raise MissingPackageError where PyAV is not installed, or cannot be imported."""
    if find_spec("av") is None:
        raise MissingPackageError("videos: expected PyAV (av) to be installed, found none.", hint=_INSTALL)
    try:
        importlib.import_module("av")
    except ImportError as error:  # a library that it needs is missing, say
        raise MissingPackageError(
            f"videos: PyAV (av) is installed, but cannot be imported ({error}).", hint=_INSTALL
        ) from error


def open_video_file(source: Path | bytes, name: str) -> tuple[BinaryIO, InputContainer]:
    """Open a video file, and read its header.

    Args:
        source: The file, or its bytes, which stay in memory.
        name: What it is called in messages.

    Returns:
        The file and the container that reads it; close the container first.

    Raises:
        MissingPackageError: PyAV is not installed.
        UnreadableVideoError: There is no such file, it is no regular file, or no video.
    """
    require_av()
    file = _in_memory(source, name) if isinstance(source, bytes) else _open_regular(source, name)
    try:
        _refuse_pictures(file, name)
        return file, _open_container(file, name)
    except BaseException:
        file.close()
        raise


def tolerant() -> dict[str, Any]:
    """Return arguments of `av.open` that let titles be something else than UTF-8; PyAV 19 always does."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}


def shown_stream(container: InputContainer, name: str) -> VideoStream:
    """Return the stream of a container that a player shows, ready to be decoded by several threads.

    Raises:
        UnreadableVideoError: There is none, such as in a recording of sound with a cover picture; it is encoded in an
            unknown way; or its frames are too large.
    """
    from av.stream import Disposition
    from av.video.stream import VideoStream

    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        kinds = sorted({other.type for other in container.streams if other is not stream})
        raise UnreadableVideoError(name, f"no video stream ({', '.join(kinds) or 'no streams at all'})")
    context = stream.codec_context
    if context is None:  # PyAV's type says otherwise
        raise UnreadableVideoError(name, "cannot be decoded: its codec is unknown")
    if context.width * context.height > MAX_PIXELS:
        raise UnreadableVideoError(name, f"too large ({context.width}x{context.height} pixels)")
    context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.thread_type = "AUTO"
    return stream


def _in_memory(data: bytes, name: str) -> BinaryIO:
    if not data:
        raise UnreadableVideoError(name, _EMPTY)
    return io.BytesIO(data)


def _open_regular(path: Path, name: str) -> BinaryIO:
    """Open a regular file; a pipe or a device may never end."""
    try:
        # Before it is opened, since opening alone makes some devices act; and after, if it was exchanged meanwhile.
        _require_regular(path.stat(), name)
        # Opened by number: PyAV passes the name of a Python file on to FFmpeg.
        file = os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb")
    except FileNotFoundError:
        if name.lower().startswith(_LIVE_SCHEMES):
            raise UnreadableVideoError(name, "no such file", "To read a stream or a camera: --live.") from None
        raise UnreadableVideoError(name, "no such file") from None
    except OSError as error:
        raise UnreadableVideoError(name, f"cannot be opened ({error.strerror})") from error
    except ValueError as error:  # a name with a null byte
        raise UnreadableVideoError(name, f"cannot be opened ({error})") from error
    try:
        _require_regular(os.fstat(file.fileno()), name)
    except BaseException:
        file.close()
        raise
    return file


def _require_regular(found: os.stat_result, name: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise UnreadableVideoError(name, f"cannot be opened ({os.strerror(errno.EISDIR)})")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableVideoError(name, "not a regular file")
    if not found.st_size:
        raise UnreadableVideoError(name, _EMPTY)


def _refuse_pictures(file: BinaryIO, name: str) -> None:
    """Refuse pictures, whatever their names end in: FFmpeg opens many as a video of one frame."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > MAX_FILE_BYTES:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = open_header(file)
            animated = bool(getattr(image, "is_animated", False))
    except Exception:  # no picture; Pillow raises whatever a damaged file makes it stumble over
        return
    finally:
        file.seek(0)
    if not animated:
        raise UnreadableVideoError(name, "a picture, expected a video", "To classify pictures: emoclass predict.")
    if image.format != "GIF":
        raise UnreadableVideoError(name, f"an animated picture ({image.format}), expected {FORMATS}")


def _open_container(file: BinaryIO, name: str) -> InputContainer:
    import av

    options = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS, "max_pixels": str(MAX_PIXELS)}
    head = file.read(12)
    file.seek(0)
    try:
        container: InputContainer = av.open(file, "r", options=options, io_open=_refuse, **tolerant())
        return container
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, av.error.ArgumentError):  # what FFmpeg says of formats that are not on the list
            reason = f"not a video (supported: {FORMATS})"
        elif head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            reason = "no frames can be found: the file is damaged, or cut before its index (moov)"
        else:
            reason = f"not a video, or damaged (supported: {FORMATS})"
        raise UnreadableVideoError(name, reason) from error


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """Refuse to open what a container names."""
    raise PermissionError(errno.EACCES, "videos may not open other files", url)
