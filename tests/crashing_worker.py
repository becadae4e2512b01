"""A worker that some images end at once, or stop for ever, as a fault in a decoder's native code would."""

from __future__ import annotations

import os
import time

from emoclass.serving import worker

CRASHES, HANGS = b"crashes", b"hangs"


def _problem(self, data):
    if data == CRASHES:
        os.abort()
    if data == HANGS:
        time.sleep(600)
    return _checked(self, data)


_checked = worker.Worker._problem
worker.Worker._problem = _problem

if __name__ == "__main__":
    worker.main()
