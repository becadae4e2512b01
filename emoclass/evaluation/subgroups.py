"""Figures by the values of an attribute: are there enough images, and is there a difference at all?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emoclass.evaluated import Breakdown, Subgroup
from emoclass.evaluation.comparison import format_p
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.predictions import BoolArray, IntArray, Predictions
from emoclass.results import MetricValue
from emoclass.specs import MetricSpec

GROUP = "group"
"""The attribute that every dataset with persons or sources has."""

FEWEST_IMAGES, FEWEST_GROUPS, WIDEST = 30, 10, 0.2
"""Below so many images or groups, or with a wider interval of the accuracy, nothing can be concluded of a value."""

SIGNIFICANCE = 0.05
PERMUTATIONS = 5000


def break_down(
    predictions: Predictions,
    attribute: str,
    values: Sequence[str | None],
    metrics: Sequence[MetricSpec],
    *,
    seed: int,
    n_resamples: int,
) -> Breakdown:
    """Measure predictions by the values of an attribute.

    A value is too small to conclude from where it has fewer than 30 images, or fewer than 10 persons where the dataset
    names these, or where the 95 % interval of its accuracy is wider than 20 points.

    Args:
        predictions: What the model said.
        attribute: The attribute's name; `group` measures each person or source on its own.
        values: Each image's value, None where it has none; at least one has.
        metrics: What to compute for each value, `accuracy` among them.
        seed: Seed of bootstrap and permutations.
        n_resamples: Resamples of the bootstrap.
    """
    known = [value for value in values if value is not None]
    names = sorted(set(known))
    rows = np.array([place for place, value in enumerate(values) if value is not None])
    given = predictions.take(rows)
    if attribute == GROUP:  # within one person, images are what is drawn
        given = given.without_groups()
    of_value = np.array([names.index(value) for value in known])
    found = {}
    for number, name in enumerate(names):
        own = given.take(np.flatnonzero(of_value == number))
        measured = evaluate(own, metrics, seed=seed, n_resamples=n_resamples)
        n_groups = _n_groups(own.groups)
        found[name] = Subgroup(
            n_samples=len(own),
            n_groups=n_groups,
            metrics=measured,
            too_small=_too_small(len(own), n_groups, measured["accuracy"]),
        )
    p_value = None
    if len(names) > 1:
        p_value = permutation_test(given.y_pred == given.y_true, of_value, groups=given.groups, seed=seed)
    return Breakdown(
        attribute=attribute,
        values=found,
        n_without=len(values) - len(known),
        p_value=p_value,
        more_than_chance=p_value is not None and p_value <= SIGNIFICANCE,
        verdict=_verdict(attribute, p_value),
    )


def _n_groups(groups: Sequence[str | None] | None) -> int | None:
    return None if groups is None else len(set(groups) - {None}) + list(groups).count(None)


def _too_small(n: int, n_groups: int | None, accuracy: MetricValue) -> str | None:
    if n < FEWEST_IMAGES:
        return f"fewer than {FEWEST_IMAGES} images"
    if n_groups is not None and n_groups < FEWEST_GROUPS:
        return f"fewer than {FEWEST_GROUPS} groups, such as persons"
    if accuracy.ci_low is None or accuracy.ci_high is None:
        return accuracy.reason or "its accuracy has no interval"
    if accuracy.ci_high - accuracy.ci_low > WIDEST:
        return f"the interval of its accuracy is wider than {100 * WIDEST:g} points"
    return None


def _verdict(attribute: str, p_value: float | None) -> str:
    if p_value is None:
        return f"All images have the same {attribute}: nothing can be compared."
    said = "differs by more than chance" if p_value <= SIGNIFICANCE else "may differ by chance alone"
    return f"Between the values of {attribute}, the accuracy {said} (permutation test, {format_p(p_value)})."


def permutation_test(
    right: BoolArray, value: IntArray, *, groups: Sequence[str | None] | None = None, seed: int
) -> float:
    """Return the p-value of the hypothesis that an answer's being right has nothing to do with the value.

    The values are dealt out anew, and what counts is how often right answers are then as unevenly spread over them as
    they are: by the sum over values of (hits - expected hits)^2 / images. Images of one person are no independent
    evidence. Where every person has one value, the values are dealt out to persons; where a person has several, to the
    images of each person, so that persons who are easier to read make no difference.

    Shapes: `right` is bool `(n,)`, `value` int `(n,)` from 0 on, without gaps.

    Range: (0, 1].

    Source: Good (2005), Permutation, parametric and bootstrap tests of hypotheses; Phipson and Smyth (2010),
    Permutation p-values should never be zero, for the 1 that is added.
    """
    rng = np.random.default_rng(seed)
    unit = _units(groups, len(right))
    if unit is None:
        statistics, observed = _dealt_within(right, value, np.zeros(len(right), np.int64), rng)
    elif all(len(np.unique(value[unit == each])) == 1 for each in np.unique(unit)):
        statistics, observed = _dealt_to_units(right, value, unit, rng)
    else:
        statistics, observed = _dealt_within(right, value, unit, rng)
    as_far = int((statistics >= observed * (1 - 1e-9) - 1e-12).sum())
    return (1 + as_far) / (1 + PERMUTATIONS)


def _units(groups: Sequence[str | None] | None, n: int) -> IntArray | None:
    """Return each image's group as a number, an image without one alone; None where no group has several images."""
    named = [group for group in groups or () if group is not None]
    if groups is None or len(set(named)) == len(named):
        return None
    # A pair cannot be mistaken for another group's name.
    keys = [("alone", place) if group is None else group for place, group in enumerate(groups)]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys])


def _dealt_within(
    right: BoolArray, value: IntArray, unit: IntArray, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """Deal the values out within each unit: how many hits fall on each is multivariate hypergeometric."""
    classes = int(value.max()) + 1
    images = np.bincount(value, minlength=classes)
    drawn, expected = np.zeros((PERMUTATIONS, classes)), np.zeros(classes)
    for each in np.unique(unit):
        own = unit == each
        sizes, hits = np.bincount(value[own], minlength=classes), int(right[own].sum())
        expected += hits * sizes / own.sum()
        drawn += rng.multivariate_hypergeometric(sizes, hits, size=PERMUTATIONS, method="marginals")
    observed = np.bincount(value, weights=right, minlength=classes)
    return ((drawn - expected) ** 2 / images).sum(axis=1), float(((observed - expected) ** 2 / images).sum())


def _dealt_to_units(
    right: BoolArray, value: IntArray, unit: IntArray, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """Deal the values out to whole units, each of which has one."""
    hits, size = np.bincount(unit, weights=right), np.bincount(unit).astype(np.float64)
    of_unit = np.zeros(len(size), np.int64)
    of_unit[unit] = value
    share = hits.sum() / size.sum()

    def statistic(dealt: IntArray) -> float:
        images = np.bincount(dealt, weights=size)
        return float(((np.bincount(dealt, weights=hits) - share * images) ** 2 / images).sum())

    return np.array([statistic(rng.permutation(of_unit)) for _ in range(PERMUTATIONS)]), statistic(of_unit)
