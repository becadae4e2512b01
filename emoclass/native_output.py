"""What native libraries such as TensorFlow and LiteRT write past Python."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import BinaryIO, cast

from emoclass.errors import EmoclassError

_ONE_AT_A_TIME = threading.RLock()
"""Two threads that turned a descriptor at the same time could restore it in the wrong order, and lose it for good."""


@contextmanager
def output_aside() -> Iterator[None]:
    """Turn the process's stdout and stderr aside while the block runs; what was written is shown if it fails.

    File descriptors 1 and 2 themselves are turned, for the sake of libraries that write past Python. What other
    threads write meanwhile goes the same way.
    """
    with _aside((1, 2), lambda written, failed: written if failed else b""):
        yield


@contextmanager
def messages_aside() -> Iterator[None]:
    """Hold stderr back while the block runs; what was written is shown if it fails and no error of ours says why."""
    with _aside((2,), lambda written, failed: written if failed else b"", told_by=EmoclassError):
        yield


@contextmanager
def stderr_without(unwanted: bytes) -> Iterator[None]:
    """Hold stderr back while the block runs, and show it afterwards without the lines that contain `unwanted`."""

    def wanted(written: bytes, failed: bool) -> bytes:
        return b"".join(line for line in written.splitlines(keepends=True) if unwanted not in line)

    with _aside((2,), wanted):
        yield


@contextmanager
def _aside(
    descriptors: Sequence[int], shown: Callable[[bytes, bool], bytes], *, told_by: type[Exception] | tuple[()] = ()
) -> Iterator[None]:
    """Turn file descriptors to memory, or to a temporary file, while the block runs.

    Args:
        descriptors: Of the process.
        shown: Called with what was written and whether the block failed; returns what stderr is given afterwards.
        told_by: An exception that says itself what is wrong: with it, the block does not count as failed.
    """
    with _ONE_AT_A_TIME, ExitStack() as stack:
        try:
            aside = stack.enter_context(_scratch())
        except OSError:  # nowhere to write, as in a read-only container
            yield
            return
        _flush()
        saved = {}
        for descriptor in descriptors:
            with suppress(OSError):  # closed: nothing can be written there anyway
                saved[descriptor] = os.dup(descriptor)
        for descriptor in saved:
            os.dup2(aside.fileno(), descriptor)
        failed = False
        try:
            yield
        except Exception as error:
            failed = not isinstance(error, told_by)
            raise
        finally:
            _flush()
            for descriptor, copy in saved.items():
                os.dup2(copy, descriptor)
                os.close(copy)
            aside.seek(0)
            if 2 in saved and (rest := shown(aside.read(), failed)):
                with suppress(OSError):  # nobody reads it any more
                    os.write(2, rest)


def _scratch() -> BinaryIO:
    if hasattr(os, "memfd_create"):  # Linux: it needs no folder that can be written to
        return os.fdopen(os.memfd_create("messages"), "w+b")
    return cast(BinaryIO, tempfile.TemporaryFile())


def _flush() -> None:
    """Write out what Python holds back, so that it goes where it was meant to go."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):  # a broken pipe, which the next write reports; closed
                stream.flush()
