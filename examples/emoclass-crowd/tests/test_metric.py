"""The metric against its definition, on whatever hypothesis draws."""

import numpy as np
import pytest
from emoclass import LabelScheme
from emoclass.testing import predictions
from hypothesis import given, settings

from emoclass_crowd.metric import vote_agreement, vote_agreement_by_hand

THREE = LabelScheme(emotions=("happy", "sad", "angry"))


@settings(deadline=None)
@given(predictions(with_votes=True))
def test_it_is_a_share_and_agrees_with_the_plain_implementation(p):
    for sample_weight in (None, np.arange(1.0, len(p) + 1)):
        options = {"labels": p.labels, "votes": p.votes, "sample_weight": sample_weight}
        value = vote_agreement(p.y_true, p.y_score, **options)
        assert -1e-12 <= value <= 1 + 1e-12
        assert value == pytest.approx(vote_agreement_by_hand(p.y_true, p.y_score, **options))


@settings(deadline=None)
@given(predictions(with_votes=True))
def test_nobody_does_better_than_the_majority(p):
    ceiling = p.votes.max(axis=1).mean()
    assert vote_agreement(p.y_true, p.y_score, labels=p.labels, votes=p.votes) <= ceiling + 1e-12


@settings(deadline=None)
@given(predictions(with_votes=True))
def test_a_weight_counts_like_a_repeated_picture(p):
    weights = np.arange(len(p)) % 3
    weights[0] = 2  # at least one picture counts
    rows = np.repeat(np.arange(len(p)), weights)
    weighted = vote_agreement(p.y_true, p.y_score, labels=p.labels, votes=p.votes, sample_weight=weights)
    repeated = vote_agreement(p.y_true[rows], p.y_score[rows], labels=p.labels, votes=p.votes[rows])
    assert weighted == pytest.approx(repeated)


@settings(deadline=None)
@given(predictions())
def test_where_annotators_are_of_one_mind_it_is_accuracy(p):
    votes = np.eye(len(p.labels))[p.y_true]
    accuracy = np.mean(p.y_pred == p.y_true)
    assert vote_agreement(p.y_true, p.y_score, labels=p.labels, votes=votes) == pytest.approx(accuracy)


def test_an_example_by_hand():
    y_score = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
    votes = np.array([[0.8, 0.2, 0.0], [0.5, 0.25, 0.25]])
    assert vote_agreement(np.array([0, 0]), y_score, labels=THREE, votes=votes) == pytest.approx((0.8 + 0.25) / 2)


def test_without_pictures_or_weight_it_is_undefined():
    nothing, two = np.empty((0, 3)), np.full((2, 3), 1 / 3)
    with pytest.raises(ValueError, match="there are no images"):
        vote_agreement(np.array([], dtype=int), nothing, labels=THREE, votes=nothing)
    with pytest.raises(ValueError, match="there are no images"):
        vote_agreement(np.array([0, 1]), two, labels=THREE, votes=two, sample_weight=np.zeros(2))
