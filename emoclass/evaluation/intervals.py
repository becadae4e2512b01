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

NO_BOOTSTRAP = "no interval: the bootstrap is off"

FEWEST_UNITS = 3
"""Of two persons, the difference says next to nothing of how others would differ."""

CHUNK_BYTES = 2**20
"""Weights that a thread holds at once, but for one resample at least: what fits the cache of a processor is fast."""

Bounds = tuple[float | None, float | None]

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
    return Interval(*_score_interval(successes / trials, _Z**2 / trials))


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
    if len(intervals) == 1:  # of each emotion of each person, say: there may be many
        ratio, [only] = successes[0] / trials[0] if trials[0] else 0.0, intervals
        if transform is None:
            return ratio, only
        return transform(ratio), Interval(
            transform(only.low or 0.0), transform(1.0 if only.high is None else only.high)
        )
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
    figures: Sequence[OfWeights],
    unit: NDArray[np.int64],
    *,
    bounds: Sequence[Bounds],
    seed: int,
    n_resamples: int = 1000,
) -> list[list[Interval]]:
    """Return the intervals of figures, from their standard errors over resamples of independent units.

    All figures see the same resamples. `interval_of_resamples` says how an interval is made, and where there is none.

    Args:
        figures: Each takes how often each image counts, float64 `(resamples, n)`, and returns what it is then,
            `(resamples,)`, or `(resamples, k)` where it is several: NaN where undefined.
        unit: The number of each image's independent unit, from 0 on without gaps: units are what is drawn again, and
            images of one unit, such as a person, go together. Shape: int `(n,)`.
        bounds: The smallest and largest possible value of each figure; None is unbounded.
        seed: Seed of the resampling.
        n_resamples: How many resamples.

    Returns:
        Of each figure one interval, or k.

    Source: Efron and Tibshirani (1993), An introduction to the bootstrap, chapter 6.
    """
    units = int(unit.max()) + 1

    def of_weights(weights: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        return [figure(weights).reshape(len(weights), -1) for figure in figures]

    values = of_weights(np.ones((1, len(unit))))
    if n_resamples < 1 or units < FEWEST_UNITS:
        reason = NO_BOOTSTRAP if n_resamples < 1 else too_few(units)
        return [[Interval(reason=reason)] * each.size for each in values]
    chunks = ordered_map(
        lambda drawn: of_weights(_weights(drawn, unit)),
        resamples(units, len(unit), seed=seed, n_resamples=n_resamples),
        available_threads(),
    )
    drawn = [np.concatenate(parts) for parts in zip(*chunks, strict=True)]
    return [
        [
            interval_of_resamples(float(value), column, units, limits)
            for value, column in zip(each[0], of_each.T, strict=True)
        ]
        for each, of_each, limits in zip(values, drawn, bounds, strict=True)
    ]


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


def too_few(units: int) -> str:
    """Say why so few units have no interval."""
    return f"no interval: {'a single independent unit' if units == 1 else f'only {units} independent units'}"


def interval_of_resamples(value: float, resampled: NDArray[np.float64], units: int, bounds: Bounds) -> Interval:
    """Return the interval of a figure, from its values in resamples of units.

    Percentiles of the resamples would be too narrow where there are few units: those of three persons can only lie
    between the three. So the interval is that of Student's t with units - 1 degrees of freedom, and the standard error
    is that of the resamples times sqrt(units / (units - 1)). It is made on the scale of the figure:

    - Between two bounds, as Wilson's interval of a proportion: all values that lie within t standard errors, where the
      error of each is the one observed times sqrt(x (1 - x) / (v (1 - v))), with the value v and x as shares of the
      range. It never passes a bound.
    - Above a lower bound, on a logarithmic scale.
    - Else around the value.

    There is none, and a reason, where units are fewer than three, where more than 5 % of the resamples leave the figure
    undefined, and where all resamples agree: they cannot tell how far other images would differ.

    Args:
        value: The figure itself; NaN where undefined.
        resampled: Its values in the resamples, NaN where undefined. Shape: `(resamples,)`.
        units: How many independent units were resampled.
        bounds: The smallest and largest possible value; None is unbounded.

    Source: Korn and Graubard (1998), Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data, for the effective sample size and the degrees of freedom; Franco et al. (2019),
    Comparative study of confidence intervals for proportions in complex sample surveys, for Wilson's interval with it.
    """
    if units < FEWEST_UNITS:
        return Interval(reason=too_few(units))
    defined = resampled[np.isfinite(resampled)]
    missing = len(resampled) - len(defined)
    if missing > MOST_UNDEFINED * len(resampled):
        return Interval(reason=f"no interval: undefined in {missing} of {len(resampled)} resamples")
    if np.ptp(defined) < 1e-12:
        return Interval(reason=f"no interval: all {len(defined)} resamples give the same value")
    reach = float(special.stdtrit(units - 1, 1 - TAIL) * defined.std() * math.sqrt(units / (units - 1)))
    low, high = bounds
    if low is not None and high is not None and low < value < high:
        share, width = (value - low) / (high - low), high - low
        square = (reach / width) ** 2 / (share * (1 - share))  # t squared over the effective sample size
        ends = _score_interval(share, square)
        return Interval(low + width * ends[0], low + width * ends[1])
    if low is not None and high is None and value > low:
        factor = math.exp(min(reach / (value - low), 500.0))
        return Interval(low + (value - low) / factor, low + (value - low) * factor)
    return Interval(
        max(value - reach, -math.inf if low is None else low), min(value + reach, math.inf if high is None else high)
    )


def _score_interval(share: float, square: float) -> tuple[float, float]:
    """Return Wilson's interval of a share, where `square` is the squared quantile over the number of trials."""
    middle = (share + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    # At 0 and at all successes the formula's end equals the proportion but for rounding.
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))
