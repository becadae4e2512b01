"""A compact residual network for aligned gray face crops."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from emoclass import LabelScheme
from emoclass.errors import ConfigError, ContractError
from emoclass_faces.layers import StandardizedConv2D

RELU_SCALE = math.sqrt(2 / (1 - 1 / math.pi))
"""Makes up for what a rectifier takes from the variance of a standard normal input."""

BRANCH_VARIANCE = 0.04
"""What each residual branch adds to the variance of the activations, at the most."""

CLOSER = 24
"""The closer view leaves out this part of the picture at each side: of 48 pixels, 2."""

INNER = "network"
"""The name of the network inside what `finish` makes."""


def build(
    *,
    labels: LabelScheme,
    image_shape: tuple[int, int, int],
    seed: int,
    stem: int = 32,
    widths: Sequence[int] = (64, 96, 128),
    blocks: Sequence[int] = (2, 2, 1),
    gates: bool = True,
    dropout: float = 0.2,
    views: int = 4,
) -> keras.Model:
    """Build the network: a stem, stages of residual blocks that halve the picture, and a mean over what is left.

    There is no normalization in between: the kernels are standardized and the branches scaled. The picture itself is
    standardized, so that brightness and contrast do not matter.

    Args:
        labels: Two emotions give one sigmoid unit, P(second label); more give a softmax.
        image_shape: `(48, 48, 1)`; other sizes that are multiples of 8 work too.
        seed: Of the initial weights and of dropout.
        stem: Channels of the first convolution.
        widths: Channels of each stage.
        blocks: Residual blocks of each stage.
        gates: Whether each block weights its channels by the whole image (squeeze and excitation).
        dropout: Share of the features that the classifier does without in training.
        views: Views of the image that the finished model averages: 1, 2 or 4. See `finish`.

    Returns:
        An uncompiled model: float32 `(batch, *image_shape)`, gray, [0, 1], to `(batch, labels.units)`.

    Raises:
        ConfigError: Not as many widths as blocks, or another number of views.

    Source: Brock et al., "Characterizing signal propagation to close the performance gap in unnormalized ResNets",
    ICLR 2021; Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018.
    """
    if len(widths) != len(blocks) or not widths:
        raise ConfigError(
            f"model 'faces': [model.options]: expected as many widths as blocks, got {len(widths)} and {len(blocks)}.",
            hint="Each stage has a width and a number of blocks, such as widths = [64, 96, 128], blocks = [2, 2, 1].",
        )
    _check_views(views)
    seeds = iter(range(1000 * seed, 1000 * seed + 1000))

    def convolution(
        x: Any, filters: int, size: int, name: str, *, strides: int = 1, scale: float = 1.0, gain: float = 1.0
    ) -> Any:
        return StandardizedConv2D(
            filters,
            size,
            strides=strides,
            padding="same",
            scale=scale,
            gain=gain,
            kernel_initializer=keras.initializers.HeNormal(seed=next(seeds)),
            name=name,
        )(x)

    pixels = keras.Input(image_shape, name="pixels")
    x = layers.LayerNormalization(
        axis=(1, 2, 3), center=False, scale=False, epsilon=1e-5, dtype="float32", name="standardize"
    )(pixels)
    x = convolution(x, stem, 3, "stem_1")
    x = layers.ReLU(name="stem_relu")(x)
    x = convolution(x, widths[0], 3, "stem_2", strides=2, scale=RELU_SCALE)

    variance = 1.0
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True), start=1):
        for position in range(1, count + 1):
            name = f"stage{stage}_block{position}"
            strides = 2 if stage > 1 and position == 1 else 1
            scale = RELU_SCALE / math.sqrt(variance)
            active = layers.ReLU(name=f"{name}_relu_1")(x)
            shortcut = x
            if strides > 1 or x.shape[-1] != width:
                shortcut = active
                if strides > 1:
                    shortcut = layers.AveragePooling2D(2, name=f"{name}_pool")(shortcut)
                shortcut = convolution(shortcut, width, 1, f"{name}_shortcut", scale=scale)
                variance = 1.0
            branch = convolution(active, width, 3, f"{name}_conv_1", strides=strides, scale=scale)
            branch = layers.ReLU(name=f"{name}_relu_2")(branch)
            # Twice the scale makes up for the gates, which begin at one half.
            scale = (2 if gates else 1) * RELU_SCALE * math.sqrt(BRANCH_VARIANCE)
            branch = convolution(branch, width, 3, f"{name}_conv_2", scale=scale, gain=0.0)
            if gates:
                branch = _gated(branch, name, seeds)
            x = layers.Add(name=f"{name}_add")([shortcut, branch])
            variance += BRANCH_VARIANCE

    x = layers.ReLU(name="head_relu_1")(x)
    x = convolution(x, 3 * widths[-1] // 2, 1, "head_conv", scale=RELU_SCALE)
    x = layers.ReLU(name="head_relu_2")(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(dropout, seed=next(seeds), name="dropout")(x)
    probabilities = layers.Dense(
        labels.units,
        activation=labels.head,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01, seed=next(seeds)),
        dtype="float32",
        name="emotions",
    )(x)
    return keras.Model(pixels, probabilities, name="faces")


def _gated(x: Any, name: str, seeds: Iterator[int]) -> Any:
    """Weigh the channels by what the whole picture shows (squeeze and excitation)."""
    channels = x.shape[-1]
    gates = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    for filters, activation, part in ((max(8, channels // 8), "relu", "reduce"), (channels, "sigmoid", "gates")):
        gates = layers.Conv2D(
            filters,
            1,
            activation=activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            name=f"{name}_{part}",
        )(gates)
    return layers.Multiply(name=f"{name}_gated")([x, gates])


def finish(network: keras.Model, *, views: int = 4) -> keras.Model:
    """Make of a trained network what predicts: plain convolutions, in half precision, on one or more views of an image.

    Args:
        network: What `build` made.
        views: 1 is the image alone; 2, its mirror image, too; 4, also the middle of both, enlarged.

    Returns:
        A model of Keras' own layers, with the input and output of `network`: the mean of the probabilities of the
        views. Its weights are float32 numbers that half precision holds exactly, so that a file of half the size
        predicts the same.

    Raises:
        ConfigError: Another number of views.
    """
    _check_views(views)
    plain = keras.models.clone_model(network, clone_function=_plain_layer)
    for layer, trained in zip(plain.layers, network.layers, strict=True):
        layer.set_weights([_in_half_precision(weight) for weight in _plain_weights(trained)])
    inner = keras.Model(plain.input, plain.output, name=INNER)
    return _averaged(inner, network.input_shape[1:], views)


def _check_views(views: int) -> None:
    if views not in (1, 2, 4):
        raise ConfigError(f"model 'faces': [model.options] views: expected 1, 2 or 4, got {views!r}.")


def _averaged(inner: keras.Model, shape: tuple[int, int, int], views: int) -> keras.Model:
    """Return a model of the mean of a network's probabilities for some views of an image."""
    height, width, _ = shape
    pixels = keras.Input(shape, name="pixels")
    if views == 1:
        return keras.Model(pixels, inner(pixels), name="faces")
    seen = [pixels]
    if views == 4:
        margin = height // CLOSER, width // CLOSER
        # Not keras.layers.Resizing, which imports TensorFlow on every backend.
        seen.append(ops.image.resize(layers.Cropping2D(margin, name="middle")(pixels), (height, width)))
    seen += [ops.flip(view, axis=2) for view in seen]
    # As one larger batch, so that the network is in an exported file once.
    outputs = ops.reshape(inner(ops.concatenate(seen, axis=0)), (views, -1, inner.output_shape[-1]))
    return keras.Model(pixels, ops.mean(outputs, axis=0), name="faces")


def start(network: keras.Model, trained: keras.Model) -> None:
    """Put what a finished model has learned into a network that was just built, but for its last layer.

    Args:
        network: What `build` made; changed in place.
        trained: What `finish` made.

    Raises:
        ContractError: It is another kind of model, or was trained with other widths or blocks.
    """
    inner = next((layer for layer in trained.layers if layer.name == INNER and isinstance(layer, keras.Model)), None)
    if inner is None:
        raise ContractError(
            f"model 'faces': expected a trained model of this kind, got {trained.name!r}.",
            hint="Start from --from pretrained, or from a run of --plugin faces.",
        )
    learned = {layer.name: layer.get_weights() for layer in inner.layers}
    for layer in network.layers[:-1]:
        weights = learned.get(layer.name, [])
        own = [layer.kernel, layer.bias] if isinstance(layer, StandardizedConv2D) else layer.weights
        if [each.shape for each in weights] != [tuple(each.shape) for each in own]:
            raise _other_layers(layer.name)
        if isinstance(layer, StandardizedConv2D):
            layer.set_plain(*weights)
        else:
            layer.set_weights(weights)
    own_names = {layer.name for layer in network.layers}
    missing = [name for name, weights in learned.items() if weights and name not in own_names]
    if missing:
        raise _other_layers(missing[0])


def _other_layers(name: str) -> ContractError:
    return ContractError(
        f"model 'faces': expected a trained model with the same layers, got another {name!r}.",
        hint="Start with the widths, blocks and gates of [model.options] that it was trained with.",
    )


def _plain_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    if not isinstance(layer, StandardizedConv2D):
        return type(layer).from_config(config)
    del config["scale"], config["gain"]
    return layers.Conv2D.from_config(config)


def _plain_weights(layer: keras.layers.Layer) -> list[np.ndarray]:
    if isinstance(layer, StandardizedConv2D):
        return [ops.convert_to_numpy(layer.plain_kernel()), ops.convert_to_numpy(layer.bias)]
    return list(layer.get_weights())


def _in_half_precision(weights: np.ndarray) -> np.ndarray:
    return weights.astype(np.float16).astype(weights.dtype)
