"""Figures by the values of an attribute: the rule for small ones, and whether there is a difference at all."""

import tracemalloc
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from emoclass.evaluation.permutation import permutation_test
from emoclass.evaluation.predictions import Predictions
from emoclass.evaluation.subgroups import break_down, corrected
from emoclass.evaluation.units import independent_units
from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.values.labels import LabelScheme

ACCURACY = [spec for spec in BUILTIN_METRICS if spec.name == "accuracy"]


def predicted(right, groups=None):
    """Return predictions of which it is given whether they are right."""
    y_score = np.where(np.asarray(right, bool)[:, None], [[0.9, 0.1]], [[0.1, 0.9]])
    ids = tuple(map(str, range(len(right))))
    return Predictions(ids, np.zeros(len(right), int), y_score, LabelScheme(emotions=("happy", "sad")), groups=groups)


def broken(right, values, groups=None, attribute="gender"):
    return break_down(predicted(right, groups), attribute, values, ACCURACY, seed=0, n_resamples=200)


def test_each_value_has_its_own_images_and_interval():
    right = [1] * 95 + [0] * 5 + [1] * 150 + [0] * 50 + [1] * 10
    found = broken(right, ["female"] * 100 + ["male"] * 200 + [None] * 10)
    female, male = found.values["female"].metrics["accuracy"], found.values["male"].metrics["accuracy"]
    assert (female.value, female.n_samples, male.value, male.n_samples) == (0.95, 100, 0.75, 200)
    assert female.ci_low < 0.95 < female.ci_high
    assert (found.n_without, found.more_than_chance) == (10, True) and found.p_value < 0.001
    assert found.verdict == (
        "Between the values of gender, the accuracy differs by more than chance (permutation test, p < 0.001)."
    )
    assert all(each.too_small is None for each in found.values.values())


@pytest.mark.parametrize(
    ("right", "groups", "reason"),
    [
        ([1] * 29, None, "fewer than 30 images"),
        ([1, 0] * 45, None, "wider than 20 points"),
        ([1, 0] * 51, None, None),
        ([1] * 30, None, None),
        ([1, 0, 1, 1] * 100, tuple(f"p{i % 9}" for i in range(400)), "fewer than 10 groups"),
    ],
)
def test_a_value_with_too_little_behind_it_says_so(right, groups, reason):
    found = broken(right, ["one"] * len(right), groups)
    told = found.values["one"].too_small
    assert told is reason if reason is None else reason in told
    assert (found.p_value, found.more_than_chance) == (None, False) and "there is nothing to compare" in found.verdict


def test_images_of_one_person_are_no_independent_evidence():
    # Four persons a value, each all right or all wrong: 3 of 4 against 1 of 4, on 25 images each.
    right = np.repeat([1, 1, 1, 0, 1, 0, 0, 0], 25).astype(bool)
    value, groups = np.repeat([0] * 4 + [1] * 4, 25), np.repeat(list("abcdefgh"), 25).tolist()
    assert permutation_test(right, value, seed=0) < 0.001
    assert permutation_test(right, value, units=independent_units(len(value), groups), seed=0) > 0.3


def test_where_persons_have_several_values_these_are_compared_within_each():
    # Everybody is right on photographs by day and wrong by night; half of the persons have many more of one kind.
    value, groups, right = [], [], []
    for person in range(6):
        for by_night in [0] * (3 + person) + [1] * (8 - person):
            value.append(by_night), groups.append(f"p{person}"), right.append(not by_night)
    assert (
        permutation_test(np.array(right), np.array(value), units=independent_units(len(value), groups), seed=0) < 0.001
    )
    # Easy and difficult persons alone make no difference between the values.
    easy = np.array([group in ("p0", "p1", "p2") for group in groups])
    assert permutation_test(easy, np.array(value), units=independent_units(len(value), groups), seed=0) > 0.9


def test_equal_values_are_seldom_told_apart():
    rng = np.random.default_rng(1)
    drawn = [(rng.random(120) < 0.7, rng.integers(0, 3, 120)) for _ in range(100)]
    found = [permutation_test(right, value, seed=number) for number, (right, value) in enumerate(drawn)]
    assert 0.01 <= np.mean(np.array(found) <= 0.05) <= 0.12
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)


def test_each_person_is_measured_by_the_images_alone():
    right, groups = [1] * 40 + [0] * 40, tuple(["anna"] * 40 + ["ben"] * 40)
    found = broken(right, list(groups), groups, attribute="group")
    assert found.values["anna"].metrics["accuracy"].interval == "wilson"
    assert (found.values["anna"].n_groups, found.more_than_chance) == (None, True)


def test_one_person_with_two_values_does_not_undo_what_the_others_say():
    rng = np.random.default_rng(0)
    value, groups = np.repeat(np.arange(200) % 2, 5), np.repeat(np.arange(200), 5).astype(str).tolist()
    right = rng.random(1000) < np.where(value == 1, 0.9, 0.5)
    assert permutation_test(right, value, units=independent_units(len(value), groups), seed=0) < 0.001
    value[0] = 1 - value[0]
    assert permutation_test(right, value, units=independent_units(len(value), groups), seed=0) < 0.001
    # Persons who are easier to read make no difference, whether they have one value or several.
    easy = np.array([int(group) < 100 for group in groups])
    assert permutation_test(easy, value, units=independent_units(len(value), groups), seed=0) > 0.2


def test_where_each_value_is_one_persons_nothing_is_concluded():
    right, groups = [1] * 40 + [0] * 40, tuple(["anna"] * 40 + ["ben"] * 40)
    found = broken(right, ["female"] * 40 + ["male"] * 40, groups)
    assert (found.p_value, found.more_than_chance) == (None, False)
    assert found.verdict.startswith("Each gender occurs in one person or source only:")


@pytest.mark.parametrize("sizes", [(2, 2), (3, 4), (1, 2, 3), (2, 2, 3)])
def test_with_few_images_the_p_value_is_that_of_all_ways_to_deal_the_values(sizes):
    value = np.repeat(range(len(sizes)), sizes)
    for hits in range(1, len(value)):
        right = np.arange(len(value)) < hits
        share = Fraction(hits, len(value))

        def spread(order, right=right, share=share):
            counts = [sum(right[each] for each, k in enumerate(order) if k == kind) for kind in range(len(sizes))]
            return sum((hits - share * n) ** 2 / n for hits, n in zip(counts, sizes, strict=True))

        ways = [spread(order) for order in set(permutations(value.tolist()))]
        exact = sum(each >= spread(value) for each in ways) / len(ways)
        assert permutation_test(right, value, seed=0) == pytest.approx(exact, abs=0.03)


def test_no_bootstrap_is_made_of_fewer_than_thirty_images():
    metrics = [spec for spec in BUILTIN_METRICS if spec.name in ("accuracy", "brier_score")]
    values = ["few"] * 29 + ["enough"] * 30
    found = break_down(predicted([1, 0] * 29 + [1]), "gender", values, metrics, seed=0, n_resamples=100).values
    assert found["few"].metrics["brier_score"].ci_low is None
    assert found["enough"].metrics["brier_score"].ci_low is not None


def test_thousands_of_values_take_little_memory():
    value = np.arange(4000) // 2  # with all permutations at once, 240 MB and more
    tracemalloc.start()
    try:
        permutation_test(np.arange(4000) % 3 == 0, value, seed=0)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


def test_attributes_are_corrected_for_being_several():
    """As many as eight attributes that mean nothing: in one trial of twenty, not one of three, any seems to matter."""
    rng = np.random.default_rng(3)
    seems, uncorrected, trials = 0, 0, 60
    for _ in range(trials):
        right = rng.random(60) < 0.7
        each = [broken(right, rng.choice(["a", "b"], 60).tolist(), attribute=f"nothing-{k}") for k in range(8)]
        uncorrected += any(one.more_than_chance for one in each)
        found = corrected(each)
        assert all(one.p_adjusted >= one.p_value == before.p_value for one, before in zip(found, each, strict=True))
        seems += any(one.more_than_chance for one in found)
    assert seems / trials <= 0.1 < uncorrected / trials


def test_a_correction_is_told_and_passes_over_what_was_not_tested():
    clear = broken([1] * 95 + [0] * 5 + [1] * 50 + [0] * 50, ["x"] * 100 + ["y"] * 100, attribute="clear")
    single = broken([1, 0] * 100, ["one"] * 200, attribute="single")
    assert corrected([clear, single]) == [clear, single]
    again = corrected([clear, single, clear.model_copy(update={"attribute": "twice"})])
    assert again[0].p_adjusted == pytest.approx(2 * clear.p_value) and again[0].more_than_chance
    assert "p < 0.001, corrected for 2 attributes" in again[0].verdict
    assert again[0].to_json()["p_adjusted"] == again[0].p_adjusted
    assert (again[1], again[1].p_adjusted) == (single, None)
