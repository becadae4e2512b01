"""Calibrate probabilities with one number, the temperature."""

from __future__ import annotations

import numpy as np

from emoclass.evaluation.predictions import FloatArray, IntArray
from emoclass.evaluation.probability_metrics import expected_calibration_error, log_loss
from emoclass.values.labels import LabelScheme
from emoclass.values.results import Calibration

RANGE = (0.1, 10.0)
"""Temperatures that are tried. On images that are all classified correctly, the best one would be 0."""

SMALLEST = 1e-7
"""Smaller probabilities count as this one, so that they have a logarithm."""


def at_temperature(y_score: FloatArray, temperature: float) -> FloatArray:
    """Return probabilities at a temperature: p^(1/T), divided by their sum; the order of a row stays as it is.

    Shapes: `(n, classes)` -> float64 `(n, classes)`.

    Example:
        >>> at_temperature(np.array([[0.9, 0.1]]), 2.0).tolist()
        [[0.75, 0.25]]
    """
    powers = np.clip(y_score, SMALLEST, 1.0) ** (1 / temperature)
    probabilities: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def fit_temperature(y_true: IntArray, y_score: FloatArray, labels: LabelScheme) -> Calibration:
    """Return the temperature that gives the smallest log loss, and what it changes.

    Args:
        y_true: Class indices, int `(n,)`.
        y_score: Probabilities, float `(n, len(labels))`.
        labels: The emotions.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2.
    """
    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        return log_loss(y_true, at_temperature(y_score, float(np.exp(logarithm))), labels=labels)

    found = minimize_scalar(loss, bounds=np.log(RANGE), method="bounded", options={"xatol": 1e-4})
    temperature = round(float(np.exp(found.x)), 4)
    before, after = y_score, at_temperature(y_score, temperature)
    return Calibration(
        temperature=temperature,
        n_samples=len(y_true),
        log_loss=(log_loss(y_true, before, labels=labels), log_loss(y_true, after, labels=labels)),
        ece=tuple(expected_calibration_error(y_true, each, labels=labels) for each in (before, after)),
    )
