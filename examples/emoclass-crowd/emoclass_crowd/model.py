"""A network of a few thousand parameters, most of whose convolutions filter each channel first and mix them then."""

from __future__ import annotations

import keras
from emoclass import LabelScheme
from keras import layers


def build(*, labels: LabelScheme, image_shape: tuple[int, int, int], seed: int, width: int = 16) -> keras.Sequential:
    """Build the network.

    Args:
        labels: Size and activation of the last layer.
        image_shape: `(height, width, channels)`.
        seed: Of the initial weights: each layer draws from seeds of its own.
        width: Filters of the first convolution; the second has twice, the third four times as many.

    Returns:
        An uncompiled model: float32 `(batch, *image_shape)` in [-1, 1] to probabilities `(batch, labels.units)`.
    """

    def initializer(position: int) -> keras.initializers.Initializer:
        return keras.initializers.HeUniform(seed=seed + position)

    def block(convolution: layers.Layer, number: int) -> list[layers.Layer]:
        return [
            convolution,
            # Keras' momentum of 0.99 needs hundreds of steps until it knows the data; small tables do not have them.
            layers.BatchNormalization(momentum=0.9, name=f"normalization_{number}"),
            layers.ReLU(name=f"relu_{number}"),
            layers.MaxPooling2D(name=f"pooling_{number}"),
        ]

    def separable(number: int) -> layers.SeparableConv2D:
        return layers.SeparableConv2D(
            width * 2 ** (number - 1),
            3,
            padding="same",
            use_bias=False,  # the normalization has one
            depthwise_initializer=initializer(2 * number),
            pointwise_initializer=initializer(2 * number + 1),
            name=f"separable_{number}",
        )

    plain = layers.Conv2D(
        width, 3, padding="same", use_bias=False, kernel_initializer=initializer(0), name="convolution_1"
    )
    return keras.Sequential(
        [
            keras.Input(image_shape),
            *block(plain, 1),
            *block(separable(2), 2),
            *block(separable(3), 3),
            layers.GlobalAveragePooling2D(name="average"),
            layers.Dense(labels.units, activation=labels.head, kernel_initializer=initializer(1), name="emotion"),
        ],
        name="crowd",
    )
