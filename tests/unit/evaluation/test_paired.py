import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from emoclass.evaluation.intervals import interval_of_resamples
from emoclass.evaluation.paired import holm, mcnemar, paired_bootstrap, smallest_p
from emoclass.evaluation.units import independent_units

COUNTS = st.integers(0, 60)


def by_formula(b, c):
    """The exact p-value as textbooks give it: twice the lower tail of Binomial(b + c, 1/2)."""
    n = b + c
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(min(b, c) + 1)) / 2**n)


@given(COUNTS, COUNTS)
def test_mcnemar_is_the_tail_of_the_binomial_and_does_not_care_who_comes_first(b, c):
    assert mcnemar(b, c) == pytest.approx(by_formula(b, c), rel=1e-9)
    assert mcnemar(b, c) == mcnemar(c, b)


@given(st.integers(0, 12), st.integers(0, 12))
def test_mcnemar_counts_the_ways_to_disagree_as_unevenly(b, c):
    heads = np.array([math.comb(b + c, k) for k in range(b + c + 1)])
    uneven = abs(2 * np.arange(b + c + 1) - (b + c)) >= abs(b - c)
    assert mcnemar(b, c) == pytest.approx(heads[uneven].sum() / heads.sum())


def test_never_disagreeing_is_no_evidence():
    assert mcnemar(0, 0) == smallest_p(0) == smallest_p(1) == 1


def test_fewer_than_six_disagreements_can_never_reach_5_percent():
    assert all(mcnemar(b, n - b) >= smallest_p(n) > 0.05 for n in range(6) for b in range(n + 1))
    assert mcnemar(0, 6) == smallest_p(6) < 0.05


def test_holm_by_hand():
    # By hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04, which may not fall below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.3]) == [0.3]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_rejects_what_stepping_down_rejects(p_values):
    rejected, m = set(), len(p_values)
    for rank, index in enumerate(sorted(range(m), key=p_values.__getitem__)):
        if (m - rank) * p_values[index] > 0.05:
            break
        rejected.add(index)
    adjusted = holm(p_values)
    assert {index for index, p in enumerate(adjusted) if p <= 0.05} == rejected
    assert all(old <= new <= min(1, m * old) for old, new in zip(p_values, adjusted, strict=True))


@st.composite
def predictions(draw):
    n = draw(st.integers(1, 24))
    column = st.lists(st.integers(0, 2), min_size=n, max_size=n).map(np.array)
    groups = draw(st.none() | st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=n, max_size=n))
    units = None if groups is None else independent_units(n, groups)
    return draw(column), draw(column), draw(column), units


@given(predictions())
def test_the_differences_are_those_of_scikit_learn(drawn):
    y_true, first, second, units = drawn
    found = paired_bootstrap(y_true, first, second, classes=3, units=units, seed=0, n_resamples=20)

    def macro_f1(y_pred):
        return f1_score(y_true, y_pred, labels=np.unique(y_true), average="macro", zero_division=0)

    assert found.accuracy == pytest.approx((second == y_true).mean() - (first == y_true).mean())
    assert found.macro_f1 == pytest.approx(macro_f1(second) - macro_f1(first))


@given(predictions())
def test_swapping_the_models_negates_the_difference_and_keeps_the_p_value(drawn):
    y_true, first, second, units = drawn
    one = paired_bootstrap(y_true, first, second, classes=3, units=units, seed=3, n_resamples=200)
    other = paired_bootstrap(y_true, second, first, classes=3, units=units, seed=3, n_resamples=200)
    assert (one.p_value, one.units, one.differing) == (other.p_value, other.units, other.differing)
    for name in ("accuracy", "macro_f1"):
        assert getattr(one, name) == pytest.approx(-getattr(other, name))
        a, b = getattr(one, f"{name}_interval"), getattr(other, f"{name}_interval")
        assert a.reason == b.reason
        if a.low is not None:
            assert (a.low, a.high) == pytest.approx((-b.high, -b.low))


@given(predictions())
def test_identical_predictions_have_no_difference_and_p_1(drawn):
    y_true, first, _, units = drawn
    found = paired_bootstrap(y_true, first, first, classes=3, units=units, seed=0, n_resamples=50)
    assert (found.accuracy, found.macro_f1, found.p_value, found.differing) == (0, 0, 1, 0)
    assert found.accuracy_interval.low is None and "no interval" in found.accuracy_interval.reason


def of_rights(first, second, groups=None):
    """Compare two rows of 1 (right) and 0 (wrong)."""
    units = None if groups is None else independent_units(len(first), groups)
    first, second = np.array(first), np.array(second)
    y_true = np.ones(len(first), int)
    return paired_bootstrap(y_true, first, second, classes=2, units=units, seed=1, n_resamples=20_000)


def test_the_interval_of_single_images_is_that_of_all_resamples():
    """Seven images can be drawn in 7^7 ways: the standard error of all of them."""
    first, second = [1, 0, 0, 1, 0, 1, 0], [1, 1, 1, 0, 1, 1, 1]
    net = np.array(second) - np.array(first)
    every = np.array([sum(draw) for draw in product(net, repeat=7)]) / 7
    found = of_rights(first, second).accuracy_interval
    expected = interval_of_resamples(net.mean(), every, 7, (-1.0, 1.0))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.01)


def test_the_p_value_of_groups_is_that_of_all_signs():
    """Eight groups, nets by hand; the reference enumerates all 2^8 signs."""
    nets = [2, 1, 3, -1, 2, 2, 0, 1]
    first = [x for net in nets for x in ([0] * 3 if net >= 0 else [1, 0, 0])]
    second = [x for net in nets for x in ([1] * net + [0] * (3 - net) if net >= 0 else [0, 0, 0])]
    found = of_rights(first, second, groups=[f"g{number}" for number in range(8) for _ in range(3)])
    sums = [abs(np.dot(signs, nets)) for signs in product([-1, 1], repeat=8)]
    assert found.p_value == pytest.approx(np.mean(np.array(sums) >= sum(nets)), abs=0.006)
    assert (found.units, found.differing) == (8, 7)


def test_without_groups_the_bootstrap_agrees_with_mcnemar():
    first, second = [0] * 14 + [1] * 4 + [1] * 22, [1] * 14 + [0] * 4 + [1] * 22
    assert of_rights(first, second).p_value == pytest.approx(mcnemar(14, 4), abs=0.006)


def test_a_handful_of_groups_is_never_more_than_chance():
    found = of_rights([0] * 40, [1] * 40, groups=[str(number % 5) for number in range(40)])
    assert found.p_value >= smallest_p(5) > 0.05


def test_images_of_one_group_count_as_little_as_they_tell():
    first, second = [0] * 12 + [1] * 12, [1] * 12 + [1] * 12
    alone = of_rights(first, second)
    together = of_rights(first, second, groups=["one person"] * 12 + [None] * 12)
    assert (alone.units, together.units) == (24, 13)
    assert alone.p_value < 0.01 and together.p_value == 1


def test_the_test_of_groups_keeps_its_level_where_images_of_a_group_are_alike():
    rng, n_groups, size = np.random.default_rng(7), 12, 8
    groups = [str(number // size) for number in range(n_groups * size)]
    rejected = mcnemar_rejected = 0
    for _ in range(200):
        persons = rng.normal(0, 0.9, (2, n_groups)).repeat(size, axis=1)  # hard for one model, easy for the other
        first, second = (rng.normal(persons, 0.5) > 0.6).astype(int)
        found = paired_bootstrap(
            np.ones_like(first),
            first,
            second,
            classes=2,
            units=independent_units(len(first), groups),
            seed=0,
            n_resamples=500,
        )
        rejected += found.p_value <= 0.05
        mcnemar_rejected += mcnemar(int((first > second).sum()), int((first < second).sum())) <= 0.05
    assert rejected / 200 <= 0.08
    assert mcnemar_rejected / 200 > 0.2


def test_one_seed_repeats():
    first, second = [0, 1, 0, 1, 1, 0, 0, 1], [1, 1, 1, 0, 1, 1, 0, 1]
    assert of_rights(first, second) == of_rights(first, second)
