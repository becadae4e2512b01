"""Metrics of the annotators' votes: the value and its interval."""

import numpy as np
import pytest

from emoclass import MetricSpec
from emoclass.errors import ContractError
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.intervals import wilson
from emoclass.evaluation.predictions import Predictions
from emoclass.values.labels import LabelScheme

LABELS = LabelScheme(emotions=("happy", "sad", "angry"))
N = 60


def distance(y_true, y_score, *, labels, votes, sample_weight=None):
    """Return the mean total variation distance between the probabilities and the votes."""
    return float(np.average(abs(y_score - votes).sum(axis=1) / 2, weights=sample_weight))


def metric(compute=distance, **more):
    return MetricSpec(name="mine", summary="Mine.", compute=compute, takes_votes=True, **more)


def drawn(with_votes, **more):
    rng = np.random.default_rng(0)
    y_score, votes = rng.dirichlet([1, 1, 1], size=(2, N))
    votes[~np.asarray(with_votes)] = np.nan
    return Predictions(tuple(map(str, range(N))), rng.integers(0, 3, N), y_score, LABELS, votes=votes, **more)


def test_only_images_with_votes_are_measured():
    has = np.arange(N) % 3 > 0
    given = drawn(has)
    value = evaluate(given, [metric()], n_resamples=100)["mine"]
    assert value.value == pytest.approx((abs(given.y_score - given.votes)[has].sum(axis=1) / 2).mean())
    assert (value.n_samples, value.interval, value.reason) == (40, "bootstrap", None)
    assert value.ci_low < value.value < value.ci_high


def test_the_bootstrap_draws_votes_with_their_images_and_whole_groups():
    row_of = {}
    given = drawn([True] * (N - 10) + [False] * 10, groups=tuple(f"p{i // 5}" for i in range(N)))
    for i in range(N):
        row_of[given.y_score[i].tobytes()] = i
    sizes = []

    def compute(y_true, y_score, *, labels, votes, sample_weight=None):
        rows = [row_of[row.tobytes()] for row in y_score]
        np.testing.assert_array_equal(votes, given.votes[rows])
        np.testing.assert_array_equal(y_true, given.y_true[rows])
        sizes.append(len(rows))
        assert (np.bincount(rows, minlength=N).reshape(-1, 5).std(axis=1) == 0).all()
        return distance(y_true, y_score, labels=labels, votes=votes)

    assert evaluate(given, [metric(compute)], n_resamples=30)["mine"].n_samples == N - 10
    assert len(sizes) >= 31
    assert set(sizes) == {N - 10}


def test_counts_receive_the_votes_too():
    def hits(votes, y_score):
        return y_score.argmax(axis=1) == votes.argmax(axis=1)

    given = drawn(np.arange(N) < 20)
    spec = metric(
        lambda y_true, y_score, *, labels, votes, sample_weight=None: float(hits(votes, y_score).mean()),
        interval="proportion",
        counts=lambda y_true, y_score, *, labels, votes: (int(hits(votes, y_score).sum()), len(votes)),
    )
    value = evaluate(given, [spec])["mine"]
    assert (value.n_samples, value.interval) == (20, "wilson")
    assert value.ci_low == wilson(round(20 * value.value), 20).low


@pytest.mark.parametrize("kind", ["scalar", "per_class", "matrix"])
def test_without_votes_the_value_is_null_with_the_reason(kind):
    value = evaluate(drawn([False] * N, split="validation"), [metric(kind=kind, interval="none")])["mine"]
    assert value.value is None
    assert (value.n_samples, value.split) == (0, "validation")
    assert value.reason == "no image has votes for the run's emotions"


def test_other_metrics_see_all_images_and_no_votes():
    plain = MetricSpec(name="size", summary="S.", compute=lambda y_true, y_score, *, labels: len(y_true) / N)
    value = evaluate(drawn(np.arange(N) < 20), [plain], n_resamples=0)["size"]
    assert (value.value, value.n_samples) == (1, N)


def test_a_metric_that_takes_votes_must_name_them():
    with pytest.raises(ContractError, match=r"metric 'mine': expected a value, got TypeError: .*'votes'"):
        evaluate(drawn([True] * N), [metric(lambda y_true, y_score, *, labels, sample_weight=None: 0.5)])
