"""Probabilities as predictions."""

from __future__ import annotations

import numpy as np

from emoclass.evaluation.decision import predicted_classes
from emoclass.values.labels import LabelScheme
from emoclass.values.results import Prediction


def prediction(path: str | None, scores: np.ndarray, labels: LabelScheme) -> Prediction:
    """Return probabilities, float64 `(len(labels),)`, as a prediction."""
    best = int(predicted_classes(scores[None])[0])
    values = scores.tolist()
    return Prediction(
        path=path,
        label=labels.emotions[best],
        probability=values[best],
        scores=dict(zip(labels.emotions, values, strict=True)),
    )
