import numpy as np
import pytest

from emoclass.errors import ContractError
from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.predictions import Predictions, scores_from_output, shares_of_votes
from emoclass.values.labels import LabelScheme

BINARY = LabelScheme(emotions=("happy", "sad"))
THREE = LabelScheme(emotions=("happy", "sad", "angry"))


def test_sigmoid_output_is_the_probability_of_the_second_label():
    scores = scores_from_output(np.array([[0.9], [0.2]], dtype=np.float32), BINARY)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, [[0.1, 0.9], [0.8, 0.2]], atol=1e-6)


def test_softmax_output_passes_through():
    output = [[0.5, 0.2, 0.3]]
    assert scores_from_output(output, THREE).tolist() == output


@pytest.mark.parametrize(
    ("output", "labels", "told"),
    [
        (np.full((4, 1), 0.5), THREE, r"expected shape \(n, 3\) for 3 emotions, got \(4, 1\)"),
        (np.full((4, 2), 0.5), BINARY, r"expected shape \(n, 1\) for 2 emotions, got \(4, 2\)"),
        (np.full(4, 0.5), BINARY, r"got \(4,\)"),
        ([[0.5], [np.nan]], BINARY, r"expected finite numbers, got \[nan, nan\] in row 1 \(1 of 2 rows\)"),
        ([[3.2]], BINARY, r"expected probabilities in \[0, 1\]"),
        ([[2.0, -1.0, 0.0]], THREE, r"expected probabilities in \[0, 1\]"),
        ([[0.5, 0.2, 0.2]], THREE, r"expected rows that sum to 1"),
    ],
)
def test_output_that_is_no_distribution_is_refused(output, labels, told):
    with pytest.raises(ContractError, match=told):
        scores_from_output(output, labels)


def test_ties():
    assert predicted_classes(np.array([[0.5, 0.5], [0.5 + 1e-12, 0.5 - 1e-12]])).tolist() == [1, 0]
    assert predicted_classes(np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4]])).tolist() == [0, 1]


def _predictions(**changes):
    fields = {
        "ids": ("a", "b"),
        "y_true": np.array([0, 1]),
        "y_score": np.array([[0.6, 0.4], [0.3, 0.7]]),
        "labels": BINARY,
    }
    return Predictions(**{**fields, **changes})


def test_predictions_hold_read_only_copies():
    mine = np.array([0, 1], dtype=np.int8)
    predictions = _predictions(y_true=mine)
    mine[0] = 1
    assert predictions.y_true.tolist() == [0, 1]
    assert predictions.y_true.dtype == np.int64
    assert predictions.y_pred.tolist() == [0, 1]
    assert len(predictions) == 2
    with pytest.raises(ValueError, match="read-only"):
        predictions.y_score[0, 0] = 1.0


def test_groups_that_nobody_declares_are_none():
    assert _predictions(groups=(None, None)).groups is None
    assert _predictions(groups=["p1", None]).groups == ("p1", None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ids": (), "y_true": np.array([], int), "y_score": np.empty((0, 2))}, "at least one sample"),
        ({"y_true": np.array([0, 1, 1])}, r"y_true: expected integers of shape \(2,\), got int64 \(3,\)"),
        ({"y_true": np.array([0.0, 1.0])}, "got float64"),
        ({"y_true": np.array([0, 2])}, "expected class indices 0 to 1, got 0 to 2"),
        ({"y_true": np.array([-1, 1])}, "got -1 to 1"),
        ({"y_score": np.array([[0.4], [0.7]])}, r"y_score: expected shape \(2, 2\), got \(2, 1\)"),
        ({"y_score": np.array([[0.6, 0.4], [np.inf, 0.7]])}, "finite"),
        ({"y_score": np.array([[0.6, 0.4], [0.6, 0.7]])}, "sum to 1"),
        ({"groups": ("p1",)}, "groups: expected 2, one for each sample, got 1"),
        ({"votes": np.array([0.5, 0.5])}, r"votes: expected shape \(2, 2\), got \(2,\)\. shares_of_votes"),
        (
            {"votes": [[np.nan, np.nan], [3, 1]]},
            r"votes: expected probabilities in \[0, 1\], got \[3\.0, 1\.0\] in row 1",
        ),
        ({"votes": [[0.5, 0.5], [1, np.nan]]}, r"votes: expected finite numbers, got \[1\.0, nan\] in row 1"),
        ({"votes": [[0.5, 0.5], [0, 0]]}, r"votes: expected rows that sum to 1, .* a row of NaN has no votes"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, told):
    with pytest.raises(ContractError, match=told):
        _predictions(**changes)


def test_votes_become_shares_in_label_order():
    shares = shares_of_votes([{"angry": 6, "happy": 2}, None, {}, {"sad": 0}, {"sad": 0.5}], THREE)
    np.testing.assert_array_equal(shares, [[0.25, 0, 0.75], *[[np.nan] * 3] * 3, [0, 1, 0]])
    assert shares.dtype == np.float64
    assert shares_of_votes([None, {}, {"sad": 0}], THREE) is None


def test_predictions_can_be_narrowed_to_the_samples_with_votes():
    predictions = _predictions(votes=[[np.nan, np.nan], [0.25, 0.75]], groups=("p1", "p2"), split="validation")
    with pytest.raises(ValueError, match="read-only"):
        predictions.votes[1] = 0.5
    narrowed = predictions.with_votes()
    assert (narrowed.ids, narrowed.groups, narrowed.split, narrowed.labels) == (("b",), ("p2",), "validation", BINARY)
    assert (narrowed.y_true.tolist(), narrowed.y_score.tolist()) == ([1], [[0.3, 0.7]])
    assert narrowed.votes.tolist() == [[0.25, 0.75]]


def test_votes_that_no_sample_has_are_none():
    assert _predictions(votes=np.full((2, 2), np.nan)).votes is None
    assert _predictions().with_votes() is None
