"""How far a model agrees with annotators, and these with each other."""

import itertools

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import accuracy_score

from emoclass.evaluation.vote_metrics import annotator_agreement, human_ceiling, vote_divergence
from emoclass.values.labels import LabelScheme

LABELS = LabelScheme(emotions=("happy", "sad", "angry"))
N = 40


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(8, [0.5, 0.3, 0.2], N).astype(float)
    return rng.integers(0, 3, N), rng.dirichlet([1, 1, 1], N), counts


def test_agreement_is_the_accuracy_of_votes_taken_as_images(drawn):
    y_true, y_score, counts = drawn
    votes = counts / 8
    people = np.concatenate([np.repeat(np.arange(3), row.astype(int)) for row in counts])
    expected = accuracy_score(people, np.repeat(y_score.argmax(axis=1), 8))
    assert annotator_agreement(y_true, y_score, labels=LABELS, votes=votes) == pytest.approx(expected)


def test_divergence_is_that_of_scipy_and_zero_for_the_votes_themselves(drawn):
    y_true, y_score, counts = drawn
    votes = counts / 8
    expected = np.mean([entropy(row, score) for row, score in zip(votes, y_score, strict=True)])
    assert vote_divergence(y_true, y_score, labels=LABELS, votes=votes) == pytest.approx(expected)
    assert vote_divergence(y_true, votes, labels=LABELS, votes=votes) == 0
    certain = np.eye(3)[[0]]
    worst = vote_divergence(y_true[:1], certain, labels=LABELS, votes=np.eye(3)[[1]])
    assert worst == pytest.approx(36.04, abs=0.01), "an error that is certain is not infinite"


def by_hand(row):
    """Leave each annotator out in turn."""
    people = list(itertools.chain.from_iterable([k] * int(count) for k, count in enumerate(row)))
    hits = []
    for left_out, own in enumerate(people):
        others = np.bincount([each for place, each in enumerate(people) if place != left_out], minlength=3)
        majority = np.flatnonzero(others == others.max())
        hits.append((own in majority) / len(majority))
    return np.mean(hits)


def test_the_ceiling_leaves_each_annotator_out_in_turn(drawn):
    y_true, y_score, counts = drawn
    expected = np.mean([by_hand(row) for row in counts])
    assert human_ceiling(y_true, y_score, labels=LABELS, votes=counts) == pytest.approx(expected)
    thirds = counts / 8 * 8.0000000001  # as shares times totals come out
    assert human_ceiling(y_true, y_score, labels=LABELS, votes=thirds) == pytest.approx(expected)


@pytest.mark.parametrize(("row", "expected"), [([10, 0, 0], 1), ([8, 1, 1], 0.8), ([2, 1, 0], 1 / 3), ([1, 1, 0], 0)])
def test_the_ceiling_of_single_images(row, expected):
    votes = np.array([row], float)
    assert human_ceiling(np.zeros(1, int), votes / votes.sum(), labels=LABELS, votes=votes) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [annotator_agreement, human_ceiling, vote_divergence])
def test_a_weight_says_how_often_an_image_counts(metric, drawn):
    y_true, y_score, counts = drawn
    votes = counts if metric is human_ceiling else counts / 8
    weight = np.arange(N) % 3
    again = np.repeat(np.arange(N), weight)
    expected = metric(y_true[again], y_score[again], labels=LABELS, votes=votes[again])
    assert metric(y_true, y_score, labels=LABELS, votes=votes, sample_weight=weight) == pytest.approx(expected)
    with pytest.raises(ValueError, match="no images"):
        metric(y_true, y_score, labels=LABELS, votes=votes, sample_weight=np.zeros(N))
