"""How far a prediction agrees with the annotators, and not only with their majority."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from emoclass import LabelScheme, predicted_classes
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def vote_agreement(
    y_true: NDArray[np.int64],
    y_score: Floats,
    *,
    labels: LabelScheme,
    votes: Floats,
    sample_weight: Floats | None = None,
) -> float:
    """Return the mean share of a picture's annotators who chose the predicted emotion. Range: [0, 1].

    It is 1 only where all annotators agree with each other and with the prediction. Where they differ, the best
    possible value is the mean share of the majority, and a model that always names the majority reaches it. The value
    does not depend on `y_true`.

    Args:
        y_true: Class indices, not used. Shape: `(n,)`.
        y_score: Probabilities in label order. Shape: `(n, len(labels))`.
        labels: The class order.
        votes: Shares of the annotators in label order, rows sum to 1. Shape: `(n, len(labels))`.
        sample_weight: A weight for each picture, or None where all weigh the same. Shape: `(n,)`.

    Raises:
        ValueError: No picture has any weight.
    """
    if len(y_score) == 0 or (sample_weight is not None and not np.any(sample_weight)):
        raise ValueError("there are no images")
    agreeing = votes[np.arange(len(votes)), predicted_classes(y_score)]
    return float(np.average(agreeing, weights=sample_weight))


def vote_agreement_by_hand(
    y_true: Sequence[int],
    y_score: Sequence[Sequence[float]],
    *,
    labels: LabelScheme,
    votes: Sequence[Sequence[float]],
    sample_weight: Sequence[float] | None = None,
) -> float:
    """Return the same value picture by picture, in plain Python: what the tests compare `vote_agreement` with."""
    total = weights = 0.0
    for position, scores in enumerate(y_score):
        best = _predicted(scores)
        weight: Any = 1.0 if sample_weight is None else sample_weight[position]
        total += weight * votes[position][best]
        weights += weight
    if weights == 0:
        raise ValueError("there are no images")
    return float(total / weights)


def _predicted(scores: Sequence[float]) -> int:
    """Return the predicted class: of two the second from 0.5 on, of more the likeliest, the first of equals."""
    if len(scores) == 2:
        return 1 if scores[1] >= 0.5 else 0
    best = 0
    for index, score in enumerate(scores):
        if score > scores[best]:
            best = index
    return best
