"""Metrics of decisions: everything that the true and the predicted classes decide.

Each metric follows `MetricSpec.compute`: `y_true` int `(n,)`, `y_score` float `(n, len(labels))`
probabilities, and ValueError with the reason where the value is undefined. With two labels, precision,
recall and F1 speak of the positive (second) label; beyond two they are means over the classes that
are present in `y_true`, where a class that was never predicted has precision 0.

Each is written once, as a function of confusion matrices `(..., classes, classes)`, rows = true class. So the same
code gives the value and, as `MetricSpec.weighted`, the values of all resamples. Scikit-learn is the reference of the
tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.predictions import FloatArray, IntArray
from emoclass.evaluation.weighted import OfWeights, ratio, weighted_confusions
from emoclass.values.labels import LabelScheme

ClassCounts: TypeAlias = tuple[list[int], list[int]]
Counts: TypeAlias = tuple[int, int] | ClassCounts
Figure: TypeAlias = Callable[[FloatArray], FloatArray]
"""Confusion matrices `(..., classes, classes)` -> figures `(...)` or `(..., classes)`, NaN where undefined."""


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


def confusion_matrix(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> FloatArray:
    """Count the images of each true class (row) and predicted class (column), in label order.

    Shapes: -> float64 `(len(labels), len(labels))`.
    """
    y_true, y_score, weight = with_weight(y_true, y_score, sample_weight)
    classes = len(labels)
    cell = y_true * classes + predicted_classes(y_score)
    return np.bincount(cell, weights=weight, minlength=classes**2).reshape(classes, classes).astype(np.float64)


# The figures, of one confusion matrix or of many.


def _accuracy(matrix: FloatArray) -> FloatArray:
    return ratio(_hits(matrix).sum(axis=-1), matrix.sum(axis=(-2, -1)))


def _recalls(matrix: FloatArray) -> FloatArray:
    return ratio(_hits(matrix), matrix.sum(axis=-1))


def _precisions(matrix: FloatArray) -> FloatArray:
    return ratio(_hits(matrix), matrix.sum(axis=-2))


def _f1s(matrix: FloatArray) -> FloatArray:
    return ratio(2 * _hits(matrix), matrix.sum(axis=-1) + matrix.sum(axis=-2))


def _hits(matrix: FloatArray) -> FloatArray:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _of_present_classes(figure: Figure) -> Figure:
    """Leave out the classes that no image shows."""
    return lambda matrix: np.where(matrix.sum(axis=-1) > 0, figure(matrix), np.nan)


def _mean_of_present_classes(figure: Figure) -> Figure:
    """Average over the classes that are present; what is undefined of one of them counts as 0."""

    def mean(matrix: FloatArray) -> FloatArray:
        present = matrix.sum(axis=-1) > 0
        return ratio(np.where(present, np.nan_to_num(figure(matrix)), 0.0).sum(axis=-1), present.sum(axis=-1))

    return mean


def _of_positive_or_mean(figure: Figure, labels: LabelScheme) -> Figure:
    """Take the positive class's figure of two, or else the mean over the classes that are present."""
    return _mean_of_present_classes(figure) if labels.positive is None else lambda matrix: figure(matrix)[..., 1]


def _kappa(matrix: FloatArray) -> FloatArray:
    total = matrix.sum(axis=(-2, -1))
    by_chance = (matrix.sum(axis=-1) * matrix.sum(axis=-2)).sum(axis=-1)  # both times the square of the total
    return ratio(_hits(matrix).sum(axis=-1) * total - by_chance, total**2 - by_chance)


# The metrics.


def accuracy(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the share of images whose predicted class is the true one. Range: [0, 1]."""
    return float(_accuracy(confusion_matrix(y_true, y_score, labels=labels, sample_weight=sample_weight)))


def balanced_accuracy(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the mean recall of the classes that are present. Range: [0, 1]."""
    matrix = confusion_matrix(y_true, y_score, labels=labels, sample_weight=sample_weight)
    return float(_mean_of_present_classes(_recalls)(matrix))


def precision(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return how many of the images predicted as a class show it. Range: [0, 1].

    Raises:
        ValueError: Two labels, and no image was predicted as the positive one.
    """
    matrix = confusion_matrix(y_true, y_score, labels=labels, sample_weight=sample_weight)
    return _defined(_of_positive_or_mean(_precisions, labels)(matrix), f"no image was predicted {labels.positive!r}")


def recall(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return how many of the images that show a class were predicted as it. Range: [0, 1].

    Raises:
        ValueError: Two labels, and no image shows the positive one.
    """
    matrix = confusion_matrix(y_true, y_score, labels=labels, sample_weight=sample_weight)
    return _defined(_of_positive_or_mean(_recalls, labels)(matrix), f"no image shows {labels.positive!r}")


def f1(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None) -> float:
    """Return 2 tp / (2 tp + fp + fn), the harmonic mean of precision and recall. Range: [0, 1].

    Raises:
        ValueError: Two labels, and no image shows the positive one or was predicted as it.
    """
    matrix = confusion_matrix(y_true, y_score, labels=labels, sample_weight=sample_weight)
    return _defined(_of_positive_or_mean(_f1s, labels)(matrix), f"no image shows or was predicted {labels.positive!r}")


def _defined(value: FloatArray, undefined: str) -> float:
    if np.isnan(value):
        raise ValueError(undefined)
    return float(value)


def precision_per_class(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> dict[str, float | None]:
    """Return the precision of each emotion, None where it is absent or was never predicted. Range: [0, 1]."""
    return _per_class(
        _precisions, confusion_matrix(y_true, y_score, labels=labels, sample_weight=sample_weight), labels
    )


def recall_per_class(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> dict[str, float | None]:
    """Return the recall of each emotion, None where it is absent. Range: [0, 1]."""
    return _per_class(_recalls, confusion_matrix(y_true, y_score, labels=labels, sample_weight=sample_weight), labels)


def f1_per_class(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> dict[str, float | None]:
    """Return the F1 of each emotion, None where it is absent. Range: [0, 1]."""
    return _per_class(_f1s, confusion_matrix(y_true, y_score, labels=labels, sample_weight=sample_weight), labels)


def _per_class(figure: Figure, matrix: FloatArray, labels: LabelScheme) -> dict[str, float | None]:
    values = _of_present_classes(figure)(matrix).tolist()
    return {emotion: None if value != value else value for emotion, value in zip(labels.emotions, values, strict=True)}


def cohen_kappa(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, sample_weight: FloatArray | None = None
) -> float:
    """Return the agreement beyond chance: (observed - expected) / (1 - expected). Range: [-1, 1].

    Raises:
        ValueError: Truth and prediction are one and the same class throughout.

    Source: Cohen (1960), A coefficient of agreement for nominal scales.
    """
    matrix = confusion_matrix(y_true, y_score, labels=labels, sample_weight=sample_weight)
    return _defined(_kappa(matrix), "ground truth and predictions are all of one class")


# The same of weighted images: `MetricSpec.weighted`.


def accuracy_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the accuracy as a function of weights."""
    return _weighted(_accuracy, y_true, y_score, labels)


def balanced_accuracy_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the mean recall as a function of weights."""
    return _weighted(_mean_of_present_classes(_recalls), y_true, y_score, labels)


def precision_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the precision as a function of weights."""
    return _weighted(_of_positive_or_mean(_precisions, labels), y_true, y_score, labels)


def recall_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the recall as a function of weights."""
    return _weighted(_of_positive_or_mean(_recalls, labels), y_true, y_score, labels)


def f1_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return F1 as a function of weights."""
    return _weighted(_of_positive_or_mean(_f1s, labels), y_true, y_score, labels)


def precision_per_class_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the precision of each emotion as a function of weights."""
    return _weighted(_of_present_classes(_precisions), y_true, y_score, labels)


def recall_per_class_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the recall of each emotion as a function of weights."""
    return _weighted(_of_present_classes(_recalls), y_true, y_score, labels)


def f1_per_class_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return the F1 of each emotion as a function of weights."""
    return _weighted(_of_present_classes(_f1s), y_true, y_score, labels)


def cohen_kappa_weighted(y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme) -> OfWeights:
    """Return Cohen's kappa as a function of weights."""
    return _weighted(_kappa, y_true, y_score, labels)


def _weighted(figure: Figure, y_true: IntArray, y_score: FloatArray, labels: LabelScheme) -> OfWeights:
    return weighted_confusions(y_true, predicted_classes(y_score), len(labels), figure)


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
