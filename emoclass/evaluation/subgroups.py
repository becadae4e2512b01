"""Metrics by the values of an attribute: are there enough images, and is there a difference at all?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emoclass.evaluation.comparison import format_p
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.paired import holm
from emoclass.evaluation.permutation import permutation_test
from emoclass.evaluation.predictions import Predictions
from emoclass.values.evaluation import Breakdown, Subgroup
from emoclass.values.results import MetricValue
from emoclass.values.specs import MetricSpec

GROUP = "group"
"""The attribute that every dataset with persons or sources has."""

FEWEST_IMAGES, FEWEST_GROUPS, WIDEST = 30, 10, 0.2
"""Below so many images or groups, or with a wider interval of the accuracy, nothing can be concluded of a value."""

SIGNIFICANCE = 0.05


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
    names these, or where the 95 % interval of its accuracy is wider than 20 points. Of fewer than 30 images, no
    bootstrap is made.

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
    number_of = {name: number for number, name in enumerate(names)}
    of_value = np.array([number_of[value] for value in known])
    found = {}
    order = np.argsort(of_value, kind="stable")
    places = np.split(order, np.cumsum(np.bincount(of_value))[:-1])
    for name, own_places in zip(names, places, strict=True):
        own = given.take(own_places)
        resamples = n_resamples if len(own) >= FEWEST_IMAGES else 0
        measured = evaluate(own, metrics, seed=seed, n_resamples=resamples)
        n_groups = None if own.groups is None else len(set(own.groups) - {None}) + own.groups.count(None)
        found[name] = Subgroup(
            n_samples=len(own),
            n_groups=n_groups,
            metrics=measured,
            too_small=_too_small(len(own), own.n_units, measured["accuracy"]),
        )
    p_value = None
    if len(names) > 1:
        p_value = permutation_test(given.y_pred == given.y_true, of_value, units=given.units, seed=seed)
    return Breakdown(
        attribute=attribute,
        values=found,
        n_without=len(values) - len(known),
        p_value=p_value,
        p_adjusted=p_value,
        more_than_chance=p_value is not None and p_value <= SIGNIFICANCE,
        verdict=_verdict(attribute, len(names), p_value, 1),
    )


def corrected(found: Sequence[Breakdown]) -> list[Breakdown]:
    """Return breakdowns whose p-values are corrected for being several: of many attributes, some differ by chance."""
    tested = [each for each in found if each.p_value is not None]
    adjusted = dict(
        zip([each.attribute for each in tested], holm([each.p_value or 0.0 for each in tested]), strict=True)
    )
    return [
        each
        if (p := adjusted.get(each.attribute)) is None
        else each.model_copy(
            update={
                "p_adjusted": p,
                "more_than_chance": p <= SIGNIFICANCE,
                "verdict": _verdict(each.attribute, len(each.values), p, len(tested)),
            }
        )
        for each in found
    ]


def _too_small(n: int, n_units: int, accuracy: MetricValue) -> str | None:
    if n < FEWEST_IMAGES:
        return f"fewer than {FEWEST_IMAGES} images"
    if n_units < FEWEST_GROUPS:
        return f"fewer than {FEWEST_GROUPS} groups, such as persons"
    if accuracy.ci_low is not None and accuracy.ci_high is not None and accuracy.ci_high - accuracy.ci_low > WIDEST:
        return f"the interval of its accuracy is wider than {100 * WIDEST:g} points"
    return None


def _verdict(attribute: str, n_values: int, p_value: float | None, n_tests: int) -> str:
    if n_values == 1:
        return f"All images have the same {attribute}: there is nothing to compare."
    if p_value is None:
        return (
            f"Each {attribute} occurs in one person or source only: differences between persons and between values of "
            f"{attribute} cannot be separated. Use group to compare persons."
        )
    said = "differs by more than chance" if p_value <= SIGNIFICANCE else "may differ by chance alone"
    several = f", corrected for {n_tests} attributes" if n_tests > 1 else ""
    return f"Between the values of {attribute}, the accuracy {said} (permutation test, {format_p(p_value)}{several})."
