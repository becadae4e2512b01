"""Each metric of probabilities against a naive reimplementation."""

import math

import numpy as np
import pytest

from emoclass.evaluation import probability_metrics as metrics
from emoclass.values.labels import EMOTIONS, LabelScheme

BINARY = LabelScheme(emotions=("happy", "sad"))


def drawn(classes, n=80, seed=0, present=None):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, present or classes, n)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), y_true] += 1
    y_score = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if classes == 2:  # ties
        y_score[:, 1] = y_score[:, 1].round(1)
        y_score[:, 0] = 1 - y_score[:, 1]
    return y_true, y_score, LabelScheme(emotions=EMOTIONS[:classes]), rng.integers(0, 4, n).astype(float)


def one_vs_rest(function, y_true, y_score, weights):
    weights = np.ones(len(y_true)) if weights is None else weights
    classes = [1] if y_score.shape[1] == 2 else np.unique(y_true)
    return np.mean([function(y_true == k, y_score[:, k], weights) for k in classes])


def share_of_pairs_in_order(positive, score, weights):
    """Over all pairs of a positive and a negative, a tie counting half."""
    p, q = score[positive][:, None], score[~positive]
    pairs = weights[positive][:, None] * weights[~positive]
    return (pairs * ((p > q) + 0.5 * (p == q))).sum() / pairs.sum()


def mean_precision_at_positives(positive, score, weights):
    """The precision among the images at or above each positive's own score."""
    ranked = positive & (weights > 0)
    precisions = [np.average(positive[score >= s], weights=weights[score >= s]) for s in score[ranked]]
    return np.average(precisions, weights=weights[ranked])


def naive_log_loss(y_true, y_score, weights):
    return np.average([-math.log(max(row[t], 2**-52)) for t, row in zip(y_true, y_score, strict=True)], weights=weights)


def brier(y_true, y_score, weights):
    of_image = [sum((p - (k == t)) ** 2 for k, p in enumerate(row)) for t, row in zip(y_true, y_score, strict=True)]
    return np.average(of_image, weights=weights) / (2 if y_score.shape[1] == 2 else 1)


def naive_calibration_error(y_true, y_score, weights, bins=15):
    """The definition, one bin after the other."""
    weights = np.ones(len(y_true)) if weights is None else weights
    confidence, right = y_score.max(axis=1), y_score.argmax(axis=1) == y_true
    if y_score.shape[1] == 2:
        right = (y_score[:, 1] >= 0.5) == y_true
    total = 0.0
    for m in range(bins):
        held = (confidence > m / bins) & (confidence <= (m + 1) / bins) & (weights > 0)
        if held.any():
            gap = np.average(right[held], weights=weights[held]) - np.average(confidence[held], weights=weights[held])
            total += weights[held].sum() / weights.sum() * abs(gap)
    return total


REFERENCES = {
    "roc_auc": lambda *given: one_vs_rest(share_of_pairs_in_order, *given),
    "average_precision": lambda *given: one_vs_rest(mean_precision_at_positives, *given),
    "log_loss": naive_log_loss,
    "brier_score": brier,
    "expected_calibration_error": naive_calibration_error,
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("name", REFERENCES)
def test_agrees_with_the_reference(name, classes, weighted):
    for seed in range(5):
        y_true, y_score, labels, weights = drawn(classes, seed=seed)
        weights = weights if weighted else None
        got = getattr(metrics, name)(y_true, y_score, labels=labels, sample_weight=weights)
        assert got == pytest.approx(REFERENCES[name](y_true, y_score, weights), abs=1e-12)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_absent_classes_are_left_out(name):
    y_true, y_score, labels, _ = drawn(5, present=3)
    expected = REFERENCES[name](y_true, y_score, None)
    assert getattr(metrics, name)(y_true, y_score, labels=labels) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
@pytest.mark.parametrize("weight", [None, np.array([1.0, 1.0, 0.0])])
def test_ranking_needs_two_classes(name, weight):
    y_true = np.array([1, 1, 1 if weight is None else 0])
    y_score = np.array([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]])
    with pytest.raises(ValueError, match="only one class is present, 'sad'"):
        getattr(metrics, name)(y_true, y_score, labels=BINARY, sample_weight=weight)


def test_worked_example():
    y_true = np.array([0, 0, 1, 1])
    y_score = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])
    given = {"labels": BINARY}
    assert metrics.roc_auc(y_true, y_score, **given) == 0.75
    assert metrics.average_precision(y_true, y_score, **given) == pytest.approx(0.5 + 0.5 * 2 / 3)
    expected = -(math.log(0.9) + math.log(0.6) + math.log(0.35) + math.log(0.8)) / 4
    assert metrics.log_loss(y_true, y_score, **given) == pytest.approx(expected)
    expected = (0.1**2 + 0.4**2 + 0.65**2 + 0.2**2) / 4
    assert metrics.brier_score(y_true, y_score, **given) == pytest.approx(expected)
    # Bins of confidence: 0.9 right; 0.6 right; 0.65 wrong; 0.8 right.
    expected = (0.1 + 0.4 + 0.65 + 0.2) / 4
    assert metrics.expected_calibration_error(y_true, y_score, **given) == pytest.approx(expected)
    # One bin: accuracy 3/4 against mean confidence 0.7375.
    assert metrics.expected_calibration_error(y_true, y_score, **given, bins=1) == pytest.approx(0.0125)


def test_multiclass_brier_score_sums_over_the_classes():
    labels = LabelScheme(emotions=EMOTIONS[:3])
    y_score = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]])
    # The example in scikit-learn's documentation of brier_score_loss.
    assert metrics.brier_score(np.array([0, 1, 2]), y_score, labels=labels) == pytest.approx(0.146, abs=1e-3)
    assert metrics.brier_score(np.array([1]), np.array([[1.0, 0.0, 0.0]]), labels=labels) == 2


def test_one_certain_error_is_not_infinite():
    y_score = np.array([[1.0, 0.0]])
    assert metrics.log_loss(np.array([1]), y_score, labels=BINARY) == pytest.approx(36.04, abs=0.01)
    assert metrics.log_loss(np.array([0]), y_score, labels=BINARY) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("name", ["log_loss", "brier_score"])
@pytest.mark.parametrize("classes", [2, 3])
def test_rows_that_sum_to_nearly_one_are_no_trouble(name, classes):
    y_true, y_score, labels, _ = drawn(classes)
    y_score = np.clip(y_score, 0.01, 0.99)
    y_score /= y_score.sum(axis=1, keepdims=True)
    exact = getattr(metrics, name)(y_true, y_score, labels=labels)
    assert getattr(metrics, name)(y_true, y_score * 1.0005, labels=labels) == pytest.approx(exact)
