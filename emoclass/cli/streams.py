"""Standard streams that may be closed, full, or unable to encode a character."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any, cast

from emoclass.errors import OutputError


@contextmanager
def safe_streams() -> Iterator[None]:
    """Tell of a stdout that cannot be written, of no other stream, and spell out what a stream cannot encode."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if name == "stdout" and stream is None:
            # Open for reading only, so that whoever prints there gets an error, and no other file takes its number.
            sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), mode, encoding="utf-8")
        elif stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (it stays open)
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, _Stderr):  # it stays: errors are printed after this
        sys.stderr = cast(Any, _Stderr(sys.stderr))
    stdout = _Stdout(sys.stdout)
    try:
        with redirect_stdout(cast(Any, stdout)):
            yield
    finally:
        if stdout.has_failed:  # what is left to write would fail once more when Python ends
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())


class _Stderr:
    """Stderr that leaves out what it cannot write: there is nowhere to tell it, and the exit code is to stay."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class _Stdout:
    """Stdout that tells a full disk as an error of the user's, which only the stream itself can tell from our own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.has_failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._failing():
            return int(self._stream.write(text))

    def flush(self) -> None:
        with self._failing():
            self._stream.flush()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.has_failed = True
            if error.errno == errno.EPIPE:  # whoever read it has seen enough; click ends the command silently
                raise
            raise OutputError(f"stdout: cannot be written ({error.strerror}).") from error
