"""A convolution whose kernel is standardized: what normalization does for a network, at no cost per pixel."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

_TINY = 1e-12
"""A channel that is 0 everywhere stays so."""


@keras.saving.register_keras_serializable("emoclass_faces")
class StandardizedConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A 2D convolution that gives each output channel zero mean and a chosen variance by way of its kernel.

    Batch normalization reads and writes every activation several times, which is most of the time of a small network
    whose convolutions run on matrix units. A standardized kernel is computed once a step from a few thousand numbers,
    and once and for all after training: see `plain_kernel`.

    Shapes: float `(batch, height, width, channels)` -> `(batch, height', width', filters)`.

    Args:
        filters: Output channels.
        kernel_size: Height and width of the kernel.
        scale: Factor on the kernel, such as that which makes up for the activation before it.
        gain: What the learned factor of each channel begins with: 0 lets a branch begin as nothing.
        options: Those of `keras.layers.Conv2D`, but for activation, dilation, groups and other orders of the axes.

    Raises:
        ValueError: One of these, or no bias.

    Source: Brock et al., "Characterizing signal propagation to close the performance gap in unnormalized ResNets",
    ICLR 2021, equation 1 (scaled weight standardization).
    """

    def __init__(
        self, filters: int, kernel_size: Any, *, scale: float = 1.0, gain: float = 1.0, **options: Any
    ) -> None:
        super().__init__(filters, kernel_size, **options)
        plain = (keras.activations.linear, True, (1, 1), 1, "channels_last")
        if (self.activation, self.use_bias, self.dilation_rate, self.groups, self.data_format) != plain:
            raise ValueError(
                "StandardizedConv2D: expected a bias, no activation, no dilation, one group and channels last, got "
                f"{options}."
            )
        self.scale = scale
        self.initial_gain = gain

    def build(self, input_shape: Any) -> None:
        """Make the kernel, the bias and the gains, `(filters,)`."""
        super().build(input_shape)
        self.gain = self.add_weight(
            name="gain", shape=(self.filters,), initializer=keras.initializers.Constant(self.initial_gain)
        )

    def plain_kernel(self) -> Any:
        """Return the kernel that a plain convolution needs to do the same. Shape: float32 as `kernel`."""
        kernel = ops.cast(self._kernel, "float32")
        inputs = math.prod(kernel.shape[:3])
        mean = ops.mean(kernel, axis=(0, 1, 2), keepdims=True)
        variance = ops.var(kernel, axis=(0, 1, 2), keepdims=True)
        gain = ops.cast(self.gain, "float32") * self.scale
        return (kernel - mean) * ops.rsqrt(variance * inputs + 1e-4) * gain

    def set_plain(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Begin where a plain convolution stands: the inverse of `plain_kernel`."""
        inputs = math.prod(kernel.shape[:3])
        deviation = np.sqrt(kernel.var(axis=(0, 1, 2)) * inputs)
        # A kernel of unit norm leaves the gain to the gain, so that training steps are of the usual size.
        self.set_weights([kernel / np.maximum(deviation, _TINY), bias, deviation / self.scale])

    def call(self, inputs: Any) -> Any:
        """Convolve with the standardized kernel."""
        kernel = ops.cast(self.plain_kernel(), self.compute_dtype)
        convolved = ops.conv(inputs, kernel, strides=self.strides, padding=self.padding)
        return convolved + ops.cast(self.bias, self.compute_dtype)

    def save_own_variables(self, store: Any) -> None:
        """Save the gains too, of which `Conv2D` knows nothing."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        """Load the gains too."""
        keras.layers.Layer.load_own_variables(self, store)

    def get_config(self) -> dict[str, Any]:
        """Return what builds the layer again."""
        return {**super().get_config(), "scale": self.scale, "gain": self.initial_gain}
