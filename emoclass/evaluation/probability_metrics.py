"""Metrics of probabilities: how well the scores rank, and how far they can be believed.

The contract is that of `emoclass.evaluation.metrics`. Here too, each metric is written once, as a function of weights;
scikit-learn is the reference of the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.metrics import with_weight
from emoclass.evaluation.predictions import BoolArray, FloatArray, IntArray
from emoclass.evaluation.weighted import OfWeights, ratio, weighted_mean
from emoclass.values.labels import LabelScheme

_SMALLEST = float(np.finfo(np.float64).eps)


def roc_auc(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the chance that a random image of a class scores higher for it than another image. Range: [0, 1].

    Two labels: of the positive one. More: the mean, one-vs-rest, over the classes that are present.

    Raises:
        ValueError: Only one class is present.
    """
    return _of_two_classes(roc_auc_weighted, y_true, y_score, labels, sample_weight)


def average_precision(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the mean precision over the ranking, weighted by the recall gained: sum (R_i - R_i-1) P_i. Range: [0, 1].

    Two labels: of the positive one. More: the mean, one-vs-rest, over the classes that are present. With few
    images a class (about ten) it is too high on average, and so is its interval.

    Raises:
        ValueError: Only one class is present (scikit-learn would say 1 or 0).
    """
    return _of_two_classes(average_precision_weighted, y_true, y_score, labels, sample_weight)


def _of_two_classes(
    weighted: Callable[..., OfWeights],
    y_true: IntArray,
    y_score: FloatArray,
    labels: LabelScheme,
    sample_weight: FloatArray | None,
) -> float:
    y_true, y_score, weight = with_weight(y_true, y_score, sample_weight)
    if (y_true == y_true[0]).all():
        raise ValueError(f"only one class is present, {labels.emotions[y_true[0]]!r}")
    weights = np.ones(len(y_true)) if weight is None else np.asarray(weight, np.float64)
    return float(weighted(y_true, y_score, labels=labels)(weights[np.newaxis])[0])


def roc_auc_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the area under the ROC curve as a function of weights.

    It is the share of pairs of an image of the class and another image that are ranked right; a tie counts half.
    """
    return _mean_over_classes(_roc_auc, y_true, y_score, labels)


def average_precision_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the average precision as a function of weights.

    It is the mean, over the images of the class, of the precision among those that score no lower.
    """
    return _mean_over_classes(_average_precision, y_true, y_score, labels)


def _mean_over_classes(
    area: Callable[[BoolArray, FloatArray], OfWeights], y_true: IntArray, y_score: FloatArray, labels: LabelScheme
) -> OfWeights:
    """Return the area of the positive class, or the mean one-vs-rest area of the classes that are present."""
    classes = np.unique(y_true) if labels.positive is None else np.array([1])
    areas = [area(y_true == k, y_score[:, k]) for k in classes]

    def of_weights(weights: FloatArray) -> FloatArray:
        figures = np.stack([each(weights) for each in areas])
        return ratio(np.nansum(figures, axis=0), (~np.isnan(figures)).sum(axis=0))

    return of_weights


def _roc_auc(positive: BoolArray, score: FloatArray) -> OfWeights:
    hits = _ranked(positive, score)
    # How many of the class score lower than another image; images of the class are no pairs, and count 0.
    below = np.where(positive, 0, np.searchsorted(score[hits], score, side="left"))
    not_above = np.where(positive, 0, np.searchsorted(score[hits], score, side="right"))
    tied = bool((below != not_above).any())

    def of_weights(weights: FloatArray) -> FloatArray:
        up_to = _from_zero(weights.take(hits, axis=1))
        beaten = up_to.take(not_above, axis=1)
        if tied:
            beaten = (beaten + up_to.take(below, axis=1)) / 2
        pairs = up_to[:, -1] * (weights.sum(axis=1) - up_to[:, -1])
        return ratio(pairs - np.einsum("ij,ij->i", weights, beaten), pairs)

    return of_weights


def _average_precision(positive: BoolArray, score: FloatArray) -> OfWeights:
    hits = _ranked(positive, score)
    first = np.searchsorted(score[hits], score[hits], side="left")  # of those that tie
    not_above = np.where(positive, 0, np.searchsorted(score[hits], score, side="right"))

    def of_weights(weights: FloatArray) -> FloatArray:
        of_hits = weights.take(hits, axis=1)
        up_to = _from_zero(of_hits)
        right = up_to[:, -1:] - up_to.take(first, axis=1)  # images of the class that score no lower
        between = [np.bincount(not_above, weights=row, minlength=len(hits) + 1) for row in weights]
        others = _from_zero(np.stack(between))
        wrong = others[:, -1:] - others.take(first + 1, axis=1)
        precision = np.divide(right, right + wrong, out=np.zeros_like(right), where=right > 0)
        several = weights.sum(axis=1) > up_to[:, -1]
        return np.where(several, ratio((of_hits * precision).sum(axis=1), up_to[:, -1]), np.nan)

    return of_weights


def _ranked(positive: BoolArray, score: FloatArray) -> IntArray:
    """Return the places of the images of a class, by rising score."""
    hits = np.flatnonzero(positive)
    return hits[np.argsort(score[hits], kind="stable")]


def _from_zero(weights: NDArray[Any]) -> FloatArray:
    """Return the sums of the first 0, 1, 2, ... weights of each row."""
    sums = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums


def log_loss(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the mean of -ln P(true class), in nats. Range: [0, 36.05].

    A probability below the float64 epsilon (2.2e-16) counts as that, so that one certain error is not infinite.
    """
    y_true, y_score, weight = with_weight(y_true, y_score, sample_weight)
    return float(np.average(_log_losses(y_true, y_score), weights=weight))


def log_loss_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the log loss as a function of weights."""
    return weighted_mean(_log_losses(y_true, y_score))


def _log_losses(y_true: IntArray, y_score: FloatArray) -> FloatArray:
    of_true = y_score[np.arange(len(y_true)), y_true] / y_score.sum(axis=1)
    losses: FloatArray = -np.log(np.clip(of_true, _SMALLEST, 1 - _SMALLEST))
    return losses


def brier_score(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the mean squared error of the probabilities.

    Two labels: of P(positive). Range: [0, 1]. More: the squared errors of all classes, summed. Range: [0, 2].

    Source: Brier (1950), Verification of forecasts expressed in terms of probability.
    """
    y_true, y_score, weight = with_weight(y_true, y_score, sample_weight)
    return float(np.average(_squared_errors(y_true, y_score, labels), weights=weight))


def brier_score_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the Brier score as a function of weights."""
    return weighted_mean(_squared_errors(y_true, y_score, labels))


def _squared_errors(y_true: IntArray, y_score: FloatArray, labels: LabelScheme) -> FloatArray:
    errors: FloatArray = y_score / y_score.sum(axis=1, keepdims=True)
    errors[np.arange(len(y_true)), y_true] -= 1
    squares: FloatArray = errors**2
    return squares[:, 1] if labels.positive is not None else np.asarray(squares.sum(axis=1))


def expected_calibration_error(
    y_true: IntArray,
    y_score: FloatArray,
    *,
    labels: LabelScheme,
    sample_weight: FloatArray | None = None,
    bins: int = 15,
) -> float:
    """Return the mean distance between confidence and accuracy, over bins of equal width. Range: [0, 1].

    Confidence is the probability of the predicted class; bin m holds ((m - 1) / bins, m / bins]. On few images
    the value is too high: in a bin of one image, accuracy is 0 or 1 whatever the confidence. Resamples
    are higher still, so it has no interval: simulated bootstraps of a calibrated model never held the truth.

    Source: Naeini et al. (2015), Obtaining well calibrated probabilities using Bayesian binning; Guo et al.
    (2017), On calibration of modern neural networks, equation 3.
    """
    y_true, y_score, weight = with_weight(y_true, y_score, sample_weight)
    y_pred = predicted_classes(y_score)
    confidence = y_score[np.arange(len(y_true)), y_pred]
    of_bin = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    weights = np.ones(len(y_true)) if weight is None else weight
    gaps = np.bincount(of_bin, weights=weights * ((y_pred == y_true) - confidence))
    return float(np.abs(gaps).sum() / weights.sum())
