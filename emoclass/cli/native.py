"""What native libraries write past Python. Imports nothing slow: `predict` needs it before all else."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from emoclass.errors import EmoclassError


@contextmanager
def native_messages_aside() -> Iterator[None]:
    """Keep what LiteRT writes past Python off the terminal; show it where loading fails and no error says why."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except EmoclassError:
            raise
        except Exception:
            aside.seek(0)
            os.write(saved, aside.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
