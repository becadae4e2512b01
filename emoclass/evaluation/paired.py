"""Two models on the same images: is their difference more than chance?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from emoclass.evaluation.intervals import Interval, interval_of_resamples
from emoclass.evaluation.predictions import FloatArray, IntArray

BATCH_BYTES = 2**24
"""Of the numbers that are drawn at once."""


@dataclass(frozen=True)
class PairedBootstrap:
    """What a paired bootstrap says of a model, measured against a reference.

    Attributes:
        accuracy: The model's accuracy less the reference's. Range: [-1, 1].
        accuracy_interval: Its 95 % interval.
        macro_f1: The same difference of the mean F1 over the classes that are present.
        macro_f1_interval: Its 95 % interval.
        p_value: Two-sided, of the difference in accuracy.
        units: What was resampled: images, or groups of images.
        differing: Units in which the two do not have equally many images right.
    """

    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    p_value: float
    units: int
    differing: int


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the exact two-sided p-value of McNemar's test: are both kinds of disagreement equally likely?

    Images that both have right or both have wrong say nothing about the difference, and do not count. The images
    must be independent of each other.

    Range: (0, 1]; 1 where the two never disagree.

    Args:
        only_first: Images that only the first model has right.
        only_second: Images that only the second model has right.

    Source: McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages.

    Example:
        >>> mcnemar(0, 6), mcnemar(3, 3)
        (0.03125, 1.0)
    """
    discordant = only_first + only_second
    return float(stats.binomtest(only_first, discordant, 0.5).pvalue) if discordant else 1.0


def smallest_p(discordant: int) -> float:
    """Return the smallest two-sided p-value that so many disagreements allow: all of them in one direction.

    Example:
        >>> smallest_p(5), smallest_p(6)
        (0.0625, 0.03125)
    """
    return min(1.0, 2.0 * 0.5**discordant)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for being several: the smallest of m times m, the next times m - 1, and so on.

    The chance that any of them falls to 0.05 without a difference stays at 5 %, however they depend on each other.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure.

    Example:
        >>> holm([0.04, 0.01, 0.03])
        [0.06, 0.03, 0.06]
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def paired_bootstrap(
    y_true: IntArray,
    reference: IntArray,
    other: IntArray,
    *,
    classes: int,
    units: IntArray | None = None,
    seed: int,
    n_resamples: int = 10_000,
) -> PairedBootstrap:
    """Return how far two models differ, with intervals from resamples that both share.

    What is resampled are independent units: images, or persons. The
    p-value is that of a wild bootstrap with the null hypothesis imposed: each unit's difference gets a random sign, and
    what counts is how often the sum gets as far from 0 as the observed one. Resamples of a dozen groups vary too
    little: a p-value that was read off them found a difference in 10 % of simulated pairs of equal models.

    Shapes: `y_true`, `reference` and `other` are class indices, int `(n,)`, n > 0.

    Args:
        y_true: The true classes.
        reference: What the first model predicted.
        other: What the second model predicted.
        classes: How many classes there are.
        units: The number of each image's independent unit, such as its person, from 0 on without gaps; None where each
            image is one.
        seed: Seed of the resampling.
        n_resamples: How many resamples, at least 1.

    Source: Efron and Tibshirani (1993), An introduction to the bootstrap, chapter 6, for the intervals; Cameron,
    Gelbach and Miller (2008), Bootstrap-based improvements for inference with clustered errors, for the p-value.
    """
    kinds, kind = _kinds_of_units(y_true, reference, other, classes, units)
    n_units, size = len(kind), np.bincount(kind)
    rng = np.random.default_rng(seed)
    drawn = [
        _differences(_draw(rng, kind, size, n) @ kinds)
        for n in _batches(n_resamples, max(len(kinds), n_units if _many(size) else 0))
    ]
    accuracy, macro_f1 = np.concatenate(drawn, axis=1)
    observed = _differences(size.astype(np.float64)[np.newaxis] @ kinds)[:, 0]
    right = kinds.reshape(len(kinds), 5, classes).sum(axis=2)
    net = (right[:, 3] - right[:, 1]).astype(np.int64)[kind]
    net = net[net != 0]
    return PairedBootstrap(
        accuracy=float(observed[0]),
        accuracy_interval=interval_of_resamples(float(observed[0]), accuracy, n_units, (-1.0, 1.0)),
        macro_f1=float(observed[1]),
        macro_f1_interval=interval_of_resamples(float(observed[1]), macro_f1, n_units, (-1.0, 1.0)),
        p_value=_p_of_flips(net, rng, n_resamples),
        units=n_units,
        differing=len(net),
    )


def _kinds_of_units(
    y_true: IntArray, reference: IntArray, other: IntArray, classes: int, unit: IntArray | None
) -> tuple[FloatArray, IntArray]:
    """Return what kinds of units there are, and the kind of each unit.

    Units with the same counts are interchangeable: to draw how many of each kind there are is the same bootstrap. Kinds
    stand in the order in which they appear, so that swapping the models draws the same resamples.

    Shapes: Counts of images for each class, shown, then hit and predicted by either model: float64
    `(kinds, 5 * classes)`; int `(units,)`.
    """
    code = (y_true * classes + reference) * classes + other
    codes, kind = _numbered(code)
    shown, by_reference, by_other = (np.eye(classes)[codes // classes**power % classes] for power in (2, 1, 0))
    kinds = np.hstack([shown, shown * by_reference, by_reference, shown * by_other, by_other])
    if unit is None:
        return kinds, kind
    sums: FloatArray = np.stack([np.bincount(unit, weights=column[kind]) for column in kinds.T], axis=1)
    _, first, number = np.unique(sums, axis=0, return_index=True, return_inverse=True)
    firsts, kind_of_unit = _numbered(first[number.ravel()])
    return sums[firsts], kind_of_unit


def _numbered(values: IntArray) -> tuple[IntArray, IntArray]:
    """Return the different values in the order in which they appear, and the place of each value among them."""
    different, first, number = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return different[order], place[number]


def _many(size: IntArray) -> bool:
    """Tell whether kinds are so many that units are drawn faster one by one."""
    return 8 * len(size) > int(size.sum())


def _draw(rng: np.random.Generator, kind: IntArray, size: IntArray, n_resamples: int) -> FloatArray:
    """Return how many units of each kind are in each resample: `(resamples, kinds)`."""
    units, kinds = len(kind), len(size)
    if not _many(size):
        return rng.multinomial(units, size / units, n_resamples).astype(np.float64)
    rows = kind[rng.integers(0, units, (n_resamples, units), dtype=np.int32)]
    return np.stack([np.bincount(row, minlength=kinds) for row in rows]).astype(np.float64)


def _batches(n_resamples: int, numbers: int) -> Iterator[int]:
    """Yield how many resamples to draw at a time: as many as fit `BATCH_BYTES`, where one takes so many numbers."""
    size = max(1, BATCH_BYTES // (8 * max(numbers, 1)))
    for done in range(0, n_resamples, size):
        yield min(size, n_resamples - done)


def _differences(counts: FloatArray) -> FloatArray:
    """Return the differences in accuracy and macro F1. Shapes: `(resamples, 5 * classes)` -> `(2, resamples)`."""
    shown, *rest = np.moveaxis(counts.reshape(len(counts), 5, -1), 1, 0)
    present = shown > 0  # by class; macro F1 is the mean over these, as in the metric f1

    def figures(hits: FloatArray, predicted: FloatArray) -> FloatArray:
        f1 = np.where(present, 2 * hits / np.maximum(shown + predicted, 1), 0.0)
        return np.stack([hits.sum(axis=1) / shown.sum(axis=1), f1.sum(axis=1) / present.sum(axis=1)])

    return figures(*rest[2:]) - figures(*rest[:2])


def _p_of_flips(net: IntArray, rng: np.random.Generator, n_resamples: int) -> float:
    """Return the share of random signs that bring the sum of the units' differences as far from 0 as it is."""
    as_far = 0
    sizes, times = np.unique(abs(net), return_counts=True)  # of units with equal differences, how many are positive
    for n in _batches(n_resamples, len(sizes)):
        positive = rng.binomial(times, 0.5, (n, len(sizes)))
        as_far += int((abs(((2 * positive - times) * sizes).sum(axis=1)) >= abs(net.sum())).sum())
    return max((1 + as_far) / (n_resamples + 1), smallest_p(len(net)))  # never below what exact counting allows
