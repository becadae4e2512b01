"""The end of a command."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SLOW_TO_END = "tensorflow"


@contextmanager
def ending_at_once() -> Iterator[None]:
    """End the process, once a command has succeeded, without taking TensorFlow apart, which takes 1.5 s.

    Threads have ended by then, and everything that was registered with `atexit` later has run. A command that fails
    ends in the ordinary way.
    """
    has_succeeded = False

    def leave() -> None:
        if has_succeeded and SLOW_TO_END in sys.modules:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            except OSError:  # Python tells it with its exit code
                return
            os._exit(0)

    atexit.register(leave)
    try:
        yield
        has_succeeded = True
    except SystemExit as done:
        has_succeeded = done.code in (0, None)
        raise
