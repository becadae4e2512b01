"""Two models on the same images: is their difference more than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from emoclass.evaluation.intervals import CONFIDENCE, Interval
from emoclass.evaluation.predictions import IntArray

_ROUNDING = 1e-12
_BATCH = 500  # resamples drawn at once: bounds the memory of a large test set


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
    groups: Sequence[str | None] | None = None,
    seed: int,
    n_resamples: int = 10_000,
) -> PairedBootstrap:
    """Return how far two models differ, with percentile intervals over resamples that both share.

    What is resampled are images or, where groups are declared, groups; an image without a group is one of its own. The
    p-value is that of a wild bootstrap with the null hypothesis imposed: each unit's difference gets a random sign, and
    what counts is how often the sum gets as far from 0 as the observed one. Resamples of a dozen groups vary too
    little: a p-value that was read off them found a difference in 10 % of simulated pairs of equal models.

    Shapes: `y_true`, `reference` and `other` are class indices, int `(n,)`, n > 0.

    Args:
        y_true: The true classes.
        reference: What the first model predicted.
        other: What the second model predicted.
        classes: How many classes there are.
        groups: Each image's group.
        seed: Seed of the resampling.
        n_resamples: How many resamples, at least 1.

    Source: Efron and Tibshirani (1993), An introduction to the bootstrap, chapter 13, for the intervals; Cameron,
    Gelbach and Miller (2008), Bootstrap-based improvements for inference with clustered errors, for the p-value.
    """
    counts = _counts_of_units(y_true, reference, other, classes, groups)
    units = len(counts)
    # Units with the same counts are interchangeable: drawing how many of each kind is the same bootstrap, and fast.
    # Kinds stand in the order in which they appear, so that swapping the models draws the same resamples.
    kinds, first, size = np.unique(counts, axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)
    kinds, size = kinds[order], size[order]
    rng = np.random.default_rng(seed)
    drawn = [
        _differences(rng.multinomial(units, size / units, min(_BATCH, n_resamples - done)) @ kinds)
        for done in range(0, n_resamples, _BATCH)
    ]
    accuracy, macro_f1 = np.concatenate(drawn, axis=1)
    observed = _differences(counts.sum(axis=0, keepdims=True))[:, 0]
    right = counts.reshape(units, 5, classes).sum(axis=2)
    net = right[:, 3] - right[:, 1]
    net = net[net != 0]
    return PairedBootstrap(
        accuracy=float(observed[0]),
        accuracy_interval=_interval(accuracy, units),
        macro_f1=float(observed[1]),
        macro_f1_interval=_interval(macro_f1, units),
        p_value=_p_of_flips(net, rng, n_resamples),
        units=units,
        differing=len(net),
    )


def _counts_of_units(
    y_true: IntArray, reference: IntArray, other: IntArray, classes: int, groups: Sequence[str | None] | None
) -> NDArray[np.int64]:
    """Count for each unit and class: shown, then hit and predicted by either model. Shape: `(units, 5 * classes)`."""
    one_hot = np.eye(classes, dtype=np.int64)
    shown, by_reference, by_other = one_hot[y_true], one_hot[reference], one_hot[other]
    counts = np.hstack([shown, shown * by_reference, by_reference, shown * by_other, by_other])
    if groups is None:
        return counts
    numbers: dict[object, int] = {}
    # A pair cannot be mistaken for another group's name.
    keys = [("alone", index) if group is None else group for index, group in enumerate(groups)]
    unit = [numbers.setdefault(key, len(numbers)) for key in keys]
    sums = np.zeros((len(numbers), counts.shape[1]), np.int64)
    np.add.at(sums, unit, counts)
    return sums


def _differences(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the differences in accuracy and macro F1. Shapes: `(resamples, 5 * classes)` -> `(2, resamples)`."""
    shown, *rest = np.moveaxis(counts.reshape(len(counts), 5, -1), 1, 0)
    present = shown > 0  # by class; macro F1 is the mean over these, as in the metric f1

    def figures(hits: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.float64]:
        f1 = np.where(present, 2 * hits / np.maximum(shown + predicted, 1), 0.0)
        return np.stack([hits.sum(axis=1) / shown.sum(axis=1), f1.sum(axis=1) / present.sum(axis=1)])

    return figures(*rest[2:]) - figures(*rest[:2])


def _p_of_flips(net: NDArray[np.int64], rng: np.random.Generator, n_resamples: int) -> float:
    """Return the share of random signs that bring the sum of the units' differences as far from 0 as it is."""
    as_far = 0
    for done in range(0, n_resamples, _BATCH):
        signs = 2 * rng.integers(0, 2, (min(_BATCH, n_resamples - done), len(net))) - 1
        as_far += int((abs(signs @ net) >= abs(net.sum())).sum())
    return max((1 + as_far) / (n_resamples + 1), smallest_p(len(net)))  # never below what exact counting allows


def _interval(differences: NDArray[np.float64], units: int) -> Interval:
    if units < 2:
        return Interval(reason="no interval: a single image or group")
    if np.ptp(differences) < _ROUNDING:
        return Interval(reason=f"no interval: all {len(differences)} resamples give the same value")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    return Interval(float(low), float(high))
