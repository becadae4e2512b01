"""Smooth a person's probabilities over time."""

from __future__ import annotations

import math

import numpy as np


class Smoother:
    """Exponential smoothing with a time constant in seconds: it means the same at any frame rate.

    After a sudden change, the smoothed value has gone 63 % of the way after one time constant, and 95 % after three.
    Intervals may be irregular: the new value counts as much as the time since the last one, `1 - exp(-seconds / tau)`.

    Args:
        seconds: The time constant; 0 smooths nothing.

    Example:
        >>> smoother = Smoother(0.5)
        >>> [round(float(smoother.update(np.array([value]), time)[0]), 2) for time, value in ((0, 0.0), (0.5, 1.0))]
        [0.0, 0.63]
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._time = -math.inf
        self.value: np.ndarray | None = None
        """The smoothed probabilities; None before the first."""

    def update(self, scores: np.ndarray, time: float) -> np.ndarray:
        """Take the probabilities at a time in seconds, later than the last one, and return the smoothed ones."""
        if self.value is None or self._seconds == 0:
            self.value = scores
        else:
            self.value = self.value + (1 - math.exp(-(time - self._time) / self._seconds)) * (scores - self.value)
        self._time = time
        return self.value
