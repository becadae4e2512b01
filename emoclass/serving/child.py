"""What every process does first that the service starts."""

from __future__ import annotations

import os
import signal
from typing import BinaryIO


def begin() -> BinaryIO:
    """Leave signals to the service, and return where answers are written.

    The service finishes what is under way, and then closes stdin, which ends this process.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    return answers
