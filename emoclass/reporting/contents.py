"""Everything that a report shows, gathered by a run and handed over as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from emoclass.auditing.findings import Audit
from emoclass.values.config import RunConfig
from emoclass.values.results import LayerRow, RunRecord


@dataclass(frozen=True)
class Picture:
    """One image as the model saw it, with its label and, on the test split, its prediction.

    Attributes:
        id: The sample's id.
        pixels: uint8 `(height, width, channels)`, RGB or gray, [0, 255].
        emotion: The true emotion.
        scores: Emotion -> probability, None for a training image.
        predicted: The predicted emotion, None for a training image.
    """

    id: str
    pixels: np.ndarray
    emotion: str
    scores: Mapping[str, float] | None = None
    predicted: str | None = None


@dataclass(frozen=True)
class BoxedPhotograph:
    """A photograph with the faces that were found in it.

    Attributes:
        id: The sample's id.
        pixels: uint8 `(height, width, 3)`, RGB, [0, 255]; scaled down.
        emotion: Its label.
        boxes: `(left, top, width, height)` in pixels of `pixels`, and whether the face was cropped for training.
    """

    id: str
    pixels: np.ndarray
    emotion: str
    boxes: tuple[tuple[tuple[float, float, float, float], bool], ...]


@dataclass(frozen=True)
class ReportContents:
    """What the report page is written from.

    Attributes:
        result: The numbers.
        config: The experiment.
        dataset_summary: One sentence about the dataset.
        model_summary: One sentence about the model.
        layers: The model's layer table.
        counts: Split -> emotion -> number of images.
        split_method: How the split was made: sentences.
        examples: Up to 12 training images.
        test_batch: Up to 32 test images, with predictions.
        environment: What `environment.json` holds: versions, platform, digests.
        seconds: Stage -> how long it took.
        metric_summaries: Metric name -> one sentence saying what it is.
        audit: What stands in the data beside good images; None where nobody looked.
        boxed: Photographs with the faces in them, where faces were cropped.
    """

    result: RunRecord
    config: RunConfig
    dataset_summary: str
    model_summary: str
    layers: tuple[LayerRow, ...]
    counts: Mapping[str, Mapping[str, int]]
    split_method: tuple[str, ...]
    examples: tuple[Picture, ...]
    test_batch: tuple[Picture, ...]
    environment: Mapping[str, Any]
    seconds: Mapping[str, float]
    metric_summaries: Mapping[str, str]
    audit: Audit | None = None
    boxed: tuple[BoxedPhotograph, ...] = ()
