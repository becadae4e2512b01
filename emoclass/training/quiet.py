"""Keep TensorFlow's remarks, which it writes past Python, from the terminal."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def import_keras_quietly() -> None:
    """Import Keras and its backend without the page of remarks on processors and graphics cards it greets with.

    Whoever set TF_CPP_MIN_LOG_LEVEL wants to read the remarks and does. TensorFlow writes them before its log level
    counts (tensorflow #100442). If the import fails, they are shown.
    """
    if "keras" in sys.modules or "tensorflow" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    try:
        with output_aside():
            keras = importlib.import_module("keras")
            if keras.backend.backend() == "tensorflow":
                # Looking for devices is what complains of missing CUDA drivers.
                importlib.import_module("tensorflow").config.list_physical_devices()
    finally:  # TensorFlow has read it; a process that is started from here shall not take it for a user's wish
        del os.environ["TF_CPP_MIN_LOG_LEVEL"]


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
