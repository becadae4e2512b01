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
    """Read nothing from a closed stream, write nowhere to one, and spell out what a stream cannot encode."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (it stays open)
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    stdout = _Stdout(sys.stdout)
    try:
        with redirect_stdout(cast(Any, stdout)):
            yield
    finally:
        if stdout.has_failed:  # what is left to write would fail once more when Python ends
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())


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
