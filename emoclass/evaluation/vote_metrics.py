"""Metrics of the annotators' votes: how far a model agrees with people, and how far these agree with each other.

The contract is that of `emoclass.evaluation.metrics`; `votes` are float64 `(n, len(labels))`. Votes for emotions that
the model does not know, or for none, are not among them: the annotators who gave them count as absent.
"""

from __future__ import annotations

import numpy as np

from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.predictions import FloatArray, IntArray
from emoclass.evaluation.weighted import OfWeights, weighted_mean
from emoclass.values.labels import LabelScheme

_SMALLEST = float(np.finfo(np.float64).eps)


def annotator_agreement(
    y_true: IntArray,
    y_score: FloatArray,
    *,
    labels: LabelScheme,
    votes: FloatArray,
    sample_weight: FloatArray | None = None,
) -> float:
    """Return the mean share of an image's annotators who chose the predicted emotion. Range: [0, 1].

    It is the accuracy where each vote counts as an image. No model reaches 1 where annotators disagree.

    Shapes: `votes` has rows that sum to 1.
    """
    return _mean(_agreements(y_score, votes), sample_weight)


def annotator_agreement_weighted(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, votes: FloatArray
) -> OfWeights:
    """Return the annotators' agreement as a function of weights."""
    return weighted_mean(_agreements(y_score, votes))


def _agreements(y_score: FloatArray, votes: FloatArray) -> FloatArray:
    return np.minimum(votes[np.arange(len(votes)), predicted_classes(y_score)], 1.0)


def vote_divergence(
    y_true: IntArray,
    y_score: FloatArray,
    *,
    labels: LabelScheme,
    votes: FloatArray,
    sample_weight: FloatArray | None = None,
) -> float:
    """Return the mean of sum_k v_k ln(v_k / p_k), in nats: the Kullback-Leibler divergence. Range: [0, 36.05].

    v are the shares of an image's votes, p the model's probabilities: 0 where the model says how people are divided.
    It is the cross-entropy of the votes less their entropy, so that images on which people disagree do not count
    against the model. A probability below the float64 epsilon (2.2e-16) counts as that, as in the log loss.

    Shapes: `votes` has rows that sum to 1.

    Source: Kullback and Leibler (1951), On information and sufficiency.
    """
    return _mean(_divergences(y_score, votes), sample_weight)


def vote_divergence_weighted(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, votes: FloatArray
) -> OfWeights:
    """Return the divergence as a function of weights."""
    return weighted_mean(_divergences(y_score, votes))


def _divergences(y_score: FloatArray, votes: FloatArray) -> FloatArray:
    shares = votes / votes.sum(axis=1, keepdims=True)
    scores = np.maximum(y_score / y_score.sum(axis=1, keepdims=True), _SMALLEST)
    ratio = np.divide(shares, scores, out=np.ones_like(shares), where=shares > 0)
    divergences: FloatArray = (shares * np.log(ratio)).sum(axis=1)
    return np.maximum(divergences, 0.0)  # below 0 by rounding alone


def human_ceiling(
    y_true: IntArray,
    y_score: FloatArray,
    *,
    labels: LabelScheme,
    votes: FloatArray,
    sample_weight: FloatArray | None = None,
) -> float:
    """Return how often an annotator chooses what the majority of the image's other annotators chose. Range: [0, 1].

    Each annotator of an image in turn is left out; the emotions that most of the others chose are the majority, and
    of m that tie, each counts 1 / m. The mean over an image's annotators is averaged over images. It is what one more
    annotator would reach as a classifier, and does not depend on the model. It is a yardstick and no bound: a model
    that learned from many annotators may agree with their majority more often than one of them does.

    Shapes: `votes` are numbers of votes, two or more in a row.

    Source: after Snow et al. (2008), Cheap and fast - but is it good?, where each annotator is compared with the
    average of the others.
    """
    return _mean(_with_majority(votes), sample_weight)


def human_ceiling_weighted(
    y_true: IntArray, y_score: FloatArray, *, labels: LabelScheme, votes: FloatArray
) -> OfWeights:
    """Return the ceiling as a function of weights."""
    return weighted_mean(_with_majority(votes))


def _with_majority(votes: FloatArray) -> FloatArray:
    agreement = np.zeros(len(votes))
    for k in range(votes.shape[1]):
        others = votes.copy()
        others[:, k] -= 1
        majority = np.isclose(others, others.max(axis=1, keepdims=True))  # counts come as share times total
        agreement += votes[:, k] * majority[:, k] / majority.sum(axis=1)
    shares: FloatArray = agreement / votes.sum(axis=1)
    return shares


def _mean(values: FloatArray, sample_weight: FloatArray | None) -> float:
    if len(values) == 0 or (sample_weight is not None and not (sample_weight > 0).any()):
        raise ValueError("there are no images")
    return float(np.average(values, weights=sample_weight))
