"""Feed decoded images to a network, in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from emoclass.data.pixels import PixelCache
from emoclass.randomness import generator

if TYPE_CHECKING:
    import tensorflow as tf

READ_AHEAD_BYTES = 64 * 2**20
"""Batches are read ahead up to this size, but never fewer than one, nor more than `READ_AHEAD`."""

READ_AHEAD = 8


class Batches:
    """One split as batches, in order: uint8 pixels `(batch, height, width, channels)` and targets `(batch, units)`.

    Args:
        pixels: All decoded images.
        rows: The rows of the split's images, int `(n,)`.
        targets: What is to be learned of them, float32 `(n, units)`; see `training.targets`.
        batch_size: Images a batch; the last one may be smaller.
    """

    def __init__(self, pixels: PixelCache, rows: np.ndarray, targets: np.ndarray, *, batch_size: int) -> None:
        self._pixels = pixels
        self._rows = rows
        self._targets = targets
        self._batch_size = batch_size
        self.batches_per_epoch = math.ceil(len(rows) / batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a batch by its number; after the last one they begin anew."""
        return self._batch(self._positions(number % self.batches_per_epoch))

    def stream(self, class_weights: np.ndarray | None = None) -> Iterable[tuple[np.ndarray, ...]]:
        """Return the batches as an endless stream for `keras.Model.fit`, which must be given the steps per epoch.

        On TensorFlow they are read ahead. The other backends of Keras take them as they come, so that training does not
        need TensorFlow there.

        Args:
            class_weights: The weight of each class's images in the loss, float `(n_classes,)`.
        """

        def batches() -> Iterator[tuple[np.ndarray, ...]]:
            for number in itertools.count():
                pixels, targets = self[number]
                if class_weights is None:
                    yield pixels, targets
                else:
                    yield pixels, targets, class_weights[_classes(targets)].astype(np.float32)

        return _read_ahead(batches) if keras.backend.backend() == "tensorflow" else batches()

    def _positions(self, number: int) -> Any:
        """Return what selects a batch's images: a slice, or their positions."""
        return slice(number * self._batch_size, (number + 1) * self._batch_size)

    def _batch(self, chosen: Any) -> tuple[np.ndarray, np.ndarray]:
        return self._pixels.read(self._rows[chosen]), self._targets[chosen]


class ShuffledBatches(Batches):
    """An endless stream of epochs, each in an order that derives from (seed, epoch) alone.

    The same order comes out whether a run arrives at an epoch in one go or resumed.

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
        self._epoch_and_order: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))
        self.first_epoch = 0

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a batch by its number, counted from the beginning of `first_epoch`."""
        epoch, batch = divmod(number, self.batches_per_epoch)
        epoch += self.first_epoch
        pixels, targets = self._batch(self._order(epoch)[self._positions(batch)])
        if self._mixup:
            return mixed(pixels, targets, self._mixup, generator(self._seed, "mixup", epoch, batch))
        return pixels, targets

    def _order(self, epoch: int) -> np.ndarray:
        """Return the order of an epoch's images; the last one is remembered, as its batches come one by one."""
        remembered, order = self._epoch_and_order
        if remembered != epoch:
            order = generator(self._seed, "order", epoch).permutation(len(self._rows))
            self._epoch_and_order = epoch, order
        return order


def _read_ahead(batches: Callable[[], Iterator[tuple[np.ndarray, ...]]]) -> tf.data.Dataset:
    """Return an endless stream of batches that is read ahead: when an epoch begins, its first batches are ready.

    TensorFlow does not tune this dataset: the thread that tunes sleeps for up to a minute at a time and can miss that
    the dataset is closed, and `fit` then waits for it to wake up.
    """
    import tensorflow as tf

    first = next(batches())
    options = tf.data.Options()
    options.autotune.enabled = False
    spec = tuple(tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in first)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=spec)
    return dataset.prefetch(_n_read_ahead(first[0].nbytes)).with_options(options)


def _n_read_ahead(batch_bytes: int) -> int:
    """Return how many batches are read ahead.

    Example:
        >>> _n_read_ahead(2**10), _n_read_ahead(16 * 2**20), _n_read_ahead(2**30)
        (8, 4, 1)
    """
    return min(READ_AHEAD, max(1, READ_AHEAD_BYTES // batch_bytes))


def _classes(targets: np.ndarray) -> np.ndarray:
    """Return the likeliest class of each target, int `(batch,)`."""
    return targets.argmax(axis=1) if targets.shape[1] > 1 else targets[:, 0].round().astype(np.intp)


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
