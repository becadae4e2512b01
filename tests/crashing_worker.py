"""A worker that some images end at once, as a decoder's native code or the system would, or stop for ever."""

from __future__ import annotations

import os
import signal
import time

from emoclass.serving import worker

CRASHES, KILLED, HANGS = b"crashes", b"killed", b"hangs"


def _problem(self, data):
    if data == CRASHES:
        os.abort()
    if data == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    if data == HANGS:
        time.sleep(600)
    return _checked(self, data)


_checked = worker.Worker._problem
worker.Worker._problem = _problem

if __name__ == "__main__":
    worker.main()
