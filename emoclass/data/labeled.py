"""Decoded images on their sides of the split: what training, evaluation and reports read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoclass.data.pixels import PixelCache
from emoclass.data.split import Split
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import Sample, SplitName


@dataclass(frozen=True)
class LabeledPixels:
    """A split together with the pixels of its samples.

    Attributes:
        split: The samples and their sides.
        labels: The scheme that gives each sample its class index.
        pixels: All decoded images.
        rows: The row in `pixels` of each of the split's samples, int `(n,)`.
    """

    split: Split
    labels: LabelScheme
    pixels: PixelCache
    rows: np.ndarray

    def samples(self, side: SplitName) -> list[Sample]:
        """Return one side's samples, sorted by id."""
        return [self.split.samples[position] for position in self.split.positions(side)]

    def rows_of(self, side: SplitName) -> np.ndarray:
        """Return the rows of one side's images, int `(n,)`, in the order of `samples`."""
        return np.asarray(self.rows[self.split.positions(side)])

    def y_true(self, side: SplitName) -> np.ndarray:
        """Return the class indices of one side's samples, int `(n,)`, in the order of `samples`."""
        return np.array([self.labels.index(sample.emotion) for sample in self.samples(side)], dtype=np.int64)
