"""Keep TensorFlow's remarks, which it writes past Python, from the terminal."""

from __future__ import annotations

import importlib
import os
import sys

from emoclass.keras_backend import require_keras
from emoclass.native_output import output_aside


def import_keras_quietly() -> None:
    """Import Keras and its backend without the page of remarks on processors and graphics cards it greets with.

    Whoever set TF_CPP_MIN_LOG_LEVEL wants to read the remarks and does. TensorFlow writes them before its log level
    counts (tensorflow #100442). If the import fails, they are shown.

    Raises:
        ConfigError: Keras cannot be imported here; see `require_keras`.
    """
    require_keras()
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
