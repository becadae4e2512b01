import math

import numpy as np
import pytest
from scipy import stats

from emoclass.evaluation.intervals import bootstrap, interval_of_resamples, mean_of_proportions, resamples, wilson
from emoclass.evaluation.metrics import f1_from_jaccard
from emoclass.evaluation.units import independent_units
from emoclass.evaluation.weighted import weighted_mean


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


def test_wilson_agrees_with_scipy():
    for successes, trials in ((0, 1), (1, 1), (3, 7), (27, 32), (500, 3589)):
        interval = wilson(successes, trials)
        expected = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
        assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def _interval(of_weights, unit, **more):
    """The interval of a single figure."""
    settings = {"bounds": [(None, None)], "seed": 0, "n_resamples": 200, **more}
    [[interval]] = bootstrap([of_weights], np.asarray(unit), **settings)
    return interval


def test_the_standard_error_is_that_of_scipy():
    """The same draws, and t with the factor that makes the bootstrap's variance of a mean unbiased."""
    values = np.random.default_rng(5).normal(size=40)
    reference = stats.bootstrap((values,), np.mean, n_resamples=300, method="percentile", rng=np.random.default_rng(9))
    error = reference.bootstrap_distribution.std() * math.sqrt(40 / 39)
    interval = _interval(weighted_mean(values), np.arange(40), seed=9, n_resamples=300)
    reach = stats.t.ppf(0.975, 39) * error
    assert (interval.low, interval.high) == pytest.approx((values.mean() - reach, values.mean() + reach), abs=1e-12)


def test_of_many_images_it_is_the_percentile_interval():
    """What 9,999 resamples of 2,000 images give, to a tenth of the interval's width."""
    values = np.random.default_rng(5).uniform(size=2000)
    reference = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(9))
    for bounds in ((None, None), (0.0, None), (0.0, 1.0)):
        interval = _interval(weighted_mean(values), np.arange(2000), bounds=[bounds], n_resamples=1000)
        expected = tuple(reference.confidence_interval)
        assert (interval.low, interval.high) == pytest.approx(expected, abs=0.1 * np.diff(expected).item())


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (0.0, None), (None, 1.0), (None, None), (-1.0, 1.0)])
def test_an_interval_stays_within_the_bounds_and_holds_its_value(bounds):
    rng = np.random.default_rng(0)
    for units in (3, 5, 40):
        for value in (0.01, 0.5, 0.99):
            found = interval_of_resamples(value, rng.normal(value, 0.2, 300), units, bounds)
            low, high = (-math.inf if bounds[0] is None else bounds[0], math.inf if bounds[1] is None else bounds[1])
            assert low <= found.low < value < found.high <= high


def test_of_all_single_images_it_is_wilsons():
    """A proportion of 200 images: the same interval from counts and from resamples, but for t and the draws."""
    right = np.arange(200) < 180
    interval = _interval(weighted_mean(right), np.arange(200), bounds=[(0.0, 1.0)], n_resamples=20_000)
    expected = wilson(180, 200)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=0.002)


def _held(persons, images, accuracy, correlation, rng):
    """Whether the interval of persons holds the truth; None where there is no interval. Images are beta-binomial."""
    a = (1 - correlation) / correlation
    share = rng.beta(accuracy * a, (1 - accuracy) * a, persons) if correlation else np.full(persons, accuracy)
    right = rng.random((persons, images)) < share[:, np.newaxis]
    interval = _interval(
        weighted_mean(right.ravel()), np.repeat(np.arange(persons), images), bounds=[(0.0, 1.0)], n_resamples=400
    )
    return None if interval.low is None else interval.low <= accuracy <= interval.high


@pytest.mark.parametrize("persons", [3, 5, 8, 16])
@pytest.mark.parametrize(("accuracy", "correlation"), [(0.6, 0.3), (0.75, 0.1), (0.9, 0.1)])
def test_few_persons_hold_95_percent(persons, accuracy, correlation):
    """Percentiles held 77 % of 3 persons; `benchmarks/coverage.py` has more of them, and more simulations."""
    rng = np.random.default_rng(persons)
    held = [_held(persons, 20, accuracy, correlation, rng) for _ in range(500)]
    assert np.mean([each for each in held if each is not None]) >= 0.92


def test_two_persons_have_no_interval_and_a_reason():
    interval = _interval(weighted_mean(np.arange(40.0)), np.arange(40) // 20)
    assert (interval.low, interval.reason) == (None, "no interval: only 2 independent units")


def test_copies_are_no_evidence():
    """60 pictures, each there three times: as 180 images the interval held the truth in 71 %."""

    def one(as_copies):
        rng = np.random.default_rng(1)
        held = []
        for _ in range(300):
            right = np.repeat(rng.random(60) < 0.8, 3)
            unit = independent_units(180, None, [f"p{i // 3}" for i in range(180)]) if as_copies else np.arange(180)
            interval = _interval(weighted_mean(right), unit, bounds=[(0.0, 1.0)])
            held.append(interval.low <= 0.8 <= interval.high)
        return np.mean(held)

    assert one(as_copies=False) < 0.8
    assert one(as_copies=True) >= 0.92


@pytest.mark.parametrize("size", [1, 2**12, 2**30])
def test_memory_is_bounded_and_the_size_of_chunks_changes_nothing(monkeypatch, size):
    seen = []

    def of_weights(weights):
        seen.append(weights.nbytes)
        return weighted_mean(np.arange(50.0))(weights)

    expected = _interval(weighted_mean(np.arange(50.0)), np.arange(50))
    monkeypatch.setattr("emoclass.evaluation.intervals.CHUNK_BYTES", size)
    assert _interval(of_weights, np.arange(50)) == expected
    assert max(seen) <= max(size, 50 * 8)


def test_bootstrap_of_a_mean_covers_95_percent():
    def one(rng):
        interval = _interval(weighted_mean(rng.normal(1.0, 2.0, 60)), np.arange(60))
        return interval.low <= 1.0 <= interval.high

    assert 0.90 <= _coverage(one, 400) <= 0.98


def _grouped(rng):
    """Twenty people with five images each, that differ between people and hardly within one."""
    people = rng.normal(0, 1, 20)
    return np.repeat(people, 5) + rng.normal(0, 0.1, 100), np.arange(100) // 5


@pytest.mark.parametrize(("by_group", "low", "high"), [(True, 0.88, 0.98), (False, 0.4, 0.75)])
def test_groups_are_resampled_whole(by_group, low, high):
    """Over people the coverage is right; over their images, as if independent, it is far too low."""

    def one(rng):
        values, unit = _grouped(rng)
        interval = _interval(weighted_mean(values), unit if by_group else np.arange(100))
        return interval.low <= 0 <= interval.high

    assert low <= _coverage(one, 200) <= high


def test_every_resample_holds_whole_groups():
    seen = []
    _interval(lambda weights: seen.append(weights) or np.zeros(len(weights)), [0, 1, 2, 0, 1, 0, 3], n_resamples=20)
    for times in np.concatenate(seen[1:]):  # the first call asks about all images
        assert times[0] == times[3] == times[5]
        assert times[1] == times[4]
        assert times[0] + times[1] + times[2] + times[6] == 4  # as many units as there are


def test_same_seed_same_interval():
    values = np.random.default_rng(0).normal(size=30)

    def interval(seed):
        return _interval(weighted_mean(values), np.arange(30), seed=seed)

    assert interval(1) == interval(1)
    assert interval(1) != interval(2)


def test_several_figures_at_once_equal_one_at_a_time():
    values = np.random.default_rng(0).normal(size=30)
    figures = [weighted_mean(values), weighted_mean(values**2)]
    none = (None, None)
    both = bootstrap(figures, np.arange(30), bounds=[none] * 2, seed=3, n_resamples=150)
    assert both == [bootstrap([each], np.arange(30), bounds=[none], seed=3, n_resamples=150)[0] for each in figures]
    at_once = bootstrap(
        [lambda w: np.stack([each(w) for each in figures], axis=1)], np.arange(30), bounds=[none], seed=3,
        n_resamples=150,
    )  # fmt: skip
    assert at_once == [[both[0][0], both[1][0]]]
    assert both[0][0].low < values.mean() < both[0][0].high


def _rarely_defined(percent):
    """A mean that is undefined in some of a hundred resamples, told by what they hold."""
    values = np.random.default_rng(0).normal(size=30)

    def of_weights(weights):
        found = weighted_mean(values)(weights)
        return np.where(found <= limit, np.nan, found)

    drawn = np.concatenate(list(resamples(30, 30, seed=0, n_resamples=200)))
    limit = np.sort(values[drawn].mean(axis=1))[2 * percent] - 1e-9
    return of_weights


def test_a_few_undefined_resamples_are_dropped():
    interval = _interval(_rarely_defined(4), np.arange(30))
    assert interval.reason is None
    assert interval.low < interval.high


def test_many_undefined_resamples_leave_no_interval():
    interval = _interval(_rarely_defined(10), np.arange(30))
    assert (interval.low, interval.high) == (None, None)
    assert interval.reason == "no interval: undefined in 20 of 200 resamples"


def test_one_undefined_figure_does_not_hurt_the_others():
    mean = weighted_mean(np.arange(30.0))
    [[first, second]] = bootstrap(
        [lambda w: np.stack([mean(w), np.full(len(w), np.nan)], axis=1)],
        np.arange(30),
        bounds=[(None, None)],
        seed=0,
        n_resamples=50,
    )
    assert first.low < first.high
    assert second.reason == "no interval: undefined in 50 of 50 resamples"


@pytest.mark.parametrize(
    ("unit", "n_resamples", "reason"),
    [
        ([0], 100, "a single independent unit"),
        ([0, 0, 0, 0], 100, "a single independent unit"),
        ([0, 0, 1, 1], 100, "only 2 independent units"),
        ([0, 1, 2, 3], 100, "all 100 resamples give the same value"),
        ([0, 1, 2, 3], 0, "the bootstrap is off"),
    ],
)
def test_no_interval_where_resampling_says_nothing(unit, n_resamples, reason):
    interval = _interval(lambda weights: np.ones(len(weights)), unit, n_resamples=n_resamples)
    assert interval.low is None
    assert reason in interval.reason
