"""Feed decoded images to a network, in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from emoclass.data.pixels import PixelCache


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """One split as batches, in order: uint8 pixels `(batch, height, width, channels)` and targets `(batch, units)`.

    Args:
        pixels: All decoded images.
        rows: The rows of the split's images, int `(n,)`.
        targets: What is to be learned of them, float32 `(n, units)`; see `training.targets`.
        batch_size: Images a batch; the last one may be smaller.
    """

    def __init__(self, pixels: PixelCache, rows: np.ndarray, targets: np.ndarray, *, batch_size: int) -> None:
        super().__init__()
        self._pixels = pixels
        self._rows = rows
        self._targets = targets
        self._batch_size = batch_size
        self.batches_per_epoch = math.ceil(len(rows) / batch_size)

    @property
    def num_batches(self) -> int | None:
        """How many batches there are; None for an endless stream."""
        return self.batches_per_epoch

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a batch by its number."""
        return self._batch(np.arange(len(self._rows)), number)

    def _batch(self, order: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = order[number * self._batch_size : (number + 1) * self._batch_size]
        return self._pixels.read(self._rows[chosen]), self._targets[chosen]


class ShuffledBatches(Batches):
    """An endless stream of epochs, each in an order that derives from (seed, epoch) alone.

    The same order comes out whether a run arrives at an epoch in one go or resumed. The stream is endless so that
    the next epoch's first batches are ready when it begins.

    Args:
        pixels: As for `Batches`, like `rows`, `targets` and `batch_size`.
        rows: See there.
        targets: See there.
        batch_size: See there.
        seed: Of the orders, and of what is mixed with what.
        mixup: Images are mixed in pairs where it is above 0; see `mixed`.
    """

    def __init__(
        self,
        pixels: PixelCache,
        rows: np.ndarray,
        targets: np.ndarray,
        *,
        batch_size: int,
        seed: int,
        mixup: float = 0.0,
    ) -> None:
        super().__init__(pixels, rows, targets, batch_size=batch_size)
        self._seed = seed
        self._mixup = mixup
        self.first_epoch = 0

    @property
    def num_batches(self) -> None:
        """There is no end: give `steps_per_epoch=batches_per_epoch` to `fit`."""
        return None

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a batch by its number, counted from the beginning of `first_epoch`."""
        epoch, batch = divmod(number, self.batches_per_epoch)
        epoch += self.first_epoch
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._rows))
        pixels, targets = self._batch(order, batch)
        if self._mixup:
            return mixed(pixels, targets, self._mixup, np.random.default_rng([self._seed, epoch, batch]))
        return pixels, targets


def mixed(
    pixels: np.ndarray, targets: np.ndarray, alpha: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mix each image of a batch, and its target, with another of the batch.

    Args:
        pixels: uint8 `(batch, height, width, channels)`.
        targets: float32 `(batch, units)`.
        alpha: Both parameters of the Beta distribution that the shares are drawn from, one for each image: the
            smaller it is, the more images stay nearly as they are.
        generator: What the shares and pairs are drawn with.

    Returns:
        float32 pixels in [0, 255] and float32 targets, in the same shapes.

    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    """
    other = generator.permutation(len(pixels))
    shares = generator.beta(alpha, alpha, len(pixels)).astype(np.float32)
    own = shares[:, np.newaxis, np.newaxis, np.newaxis]
    return (
        own * pixels + (1 - own) * pixels[other],
        shares[:, np.newaxis] * targets + (1 - shares[:, np.newaxis]) * targets[other],
    )


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
    scaling = keras.layers.Rescaling((high - low) / 255, offset=low, name="emoclass_scaling")
    pixels = keras.Input(model.input_shape[1:], name="emoclass_pixels")
    return keras.Sequential([pixels, scaling, *augmentation, model], name="from_pixels")
