"""How work is spread over threads: how many there are, and results that come in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from emoclass.errors import ConfigError

A = TypeVar("A")
B = TypeVar("B")

MAX_THREADS = 256
"""Systems refuse a process a few thousand threads, and no machine decodes faster with them."""


def ordered_map(
    function: Callable[[A], B], items: Iterable[A], threads: int, *, ahead: int | None = None
) -> Generator[B]:
    """Apply a function in threads and yield the results in order.

    Args:
        function: What to apply.
        items: To what; they are taken in the caller's thread, no more than `ahead` beyond the last result.
        threads: How many threads.
        ahead: How many items are under way at most; None for four a thread.
    """
    ahead = 4 * threads if ahead is None else ahead
    waiting: deque[Future[B]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def available_threads() -> int:
    """Return how many processors this process may use, `MAX_THREADS` at most."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(count, MAX_THREADS)


def check_count(name: str, value: object, most: int) -> None:
    """Refuse what is no whole number from 1 to `most`.

    Raises:
        ConfigError: It is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ConfigError(f"{name}: expected a whole number from 1 to {most}, got {value!r}.")
