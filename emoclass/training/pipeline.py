"""Feed decoded images to a network, in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from emoclass.data.pixels import PixelCache


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """One split as batches: uint8 pixels `(batch, height, width, channels)` and int labels `(batch,)`.

    Args:
        pixels: All decoded images.
        rows: The rows of the split's images, int `(n,)`.
        y_true: Their class indices, int `(n,)`.
        batch_size: Images a batch; the last one may be smaller.
        seed: Shuffles every epoch differently; None keeps the order.
    """

    def __init__(
        self, pixels: PixelCache, rows: np.ndarray, y_true: np.ndarray, *, batch_size: int, seed: int | None = None
    ) -> None:
        super().__init__()
        self._pixels = pixels
        self._rows = rows
        self._y_true = y_true
        self._batch_size = batch_size
        self._seed = seed
        self._order = np.arange(len(rows))

    def start_epoch(self, epoch: int) -> None:
        """Take the order of an epoch (from 0): the same whether the run came here in one go or was resumed."""
        if self._seed is not None:
            self._order = np.random.default_rng([self._seed, epoch]).permutation(len(self._rows))

    @property
    def num_batches(self) -> int:
        """How many batches an epoch has."""
        return math.ceil(len(self._rows) / self._batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a batch by its number."""
        chosen = self._order[number * self._batch_size : (number + 1) * self._batch_size]
        return self._pixels.read(self._rows[chosen]), self._y_true[chosen]


def from_pixels(
    model: keras.Model, value_range: tuple[float, float], augmentation: tuple[Any, ...] = ()
) -> keras.Sequential:
    """Put a model behind the scaling that it expects, and behind layers that change training images.

    Args:
        model: The bare model; it shares its weights with what is returned.
        value_range: What it expects its input in.
        augmentation: Keras layers, at work only in training.

    Returns:
        A model of uint8 or float pixels `(batch, height, width, channels)` in [0, 255].
    """
    low, high = value_range
    scaling = keras.layers.Rescaling((high - low) / 255, offset=low, name="scaling")
    pixels = keras.Input(model.input_shape[1:], name="pixels")
    return keras.Sequential([pixels, scaling, *augmentation, model], name="from_pixels")
