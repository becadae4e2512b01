"""The documented network, layer for layer."""

from __future__ import annotations

import keras
from keras import layers

from emoclass import LabelScheme


def build(*, labels: LabelScheme, image_shape: tuple[int, int, int], seed: int) -> keras.Sequential:
    """Build the documented network; only its last layer depends on the labels.

    Args:
        labels: Two emotions give one sigmoid unit, P(second label); more give a softmax.
        image_shape: `(256, 256, 3)`, as documented.
        seed: Of the initial weights: each layer draws from a seed of its own.

    Returns:
        An uncompiled model: float32 `(batch, 256, 256, 3)`, RGB, [0, 1], to `(batch, labels.units)`.
    """

    def initializer(position: int) -> keras.initializers.Initializer:
        return keras.initializers.GlorotUniform(seed=seed + position)

    def convolution(filters: int, position: int, name: str, padding: str = "valid") -> layers.Conv2D:
        return layers.Conv2D(
            filters, 3, padding=padding, activation="relu", kernel_initializer=initializer(position), name=name
        )

    # The names are those that Keras gives in a fresh process; given here, a second build has them too.
    return keras.Sequential(
        [
            keras.Input(image_shape),
            convolution(16, 0, "conv2d", padding="same"),
            layers.MaxPooling2D(name="max_pooling2d"),
            convolution(32, 1, "conv2d_1"),
            layers.MaxPooling2D(name="max_pooling2d_1"),
            convolution(16, 2, "conv2d_2"),
            layers.MaxPooling2D(name="max_pooling2d_2"),
            layers.Flatten(name="flatten"),
            layers.Dense(256, activation="relu", kernel_initializer=initializer(3), name="dense"),
            layers.Dense(labels.units, activation=labels.head, kernel_initializer=initializer(4), name="dense_1"),
        ],
        name="happysad",
    )
