"""What native libraries such as TensorFlow and LiteRT write past Python."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def output_aside() -> Iterator[None]:
    """Turn the process's stdout and stderr aside while the block runs; what was written is shown if it fails.

    File descriptors 1 and 2 themselves are turned, for the sake of libraries that write past Python. What other
    threads write meanwhile goes the same way.
    """
    _flush()
    saved = {}
    for descriptor in (1, 2):
        with suppress(OSError):  # closed: nothing can be written there anyway
            saved[descriptor] = os.dup(descriptor)
    with tempfile.TemporaryFile() as aside:
        for descriptor in saved:
            os.dup2(aside.fileno(), descriptor)
        try:
            yield
        except Exception:
            _flush()
            aside.seek(0)
            if 2 in saved:
                os.write(saved[2], aside.read())
            raise
        finally:
            _flush()
            for descriptor, copy in saved.items():
                os.dup2(copy, descriptor)
                os.close(copy)


def _flush() -> None:
    """Write out what Python holds back, so that it goes where it was meant to go."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
