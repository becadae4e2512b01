import math

import numpy as np
import pytest

from emoclass.evaluation.intervals import bootstrap, mean_of_proportions, wilson
from emoclass.evaluation.metrics import f1_from_jaccard


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe (1998), Two-sided confidence intervals for the single proportion, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (32, 32, 0.8928, 1.0000),
    ],
)
def test_wilson_agrees_with_published_intervals(successes, trials, low, high):
    interval = wilson(successes, trials)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("trials", [1, 7, 32, 49, 3589])
def test_wilson_contains_its_proportion_and_stays_in_bounds(trials):
    for successes in {0, 1, trials // 2, trials - 1, trials}:
        interval = wilson(successes, trials)
        assert 0 <= interval.low <= successes / trials <= interval.high <= 1


def test_nothing_tried_says_nothing():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)


def test_one_proportion_keeps_its_wilson_interval():
    mean, interval = mean_of_proportions([27], [32])
    assert mean == 27 / 32
    assert (interval.low, interval.high) == pytest.approx((wilson(27, 32).low, wilson(27, 32).high), abs=1e-12)


def test_mover_by_hand():
    """Two Wilson intervals around 9/10 and 14/20, each end a quarter of the squared distances."""
    mean, interval = mean_of_proportions([9, 14], [10, 20])
    (l1, u1), (l2, u2) = (0.59585, 0.98212), (0.48102, 0.85452)
    assert mean == pytest.approx(0.8)
    assert interval.low == pytest.approx(0.8 - math.hypot(0.9 - l1, 0.7 - l2) / 2, abs=1e-4)
    assert interval.high == pytest.approx(0.8 + math.hypot(u1 - 0.9, u2 - 0.7) / 2, abs=1e-4)


def test_a_proportion_without_trials_widens_the_mean():
    mean, interval = mean_of_proportions([10, 0], [10, 0])
    assert mean == 0.5
    assert interval.high == 1
    assert interval.low < 0.5


def test_transform_maps_the_ends():
    mean, interval = mean_of_proportions([32], [32], f1_from_jaccard)
    low = wilson(32, 32).low
    assert (mean, interval.high) == (1, 1)
    assert interval.low == pytest.approx(2 * low / (1 + low))


def _coverage(one, times):
    """How often the intervals of `one(rng)` hold the truth, over seeded repetitions."""
    rng = np.random.default_rng(20)
    return np.mean([one(rng) for _ in range(times)])


def test_wilson_covers_95_percent():
    def one(rng):
        interval = wilson(rng.binomial(32, 0.85), 32)
        return interval.low <= 0.85 <= interval.high

    assert 0.93 <= _coverage(one, 1500) <= 0.98


def test_mover_covers_95_percent():
    def one(rng):
        _, interval = mean_of_proportions(rng.binomial([20, 40, 25], [0.9, 0.6, 0.75]).tolist(), [20, 40, 25])
        return interval.low <= 0.75 <= interval.high

    assert 0.93 <= _coverage(one, 800) <= 0.98


def test_jaccard_interval_covers_f1_95_percent():
    """32 images in four cells: true F1 = 2 * 0.45 / (2 * 0.45 + 0.15)."""

    def one(rng):
        tp, fp, fn, _ = rng.multinomial(32, [0.45, 0.05, 0.10, 0.40])
        _, interval = mean_of_proportions([int(tp)], [int(tp + fp + fn)], f1_from_jaccard)
        return interval.low <= 0.9 / 1.05 <= interval.high

    assert 0.93 <= _coverage(one, 1500) <= 0.98


def test_bootstrap_of_a_mean_covers_95_percent():
    def one(rng):
        values = rng.normal(1.0, 2.0, 60)
        (interval,) = bootstrap(lambda index: [values[index].mean()], 60, seed=0, n_resamples=200)
        return interval.low <= 1.0 <= interval.high

    assert 0.90 <= _coverage(one, 400) <= 0.98


def _grouped(rng):
    """Twenty people with five images each, that differ between people and hardly within one."""
    people = rng.normal(0, 1, 20)
    return np.repeat(people, 5) + rng.normal(0, 0.1, 100), tuple(f"p{i // 5}" for i in range(100))


@pytest.mark.parametrize(("by_group", "low", "high"), [(True, 0.88, 0.98), (False, 0.4, 0.75)])
def test_groups_are_resampled_whole(by_group, low, high):
    """Over people the coverage is right; over their images, as if independent, it is far too low."""

    def one(rng):
        values, groups = _grouped(rng)
        groups = groups if by_group else None
        (interval,) = bootstrap(lambda index: [values[index].mean()], 100, groups=groups, seed=0, n_resamples=200)
        return interval.low <= 0 <= interval.high

    assert low <= _coverage(one, 200) <= high


def test_every_resample_holds_whole_groups():
    groups = ("a", "b", None, "a", "b", "a", None)
    seen = []
    bootstrap(lambda index: seen.append(index) or [0.0], 7, groups=groups, seed=0, n_resamples=20)
    for index in seen[1:]:  # the first call asks about all images
        times = np.bincount(index, minlength=7)
        assert times[0] == times[3] == times[5]
        assert times[1] == times[4]
        assert times[0] + times[1] + times[2] + times[6] == 4  # as many units as there are


def test_same_seed_same_interval():
    values = np.random.default_rng(0).normal(size=30)

    def interval(seed):
        return bootstrap(lambda index: [values[index].mean()], 30, seed=seed, n_resamples=100)

    assert interval(1) == interval(1)
    assert interval(1) != interval(2)


def test_several_figures_at_once_equal_one_at_a_time():
    values = np.random.default_rng(0).normal(size=30)
    both = bootstrap(lambda i: [values[i].mean(), values[i].max()], 30, seed=3, n_resamples=150)
    assert both == [
        *bootstrap(lambda i: [values[i].mean()], 30, seed=3, n_resamples=150),
        *bootstrap(lambda i: [values[i].max()], 30, seed=3, n_resamples=150),
    ]
    assert both[0].low < values.mean() < both[0].high


def _rarely_defined(share):
    calls = iter(range(10_000))

    def statistic(index):
        call = next(calls)
        if call and call % 100 < share:
            raise ValueError("undefined")
        return [float(index.mean())]

    return statistic


def test_a_few_undefined_resamples_are_dropped():
    (interval,) = bootstrap(_rarely_defined(4), 30, seed=0, n_resamples=200)
    assert interval.reason is None
    assert interval.low < interval.high


def test_many_undefined_resamples_leave_no_interval():
    (interval,) = bootstrap(_rarely_defined(10), 30, seed=0, n_resamples=200)
    assert (interval.low, interval.high) == (None, None)
    assert interval.reason == "no interval: undefined in 20 of 200 resamples"


def test_one_undefined_figure_does_not_hurt_the_others():
    first, second = bootstrap(lambda index: [float(index.mean()), None], 30, seed=0, n_resamples=50)
    assert first.low < first.high
    assert second.reason == "no interval: undefined in 50 of 50 resamples"


@pytest.mark.parametrize(
    ("n", "groups", "n_resamples", "reason"),
    [
        (1, None, 100, "a single image"),
        (4, ("p", "p", "p", "p"), 100, "a single group"),
        (4, None, 100, "all 100 resamples give the same value"),
        (4, None, 0, "the bootstrap is off"),
    ],
)
def test_no_interval_where_resampling_says_nothing(n, groups, n_resamples, reason):
    (interval,) = bootstrap(lambda index: [1.0], n, groups=groups, seed=0, n_resamples=n_resamples)
    assert interval.low is None
    assert reason in interval.reason
