"""Import TensorFlow without the page of remarks on processors and graphics cards that it greets with."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile


def import_keras_quietly() -> None:
    """Import Keras and its backend; whoever set TF_CPP_MIN_LOG_LEVEL wants to read the remarks and does.

    TensorFlow writes them past Python, straight to file descriptor 2, and before its log level counts
    (tensorflow #100442), so the descriptor itself is turned aside meanwhile. If the import fails, they are shown.
    """
    if "keras" in sys.modules or "tensorflow" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            keras = importlib.import_module("keras")
            if keras.backend.backend() == "tensorflow":
                # Looking for devices is what complains of missing CUDA drivers.
                importlib.import_module("tensorflow").config.list_physical_devices()
        except Exception:
            aside.seek(0)
            os.write(stderr, aside.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
