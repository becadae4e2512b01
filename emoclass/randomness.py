"""Random numbers from a seed, in streams that have names."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, stream: str, *numbers: int) -> np.random.Generator:
    """Return the generator of a named stream: streams of other names or numbers are independent of it.

    A list of numbers as a seed would not do: NumPy fills a short one up with zeros, so that `[seed, 3]` and
    `[seed, 3, 0]` are one stream.

    Args:
        seed: The seed of the run.
        stream: What the random numbers are for.
        numbers: Which part of it, such as an epoch and a batch.

    Example:
        >>> generator(0, "order", 3).random() == generator(0, "order", 3).random()
        True
        >>> generator(0, "order", 3).random() == generator(0, "order", 3, 0).random()
        False
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(stream.encode()), *numbers)))
