"""Measure predictions: run each metric, hold it to its contract, and add interval and denominator."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sklearn

from emoclass.errors import ContractError, DuplicateNameError, EmoclassError
from emoclass.evaluation.intervals import Interval, bootstrap, mean_of_proportions
from emoclass.evaluation.predictions import Predictions
from emoclass.progress import Progress
from emoclass.values.references import resolve
from emoclass.values.results import MetricValue
from emoclass.values.specs import MetricSpec

__all__ = ["evaluate"]

_TOLERANCE = 1e-9  # sums of floats may pass a bound by rounding


def evaluate(
    predictions: Predictions,
    metrics: Sequence[MetricSpec],
    *,
    seed: int = 0,
    n_resamples: int = 1000,
    progress: Progress | None = None,
) -> dict[str, MetricValue]:
    """Compute each metric on the predictions, with its 95 % interval and the number of samples behind it.

    Args:
        predictions: What the model said about one split.
        metrics: What to compute.
        seed: Seed of the bootstrap; every metric sees the same resamples.
        n_resamples: Resamples of the bootstrap; 0 leaves its intervals out.
        progress: Progress callback, called for each metric.

    Returns:
        One value for each metric, in the order given; undefined ones are null with a reason.

    Raises:
        ContractError: A metric failed, or returned something that its spec excludes.
        DuplicateNameError: Two metrics have one name.
    """
    values: dict[str, MetricValue] = {}
    # Predictions are checked once, and not again by scikit-learn in each of the resamples.
    with sklearn.config_context(assume_finite=True):
        for spec in (progress or Progress()).track(metrics, title="Measuring", total=len(metrics), unit="metrics"):
            if spec.name in values:
                raise DuplicateNameError(f"metric {spec.name!r}: expected each name once, got it twice.")
            values[spec.name] = _measure(spec, predictions, seed=seed, n_resamples=n_resamples)
    return values


def _measure(spec: MetricSpec, given: Predictions, *, seed: int, n_resamples: int) -> MetricValue:
    predictions: Predictions | None = given
    lack = ""
    if spec.takes_votes == "counts":
        predictions, lack = given.with_several_votes(), "no image has two votes for the run's emotions"
    elif spec.takes_votes:
        predictions, lack = given.with_votes(), "no image has votes for the run's emotions"
    if predictions is None:
        return MetricValue(n_samples=0, split=given.split, reason=lack)
    labels, split, n = predictions.labels, predictions.split, len(predictions)
    compute = resolve(spec.compute)

    def figures(index: Any) -> list[float | None]:
        raw = called(spec, compute, predictions, index)
        return as_figures(spec, raw, labels.emotions)

    raw, reason, counted = None, None, None
    try:
        raw = called(spec, compute, predictions, slice(None))
    except ValueError as undefined:
        reason = str(undefined) or "undefined"
    try:
        counted = _counted(spec, predictions)
    except ValueError as uncounted:
        if reason is None:
            raise _expected(spec, "counts of (successes, trials) where it has a value", uncounted) from uncounted
    method = "wilson" if counted and not predictions.has_grouped_images else "bootstrap"
    n_samples = counted[1][0] if counted and spec.kind == "scalar" and len(counted[1]) == 1 else n
    if reason is not None:
        return MetricValue(n_samples=n_samples, split=split, reason=reason)
    if spec.kind == "matrix":
        return MetricValue(n_samples=n, split=split, matrix=as_matrix(spec, raw, len(labels)))
    values = as_figures(spec, raw, labels.emotions)

    if counted and method == "wilson":
        intervals = _proportions(spec, values, *counted)
    elif spec.interval != "none" and any(value is not None for value in values):
        intervals = bootstrap(figures, n, groups=predictions.groups, seed=seed, n_resamples=n_resamples)
    else:
        intervals = [Interval()] * len(values)

    if spec.kind == "scalar":
        return _value(values[0], intervals[0], method, n_samples, split)
    denominators = counted[1] if counted else np.bincount(predictions.y_true, minlength=len(labels))
    return MetricValue(
        n_samples=n,
        split=split,
        per_class={
            emotion: _value(value, interval, method, int(denominator), split, _why_undefined(predictions, emotion))
            for emotion, value, interval, denominator in zip(
                labels.emotions, values, intervals, denominators, strict=True
            )
        },
    )


def _value(
    value: float | None, interval: Interval, method: str, n_samples: int, split: str, undefined: str = "undefined"
) -> MetricValue:
    if value is None:
        return MetricValue(n_samples=n_samples, split=split, reason=undefined)
    return MetricValue(
        value=value,
        ci_low=interval.low,
        ci_high=interval.high,
        n_samples=n_samples,
        split=split,
        interval=None if interval.low is None else method,
        reason=interval.reason,
    )


def _why_undefined(predictions: Predictions, emotion: str) -> str:
    index = predictions.labels.index(emotion)
    if index not in predictions.y_true:
        return f"no image shows {emotion!r}"
    if index not in predictions.y_pred:
        return f"no image was predicted {emotion!r}"
    return f"undefined for {emotion!r}"


def called(
    spec: MetricSpec, function: Callable[..., Any], predictions: Predictions, index: Any = slice(None), **more: Any
) -> Any:
    """Call a metric's function on some of the samples; what it raises names the metric, but for ValueError."""
    y_true, y_score = predictions.y_true[index], predictions.y_score[index]
    given = predictions.vote_counts if spec.takes_votes == "counts" else predictions.votes
    votes = {"votes": given[index]} if spec.takes_votes and given is not None else {}
    try:
        return function(y_true, y_score, labels=predictions.labels, **votes, **more)
    except (ValueError, EmoclassError):
        raise
    except Exception as error:
        raise ContractError(
            f"metric {spec.name!r}: expected a value, got {type(error).__name__}: {error}.",
            hint="Raise ValueError with the reason where the value is undefined.",
        ) from error


def _expected(spec: MetricSpec, expected: str, got: object, hint: str | None = None) -> ContractError:
    return ContractError(f"metric {spec.name!r}: expected {expected}, got {got}.", hint=hint)


def as_figures(spec: MetricSpec, raw: Any, emotions: Sequence[str]) -> list[float | None]:
    """Return a scalar as one number, a mapping as one for each emotion in label order."""
    if spec.kind == "scalar":
        return [_as_number(spec, raw)]
    if not isinstance(raw, Mapping):
        raise _expected(spec, "a mapping from emotion to number", type(raw).__name__)
    if set(raw) != set(emotions):
        raise _expected(spec, f"the emotions {', '.join(emotions)}", ", ".join(map(str, raw)) or "none")
    return [None if raw[emotion] is None else _as_number(spec, raw[emotion]) for emotion in emotions]


def _as_number(spec: MetricSpec, raw: Any) -> float:
    if not isinstance(raw, numbers.Real) or isinstance(raw, bool):
        raise _expected(spec, "a number", type(raw).__name__, "Return float(...), or declare another kind.")
    value = float(raw)
    if not math.isfinite(value):
        raise _expected(spec, "a finite number", value, "Raise ValueError with the reason where it is undefined.")
    low = -math.inf if spec.bounds[0] is None else spec.bounds[0]
    high = math.inf if spec.bounds[1] is None else spec.bounds[1]
    if not low - _TOLERANCE <= value <= high + _TOLERANCE:
        raise _expected(spec, f"a value in [{low:g}, {high:g}]", f"{value:g}", "Correct it, or declare its bounds.")
    return min(max(value, low), high)


def as_matrix(spec: MetricSpec, raw: Any, classes: int) -> tuple[tuple[float, ...], ...]:
    """Return a matrix as rows of numbers, in label order."""
    matrix = np.asarray(raw)
    if matrix.shape != (classes, classes):
        raise _expected(spec, f"a matrix of shape ({classes}, {classes})", matrix.shape)
    return tuple(tuple(_as_number(spec, cell) for cell in row) for row in matrix)


def _counted(spec: MetricSpec, predictions: Predictions) -> tuple[list[int], list[int]] | None:
    """Return the successes and trials of each proportion, or None where the metric is made of none.

    Raises:
        ValueError: The metric says that they are undefined.
        ContractError: They are no counts.
    """
    counted = None if spec.counts is None else called(spec, resolve(spec.counts), predictions, slice(None))
    if counted is None:
        return None
    try:
        successes, trials = counted
        counts = _whole(successes), _whole(trials)
    except (ValueError, TypeError) as error:
        raise _expected(spec, "counts of (successes, trials)", error) from error
    if not 0 < len(counts[0]) == len(counts[1]) or not all(0 <= s <= t for s, t in zip(*counts, strict=True)):
        raise _expected(spec, "counts with 0 <= successes <= trials", counts)
    if spec.kind == "per_class" and len(counts[0]) != len(predictions.labels):
        raise _expected(spec, f"counts for {len(predictions.labels)} emotions", len(counts[0]))
    return counts


def _whole(counts: Any) -> list[int]:
    """Return counts, be it one or several, as integers."""
    found = [int(count) for count in np.atleast_1d(counts)]
    if not np.array_equal(found, np.atleast_1d(counts)):
        raise ValueError(f"{counts}, which are not whole")
    return found


def _proportions(
    spec: MetricSpec, values: Sequence[float | None], successes: Sequence[int], trials: Sequence[int]
) -> list[Interval]:
    """Return the Wilson interval of each value, after checking that the counts are those of the values."""
    transform = None if spec.transform is None else resolve(spec.transform)
    if spec.kind == "scalar":
        pairs = [(list(successes), list(trials))]
    else:
        pairs = [([s], [t]) for s, t in zip(successes, trials, strict=True)]
    intervals = []
    for value, pair in zip(values, pairs, strict=True):
        from_counts, interval = mean_of_proportions(*pair, transform)
        if value is not None and abs(from_counts - value) > 1e-6:
            raise _expected(spec, f"{value:g}, as its counts give", f"{from_counts:g}")
        if interval.low is not None and interval.high is not None and interval.low > interval.high:
            raise _expected(spec, "a rising transform", f"an interval from {interval.low:g} to {interval.high:g}")
        intervals.append(interval)
    return intervals
