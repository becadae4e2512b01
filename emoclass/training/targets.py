"""What a network is trained towards: the labels, softened, or the annotators' votes."""

from __future__ import annotations

import numpy as np

from emoclass.values.config import TrainingConfig
from emoclass.values.labels import LabelScheme


def training_targets(
    y_true: np.ndarray, votes: np.ndarray | None, labels: LabelScheme, config: TrainingConfig
) -> np.ndarray:
    """Return the targets of training images, as `config.targets` and `config.label_smoothing` say.

    Args:
        y_true: Class indices, int `(n,)`.
        votes: Shares of the annotators' votes, float `(n, len(labels))`, NaN where an image has none; or None.
        labels: The emotions.
        config: How to train.

    Returns:
        Probabilities of the emotions, float32 `(n, labels.units)`: with two, P(second).

    Source: label smoothing, Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016,
    section 7; votes as targets, Barsoum et al., "Training Deep Networks for Facial Expression Recognition with
    Crowd-Sourced Label Distribution", ICMI 2016.
    """
    targets = np.eye(len(labels))[y_true]
    if config.targets != "label" and votes is not None:
        wanted = votes if config.targets == "votes" else (targets + votes) / 2
        targets = np.where(np.isnan(votes), targets, wanted)
    smoothed = (1 - config.label_smoothing) * targets + config.label_smoothing / len(labels)
    return _as_output(smoothed, labels)


def validation_targets(y_true: np.ndarray, labels: LabelScheme) -> np.ndarray:
    """Return the labels themselves in the shape of a network's output, so that its loss on them is comparable.

    Shapes: int `(n,)` -> float32 `(n, labels.units)`.
    """
    return _as_output(np.eye(len(labels))[y_true], labels)


def _as_output(probabilities: np.ndarray, labels: LabelScheme) -> np.ndarray:
    return probabilities[:, -labels.units :].astype(np.float32)
