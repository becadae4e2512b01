"""Ctrl-C that is not lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from emoclass.progress import Progress


@contextmanager
def insisting(progress: Progress) -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C, and again when the next step or epoch of the training is reported.

    Python ignores an exception that arises in a destructor, and TensorFlow has many: without a second one the run
    would go on to its end, now and then, as if nothing had been typed.
    """
    typed = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        typed.set()
        raise KeyboardInterrupt

    def insist(tell: Callable[..., None]) -> Callable[..., None]:
        def told(*args: Any) -> None:
            if typed.is_set():
                raise KeyboardInterrupt
            tell(*args)

        return told

    # Whoever started this process deaf to Ctrl-C, or calls it from a thread, has other plans.
    listens = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not listens or threading.current_thread() is not threading.main_thread():
        yield
        return
    for name in ("batch", "epoch"):
        setattr(progress, name, insist(getattr(progress, name)))
    signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C sets, for work that is ended between two steps; a second Ctrl-C interrupts at once."""
    typed = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if typed.is_set():
            raise KeyboardInterrupt
        typed.set()

    # Whoever started this process deaf to Ctrl-C, or calls it from a thread, has other plans.
    listens = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not listens or threading.current_thread() is not threading.main_thread():
        yield typed
        return
    signal.signal(signal.SIGINT, on_signal)
    try:
        yield typed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
