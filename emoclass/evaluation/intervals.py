"""95 % intervals: Wilson for proportions, MOVER for their means, the bootstrap for the rest."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
MOST_UNDEFINED = 0.05
"""The share of resamples without a value above which the rest would no longer speak for the sample."""

_BATCH = 64  # resamples drawn at once: bounds the memory of a large split


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
    low, high = stats.binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    # At 0 and at all successes the formula's end equals the proportion but for rounding.
    return Interval(min(float(low), successes / trials), max(float(high), successes / trials))


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
    statistic: Callable[[NDArray[np.intp]], Sequence[float | None]],
    n: int,
    *,
    groups: Sequence[str | None] | None = None,
    seed: int,
    n_resamples: int = 1000,
) -> list[Interval]:
    """Return the percentile interval of each value that `statistic` computes.

    What is resampled are images or, where any image declares a group, groups: the images of one person
    are no independent evidence, so they go together; an image without a group is one of its own.

    Args:
        statistic: Takes image indices, returns the values, None or NaN where undefined; ValueError
            stands for all of them undefined.
        n: How many images there are.
        groups: Each image's group.
        seed: Seed of the resampling.
        n_resamples: How many resamples.

    Returns:
        One interval for each value. It is missing, with the reason, where there are fewer than two
        units to resample, where more than 5 % of the resamples leave the value undefined, and where all
        resamples agree: they cannot tell how far other images would differ.

    Source: Efron and Tibshirani (1993), An introduction to the bootstrap, chapter 13.
    """
    members = _members(groups, n)
    units = n if members is None else len(members)
    width = len(statistic(np.arange(n)))
    if n_resamples < 1:
        return [Interval(reason="no interval: the bootstrap is off")] * width
    if units < 2:
        return [Interval(reason=f"no interval: a single {'image' if members is None else 'group'}")] * width

    def of_resamples(drawn: NDArray[np.intp], axis: int) -> NDArray[np.float64]:
        rows = [
            _figures(statistic, row if members is None else np.concatenate([members[unit] for unit in row]), width)
            for row in drawn
        ]
        return np.array(rows).T

    with warnings.catch_warnings():
        # SciPy warns of undefined resamples; they are counted and dropped below.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = stats.bootstrap(
            (np.arange(units),),
            of_resamples,
            n_resamples=n_resamples,
            batch=_BATCH,
            vectorized=True,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
    return [_percentiles(row) for row in result.bootstrap_distribution]


def _figures(
    statistic: Callable[[NDArray[np.intp]], Sequence[float | None]], index: NDArray[np.intp], width: int
) -> NDArray[np.float64]:
    try:
        return np.array(statistic(index), dtype=np.float64)  # None becomes NaN
    except ValueError:
        return np.full(width, np.nan)


def _percentiles(values: NDArray[np.float64]) -> Interval:
    defined = values[np.isfinite(values)]
    missing = len(values) - len(defined)
    if missing > MOST_UNDEFINED * len(values):
        return Interval(reason=f"no interval: undefined in {missing} of {len(values)} resamples")
    if np.ptp(defined) < 1e-12:
        return Interval(reason=f"no interval: all {len(defined)} resamples give the same value")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _members(groups: Sequence[str | None] | None, n: int) -> list[NDArray[np.intp]] | None:
    """Return the image indices of each group, or None where every image stands for itself."""
    if groups is None or all(group is None for group in groups):
        return None
    by_group: dict[object, list[int]] = {}
    for index, group in zip(range(n), groups, strict=True):
        # A pair cannot be mistaken for another group's name.
        by_group.setdefault(("alone", index) if group is None else group, []).append(index)
    return [np.array(indices, dtype=np.intp) for indices in by_group.values()]
