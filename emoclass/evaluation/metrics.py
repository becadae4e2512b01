"""Metrics of decisions: everything that the true and the predicted classes decide.

Each metric follows `MetricSpec.compute`: `y_true` int `(n,)`, `y_score` float `(n, len(labels))`
probabilities, and ValueError with the reason where the value is undefined. With two labels, precision,
recall and F1 speak of the positive (second) label; beyond two they are means over the classes that
are present in `y_true`, where a class that was never predicted has precision 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.metrics as sk

from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.predictions import FloatArray, IntArray
from emoclass.values.labels import LabelScheme

Decided = tuple[IntArray, IntArray, FloatArray | None]
ClassCounts = tuple[list[int], list[int]]
Counts = tuple[int, int] | ClassCounts


def with_weight(
    y_true: IntArray, y_score: FloatArray, sample_weight: FloatArray | None
) -> tuple[IntArray, FloatArray, FloatArray | None]:
    """Return the images that carry weight: a class whose images have none is absent.

    Raises:
        ValueError: There is nothing to measure.
    """
    if sample_weight is not None:
        counted = sample_weight > 0
        y_true, y_score, sample_weight = y_true[counted], y_score[counted], sample_weight[counted]
    if len(y_true) == 0:
        raise ValueError("there are no images")
    return y_true, y_score, sample_weight


def _decided(y_true: IntArray, y_score: FloatArray, sample_weight: FloatArray | None) -> Decided:
    y_true, y_score, sample_weight = with_weight(y_true, y_score, sample_weight)
    return y_true, predicted_classes(y_score), sample_weight


def confusion_matrix(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> FloatArray:
    """Count the images of each true class (row) and predicted class (column), in label order.

    Shapes: -> float64 `(len(labels), len(labels))`.
    """
    y_true, y_pred, weight = _decided(y_true, y_score, sample_weight)
    matrix = sk.confusion_matrix(y_true, y_pred, labels=range(len(labels)), sample_weight=weight)
    return np.asarray(matrix, dtype=np.float64)


def accuracy(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the share of images whose predicted class is the true one. Range: [0, 1]."""
    y_true, y_pred, weight = _decided(y_true, y_score, sample_weight)
    return float(sk.accuracy_score(y_true, y_pred, sample_weight=weight))


def balanced_accuracy(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the mean recall of the classes that are present. Range: [0, 1]."""
    # balanced_accuracy_score is the same, but warns where an absent class was predicted.
    return _mean(sk.recall_score, _decided(y_true, y_score, sample_weight))


def _mean(score: Callable[..., Any], decided: Decided) -> float:
    y_true, y_pred, weight = decided
    present = np.unique(y_true)
    return float(score(y_true, y_pred, labels=present, average="macro", zero_division=0, sample_weight=weight))


def _positive_or_mean(score: Callable[..., Any], decided: Decided, labels: LabelScheme, undefined: str) -> float:
    """Return the positive class's value, or the mean over the classes that are present."""
    if labels.positive is None:
        return _mean(score, decided)
    y_true, y_pred, weight = decided
    value = float(score(y_true, y_pred, zero_division=np.nan, sample_weight=weight))
    if math.isnan(value):
        raise ValueError(undefined.format(labels.positive))
    return value


def precision(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return how many of the images predicted as a class show it. Range: [0, 1].

    Raises:
        ValueError: Two labels, and no image was predicted as the positive one.
    """
    decided = _decided(y_true, y_score, sample_weight)
    return _positive_or_mean(sk.precision_score, decided, labels, "no image was predicted {!r}")


def recall(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return how many of the images that show a class were predicted as it. Range: [0, 1].

    Raises:
        ValueError: Two labels, and no image shows the positive one.
    """
    decided = _decided(y_true, y_score, sample_weight)
    return _positive_or_mean(sk.recall_score, decided, labels, "no image shows {!r}")


def f1(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None) -> float:
    """Return 2 tp / (2 tp + fp + fn), the harmonic mean of precision and recall. Range: [0, 1].

    Raises:
        ValueError: Two labels, and no image shows the positive one or was predicted as it.
    """
    decided = _decided(y_true, y_score, sample_weight)
    return _positive_or_mean(sk.f1_score, decided, labels, "no image shows or was predicted {!r}")


def _per_class(score: Callable[..., Any], decided: Decided, labels: LabelScheme) -> dict[str, float | None]:
    """Return each class's value; None where it is undefined and for a class without images."""
    y_true, y_pred, weight = decided
    classes = range(len(labels))
    values = score(y_true, y_pred, labels=classes, average=None, zero_division=np.nan, sample_weight=weight)
    return {
        emotion: None if k not in y_true or math.isnan(values[k]) else float(values[k])
        for k, emotion in enumerate(labels.emotions)
    }


def precision_per_class(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> dict[str, float | None]:
    """Return the precision of each emotion, None where it is absent or was never predicted. Range: [0, 1]."""
    return _per_class(sk.precision_score, _decided(y_true, y_score, sample_weight), labels)


def recall_per_class(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> dict[str, float | None]:
    """Return the recall of each emotion, None where it is absent. Range: [0, 1]."""
    return _per_class(sk.recall_score, _decided(y_true, y_score, sample_weight), labels)


def f1_per_class(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> dict[str, float | None]:
    """Return the F1 of each emotion, None where it is absent. Range: [0, 1]."""
    return _per_class(sk.f1_score, _decided(y_true, y_score, sample_weight), labels)


def cohen_kappa(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the agreement beyond chance: (observed - expected) / (1 - expected). Range: [-1, 1].

    Raises:
        ValueError: Truth and prediction are one and the same class throughout.

    Source: Cohen (1960), A coefficient of agreement for nominal scales.
    """
    y_true, y_pred, weight = _decided(y_true, y_score, sample_weight)
    if (y_true == y_true[0]).all() and (y_pred == y_true[0]).all():
        raise ValueError("ground truth and predictions are all of one class")
    return float(sk.cohen_kappa_score(y_true, y_pred, sample_weight=weight))


# What each proportion is made of: hits, and what they are hits of.


def _of_present(counts: ClassCounts, y_true: IntArray) -> ClassCounts:
    present = np.unique(y_true)
    return [counts[0][k] for k in present], [counts[1][k] for k in present]


def _of_positive_or_present(counts: ClassCounts, y_true: IntArray, labels: LabelScheme) -> Counts:
    return _of_present(counts, y_true) if labels.positive is None else (counts[0][1], counts[1][1])


def accuracy_counts(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> Counts:
    """Return the images that are right, of all."""
    return int((predicted_classes(y_score) == y_true).sum()), len(y_true)


def balanced_accuracy_counts(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> Counts:
    """Return the images that are right, and all, of each class that is present."""
    return _of_present(recall_per_class_counts(y_true, y_score, labels=labels), y_true)


def precision_counts(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> Counts:
    """Return the images that are right, of those predicted as the class (or as each that is present)."""
    return _of_positive_or_present(precision_per_class_counts(y_true, y_score, labels=labels), y_true, labels)


def recall_counts(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> Counts:
    """Return the images that are right, of those that show the class (or each that is present)."""
    return _of_positive_or_present(recall_per_class_counts(y_true, y_score, labels=labels), y_true, labels)


def f1_counts(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> Counts | None:
    """Return tp and tp + fp + fn, whose ratio `f1_from_jaccard` turns into F1; None beyond two labels.

    The F1s of several classes depend on each other, as one mistake lowers two of them: simulated intervals that
    ignored it held the truth in 89 % of the cases, at any number of images.
    """
    if labels.positive is None:
        return None
    return _of_positive_or_present(f1_per_class_counts(y_true, y_score, labels=labels), y_true, labels)


def f1_from_jaccard(jaccard: float) -> float:
    """Return F1 = 2 J / (1 + J), which rises with the Jaccard index J = tp / (tp + fp + fn).

    J is a proportion, of the images that show the class or were predicted as it. F1 is not one, but the
    ends of J's Wilson interval map onto those of F1.
    """
    return 2 * jaccard / (1 + jaccard)


def precision_per_class_counts(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> ClassCounts:
    """Return the images that are right, and those predicted, of each emotion."""
    matrix = _whole_matrix(y_true, y_score, labels)
    return matrix.diagonal().tolist(), matrix.sum(axis=0).tolist()


def recall_per_class_counts(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> ClassCounts:
    """Return the images that are right, and those that show it, of each emotion."""
    matrix = _whole_matrix(y_true, y_score, labels)
    return matrix.diagonal().tolist(), matrix.sum(axis=1).tolist()


def f1_per_class_counts(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> ClassCounts:
    """Return tp and tp + fp + fn of each emotion."""
    matrix = _whole_matrix(y_true, y_score, labels)
    hits = matrix.diagonal()
    return hits.tolist(), (matrix.sum(axis=0) + matrix.sum(axis=1) - hits).tolist()


def _whole_matrix(y_true: IntArray, y_score: FloatArray, labels: LabelScheme) -> IntArray:
    return confusion_matrix(y_true, y_score, labels=labels).astype(np.int64)
