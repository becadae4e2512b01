"""Metrics of probabilities: how well the scores rank, and how far they can be believed.

The contract is that of `emoclass.evaluation.metrics`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.metrics as sk

from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.metrics import with_weight
from emoclass.evaluation.predictions import FloatArray, IntArray
from emoclass.values.labels import LabelScheme


def _positive_or_mean(
    area: Callable[..., Any],
    y_true: IntArray,
    y_score: FloatArray,
    labels: LabelScheme,
    sample_weight: FloatArray | None,
) -> float:
    """Return the area of the positive class, or the mean one-vs-rest area of the classes present."""
    y_true, y_score, weight = with_weight(y_true, y_score, sample_weight)
    present = np.unique(y_true)
    if len(present) < 2:
        raise ValueError(f"only one class is present, {labels.emotions[present[0]]!r}")
    classes = present if labels.positive is None else np.array([1])
    # One column for each class: scikit-learn's one-vs-rest would demand that every class is present.
    return float(area(y_true[:, np.newaxis] == classes, y_score[:, classes], sample_weight=weight))


def roc_auc(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the chance that a random image of a class scores higher for it than another image. Range: [0, 1].

    Two labels: of the positive one. More: the mean, one-vs-rest, over the classes that are present.

    Raises:
        ValueError: Only one class is present.
    """
    return _positive_or_mean(sk.roc_auc_score, y_true, y_score, labels, sample_weight)


def average_precision(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the mean precision over the ranking, weighted by the recall gained: sum (R_i - R_i-1) P_i. Range: [0, 1].

    Two labels: of the positive one. More: the mean, one-vs-rest, over the classes that are present. With few
    images a class (about ten) it is too high on average, and so is its interval.

    Raises:
        ValueError: Only one class is present (scikit-learn would say 1 or 0).
    """
    return _positive_or_mean(sk.average_precision_score, y_true, y_score, labels, sample_weight)


def log_loss(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the mean of -ln P(true class), in nats. Range: [0, 36.05].

    A probability below the float64 epsilon (2.2e-16) counts as that, so that one certain error is not infinite.
    """
    y_true, y_score, weight = _distributions(y_true, y_score, sample_weight)
    return float(sk.log_loss(y_true, y_score, labels=range(len(labels)), sample_weight=weight))


def brier_score(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the mean squared error of the probabilities.

    Two labels: of P(positive). Range: [0, 1]. More: the squared errors of all classes, summed. Range: [0, 2].

    Source: Brier (1950), Verification of forecasts expressed in terms of probability.
    """
    y_true, y_score, weight = _distributions(y_true, y_score, sample_weight)
    if labels.positive is not None:
        return float(sk.brier_score_loss(y_true, y_score[:, 1], pos_label=1, sample_weight=weight))
    return float(sk.brier_score_loss(y_true, y_score, labels=range(len(labels)), sample_weight=weight))


def _distributions(
    y_true: IntArray, y_score: FloatArray, sample_weight: FloatArray | None
) -> tuple[IntArray, FloatArray, FloatArray | None]:
    """Return the images that carry weight, each row summing to 1: scikit-learn warns where rounding leaves another."""
    y_true, y_score, weight = with_weight(y_true, y_score, sample_weight)
    return y_true, y_score / y_score.sum(axis=1, keepdims=True), weight


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
