"""95 % intervals: Wilson for proportions, MOVER for their means, the bootstrap for the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from emoclass.concurrency import available_threads, ordered_map
from emoclass.evaluation.weighted import OfWeights

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
MOST_UNDEFINED = 0.05
"""The share of resamples without a value above which the rest would no longer speak for the sample."""

CHUNK_BYTES = 2**20
"""Weights that a thread holds at once, but for one resample at least: what fits the cache of a processor is fast."""

_Z = float(special.ndtri(1 - TAIL))


@dataclass(frozen=True)
class Interval:
    """The two ends, or the reason why there are none."""

    low: float | None = None
    high: float | None = None
    reason: str | None = None


def wilson(successes: int, trials: int) -> Interval:
    """Return the Wilson score interval of a proportion; [0, 1] where nothing was tried.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.

    Example:
        >>> interval = wilson(32, 32)
        >>> round(interval.low, 2), interval.high
        (0.89, 1.0)
    """
    if trials == 0:
        return Interval(0.0, 1.0)
    share, square = successes / trials, _Z**2 / trials
    middle = (share + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    # At 0 and at all successes the formula's end equals the proportion but for rounding.
    return Interval(max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share)))


def mean_of_proportions(
    successes: Sequence[int], trials: Sequence[int], transform: Callable[[float], float] | None = None
) -> tuple[float, Interval]:
    """Return the mean of several proportions and its interval, by MOVER from their Wilson intervals.

    With m = sum w_i p_i: low = m - sqrt(sum w_i^2 (p_i - l_i)^2), high likewise. One proportion keeps
    its Wilson interval. A proportion without trials counts as 0 in the mean, with the interval [0, 1].
    The proportions are taken to be independent: the recalls of several classes are, their F1s are
    not (one mistake lowers two of them).

    Args:
        successes: One count for each proportion.
        trials: Their denominators.
        transform: A rising function of each proportion, applied to its ends too.

    Source: Zou and Donner (2008), Construction of confidence limits about effect measures: a general approach.
    """
    intervals = [wilson(hits, tried) for hits, tried in zip(successes, trials, strict=True)]
    if len(intervals) == 1 and transform is None:  # of each emotion of each person, say: there may be many
        return successes[0] / trials[0] if trials[0] else 0.0, intervals[0]
    ends = [[interval.low for interval in intervals], [interval.high for interval in intervals]]
    ratios = [hits / tried if tried else 0.0 for hits, tried in zip(successes, trials, strict=True)]
    low, high, middle = np.array([*ends, ratios], dtype=np.float64)
    if transform is not None:
        low, high, middle = (np.array([transform(end) for end in array]) for array in (low, high, middle))
    mean, weight = float(middle.mean()), 1 / len(ratios)
    return mean, Interval(  # within the proportions' own ends, but for rounding
        max(float(low.min()), mean - weight * float(np.linalg.norm(middle - low))),
        min(float(high.max()), mean + weight * float(np.linalg.norm(high - middle))),
    )


def bootstrap(
    figures: Sequence[OfWeights], unit: NDArray[np.int64], *, seed: int, n_resamples: int = 1000
) -> list[list[Interval]]:
    """Return the percentile intervals of figures.

    All of them see the same resamples.

    Args:
        figures: Each takes how often each image counts, float64 `(resamples, n)`, and returns what it is then,
            `(resamples,)`, or `(resamples, k)` where it is several: NaN where undefined.
        unit: The number of each image's independent unit, from 0 on without gaps: units are what is drawn again, and
            images of one unit, such as a person, go together. Shape: int `(n,)`.
        seed: Seed of the resampling.
        n_resamples: How many resamples.

    Returns:
        Of each figure one interval, or k. It is missing, with the reason, where there are fewer than two units to
        resample, where more than 5 % of the resamples leave the figure undefined, and where all resamples agree: they
        cannot tell how far other images would differ.

    Source: Efron and Tibshirani (1993), An introduction to the bootstrap, chapter 13.
    """
    units = int(unit.max()) + 1
    reason = ""
    if n_resamples < 1:
        reason = "no interval: no bootstrap was made"
    elif units < 2:
        reason = f"no interval: a single {'image' if len(unit) == 1 else 'group'}"
    if reason:
        widths = [np.size(figure(np.ones((1, len(unit))))) for figure in figures]
        return [[Interval(reason=reason)] * width for width in widths]

    def of_chunk(drawn: NDArray[np.int32]) -> list[NDArray[np.float64]]:
        weights = _weights(drawn, unit)
        return [figure(weights).reshape(len(weights), -1) for figure in figures]

    chunks = ordered_map(of_chunk, resamples(units, len(unit), seed=seed, n_resamples=n_resamples), available_threads())
    values = [np.concatenate(parts) for parts in zip(*chunks, strict=True)]
    return [[_percentiles(column) for column in each.T] for each in values]


def resamples(units: int, n: int, *, seed: int, n_resamples: int) -> Iterator[NDArray[np.int32]]:
    """Yield resamples of units, drawn with replacement: int32 `(some, units)`, as many as fit `CHUNK_BYTES` of weights.

    The draws are those of `scipy.stats.bootstrap`, whatever the size of the chunks.
    """
    rng = np.random.default_rng(seed)
    size = max(1, CHUNK_BYTES // (8 * n))
    for done in range(0, n_resamples, size):
        yield rng.integers(0, units, (min(size, n_resamples - done), units), dtype=np.int32)


def _weights(drawn: NDArray[np.int32], unit: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how often each image is in each resample of units."""
    units = drawn.shape[1]
    weights = np.stack([np.bincount(row, minlength=units) for row in drawn]).astype(np.float64)
    return weights if units == len(unit) else weights[:, unit]


def _percentiles(values: NDArray[np.float64]) -> Interval:
    defined = values[np.isfinite(values)]
    missing = len(values) - len(defined)
    if missing > MOST_UNDEFINED * len(values):
        return Interval(reason=f"no interval: undefined in {missing} of {len(values)} resamples")
    if np.ptp(defined) < 1e-12:
        return Interval(reason=f"no interval: all {len(defined)} resamples give the same value")
    low, high = np.quantile(defined, [TAIL, 1 - TAIL])
    return Interval(float(low), float(high))
