"""Measure predictions: run each metric, hold it to its contract, and add interval and denominator."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emoclass.errors import ContractError, DuplicateNameError, EmoclassError
from emoclass.evaluation.intervals import NO_BOOTSTRAP, Interval, bootstrap, mean_of_proportions
from emoclass.evaluation.predictions import FloatArray, Predictions
from emoclass.evaluation.weighted import OfWeights
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
    found: dict[str, MetricValue | _Figures] = {}
    for spec in (progress or Progress()).track(metrics, title="Measuring", total=len(metrics), unit="metrics"):
        if spec.name in found:
            raise DuplicateNameError(f"metric {spec.name!r}: expected each name once, got it twice.")
        found[spec.name] = _measure(spec, predictions)
    waiting: dict[object, list[_Figures]] = {}  # what is measured on the same images sees the same resamples
    for each in found.values():
        if isinstance(each, _Figures) and each.intervals is None:
            waiting.setdefault(each.spec.takes_votes, []).append(each)
    for together in waiting.values():
        if n_resamples < 1:
            for each in together:
                each.intervals = [Interval(reason=NO_BOOTSTRAP)] * len(each.values)
            continue
        of_weights = [_of_weights(each) for each in together]
        intervals = bootstrap(
            of_weights,
            together[0].predictions.units,
            bounds=[each.spec.bounds for each in together],
            seed=seed,
            n_resamples=n_resamples,
        )
        for each, own in zip(together, intervals, strict=True):
            each.intervals = own
    values = {name: each.value() if isinstance(each, _Figures) else each for name, each in found.items()}
    if predictions.independent:
        return values
    return {name: _with_units(value, predictions) for name, value in values.items()}


def _with_units(value: MetricValue, predictions: Predictions) -> MetricValue:
    """Say how many independent units a metric's images are, where it rests on all of them."""
    return value.model_copy(update={"n_units": predictions.n_units}) if value.n_samples == len(predictions) else value


@dataclass
class _Figures:
    """A metric's figures, while their intervals are made.

    Attributes:
        spec: The metric.
        predictions: The samples that it was computed on.
        values: One, or one for each emotion.
        n_samples: The denominator of the one value.
        denominators: Those of the emotions' values.
        intervals: One for each value; None where they are still to be bootstrapped.
        method: How they are made.
    """

    spec: MetricSpec
    predictions: Predictions
    values: list[float | None]
    n_samples: int
    denominators: Sequence[int]
    intervals: Sequence[Interval] | None
    method: str

    def value(self) -> MetricValue:
        """Return the values with their intervals."""
        predictions, split, intervals = self.predictions, self.predictions.split, self.intervals or ()
        if self.spec.kind == "scalar":
            return _value(float(self.values[0] or 0.0), intervals[0], self.method, self.n_samples, split)
        return MetricValue(
            n_samples=len(predictions),
            split=split,
            per_class={
                emotion: MetricValue(n_samples=n, split=split, reason=_why_undefined(predictions, emotion))
                if value is None
                else _value(value, interval, self.method, n, split)
                for emotion, value, interval, n in zip(
                    predictions.labels.emotions, self.values, intervals, self.denominators, strict=True
                )
            },
        )


def _measure(spec: MetricSpec, given: Predictions) -> MetricValue | _Figures:
    """Compute a metric; the interval, too, where it is made of counts."""
    predictions: Predictions | None = given
    lack = ""
    if spec.takes_votes == "counts":
        predictions, lack = given.with_several_votes(), "no image has two votes for the run's emotions"
    elif spec.takes_votes:
        predictions, lack = given.with_votes(), "no image has votes for the run's emotions"
    if predictions is None:
        return MetricValue(n_samples=0, split=given.split, reason=lack)
    labels, split, n = predictions.labels, predictions.split, len(predictions)

    raw, reason, counted = None, None, None
    try:
        raw = called(spec, resolve(spec.compute), predictions)
    except ValueError as undefined:
        reason = str(undefined) or "undefined"
    try:
        counted = _counted(spec, predictions)
    except ValueError as uncounted:
        if reason is None:
            raise _expected(spec, "counts of (successes, trials) where it has a value", uncounted) from uncounted
    n_samples = counted[1][0] if counted and spec.kind == "scalar" and len(counted[1]) == 1 else n
    if reason is not None:
        return MetricValue(n_samples=n_samples, split=split, reason=reason)
    if spec.kind == "matrix":
        return MetricValue(n_samples=n, split=split, matrix=as_matrix(spec, raw, len(labels)))
    values = as_figures(spec, raw, labels.emotions)

    intervals: list[Interval] | None = None
    if counted and predictions.independent:
        intervals = _proportions(spec, values, *counted)
    elif spec.interval == "none" or all(value is None for value in values):
        intervals = [Interval()] * len(values)
    return _Figures(
        spec=spec,
        predictions=predictions,
        values=values,
        n_samples=n_samples,
        denominators=counted[1] if counted else np.bincount(predictions.y_true, minlength=len(labels)).tolist(),
        intervals=intervals,
        method="wilson" if counted and predictions.independent else "bootstrap",
    )


def _of_weights(figures: _Figures) -> OfWeights:
    """Return a metric's figures as a function of how often each image counts, held to the metric's contract."""
    spec, predictions, width = figures.spec, figures.predictions, len(figures.values)
    of_weights = _one_by_one(figures) if spec.weighted is None else called(spec, resolve(spec.weighted), predictions)
    low, high = _bounds(spec)

    def checked(weights: FloatArray) -> FloatArray:
        try:
            values = np.asarray(of_weights(weights), dtype=np.float64).reshape(len(weights), -1)
        except EmoclassError:
            raise
        except Exception as error:
            raise _expected(spec, "weighted to return figures", f"{type(error).__name__}: {error}") from error
        if values.shape[1] != width:
            raise _expected(spec, f"{width} figures a resample from weighted", values.shape[1])
        outside = (values < low - _TOLERANCE) | (values > high + _TOLERANCE)
        if outside.any():
            raise _out_of_bounds(spec, float(values[outside][0]))
        return np.clip(values, low, high)

    once = checked(np.ones((1, len(predictions))))[0]
    expected = np.array(figures.values, dtype=np.float64)  # None becomes NaN
    if not np.allclose(once, expected, rtol=1e-6, atol=1e-6, equal_nan=True):
        raise _expected(spec, f"{expected.tolist()} from weighted, too, where all images count once", once.tolist())
    return checked


def _one_by_one(figures: _Figures) -> OfWeights:
    """Return a metric as a function of weights that calls `compute` for each resample."""
    spec, predictions = figures.spec, figures.predictions
    compute, undefined = resolve(spec.compute), [None] * len(figures.values)

    def of_row(weights: FloatArray) -> Sequence[float | None]:
        index = np.repeat(np.arange(len(predictions)), weights.astype(np.int64))
        try:
            return as_figures(spec, called(spec, compute, predictions, index), predictions.labels.emotions)
        except ValueError:
            return undefined

    return lambda weights: np.array([of_row(row) for row in weights], dtype=np.float64)  # None becomes NaN


def _value(value: float, interval: Interval, method: str, n_samples: int, split: str) -> MetricValue:
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
    low, high = _bounds(spec)
    if not low - _TOLERANCE <= value <= high + _TOLERANCE:
        raise _out_of_bounds(spec, value)
    return min(max(value, low), high)


def _bounds(spec: MetricSpec) -> tuple[float, float]:
    low, high = spec.bounds
    return -math.inf if low is None else low, math.inf if high is None else high


def _out_of_bounds(spec: MetricSpec, value: float) -> ContractError:
    low, high = _bounds(spec)
    return _expected(spec, f"a value in [{low:g}, {high:g}]", f"{value:g}", "Correct it, or declare its bounds.")


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
