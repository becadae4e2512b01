"""Knowledge distillation: train a network towards the probabilities of trained models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from emoclass.bundle.manifest import KERAS
from emoclass.bundle.read import Bundle
from emoclass.training.bundled import load_bundled
from emoclass.training.settings import standard_settings
from emoclass.values.labels import LabelScheme

SMALLEST = 1e-7
"""Smaller probabilities count as this one, so that they have a logarithm; Keras clips its own losses here too."""

LUMA = (0.299, 0.587, 0.114)
"""What Pillow makes gray of RGB with (ITU-R 601-2)."""


@dataclass(frozen=True)
class Teacher:
    """One model of the ensemble that teaches.

    Attributes:
        model: The network, which stays as it is.
        labels: Its emotions.
        value_range: What it expects its input in.
    """

    model: keras.Model
    labels: LabelScheme
    value_range: tuple[float, float]


def load_teachers(bundles: Sequence[Bundle], precision: str) -> tuple[Teacher, ...]:
    """Load the networks of bundles, to compute in the precision of the training.

    Args:
        bundles: Their `model.keras` files are loaded in Keras's safe mode.
        precision: `float32`, or a mixed precision: then all layers but the last one, which gives the probabilities,
            compute in it.

    Raises:
        BundleError: A network is missing, damaged, or another than the manifest says.
    """
    return tuple(_load(bundle, precision) for bundle in bundles)


@standard_settings()
def _load(bundle: Bundle, precision: str) -> Teacher:
    model = load_bundled(bundle)
    model.trainable = False
    if precision != "float32":
        for layer in _inner_layers(model):
            if layer.dtype_policy.name == "float32":
                layer.dtype_policy = precision
    return Teacher(model, bundle.manifest.labels, bundle.manifest.files[KERAS].input_range)


def _inner_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model, and of models inside it, but for the last one of each."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _inner_layers(layer)
        elif layer is not model.layers[-1]:
            yield from layer._flatten_layers()


def teach(
    network: keras.Sequential, teachers: Sequence[Teacher], value_range: tuple[float, float], labels: LabelScheme
) -> keras.Model:
    """Let teachers look at what a network is trained on.

    Args:
        network: What `from_pixels` made.
        teachers: The ensemble; the mean of the probabilities counts.
        value_range: What the bare network inside expects its input in.
        labels: Its emotions. A teacher that knows more of them is restricted to these.

    Returns:
        A model that shares all weights with `network` and has no others. In training its output is that of the network
        with the probabilities of the teachers beside it, `(batch, labels.units + len(labels))`; `DistillationLoss`
        takes it apart. Otherwise, it is that of the network alone.
    """

    # A function, so that Keras does not take the teachers for layers of the network: their weights do not belong in a
    # checkpoint, and are neither trained nor averaged.
    def ensemble(images: Any) -> Any:
        each = [_probabilities(teacher, images, value_range, labels) for teacher in teachers]
        return ops.stop_gradient(ops.mean(ops.stack(each), axis=0))

    return _Taught(network, ensemble)


class _Taught(keras.Model):  # type: ignore[misc]
    """A network, and in training its teachers, on the same augmented images."""

    def __init__(self, network: keras.Sequential, ensemble: Any) -> None:
        super().__init__(name="taught")
        self.network = network
        self.ensemble = ensemble
        self.built = True

    def call(self, pixels: Any, training: bool = False) -> Any:
        if not training:
            return self.network(pixels, training=False)
        *before, student = self.network.layers
        images = pixels
        for layer in before:  # scaling and augmentation
            images = layer(images)
        output = ops.cast(student(images), "float32")
        return ops.concatenate([output, self.ensemble(images)], axis=-1)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the network alone, for callbacks such as `ModelCheckpoint`; a function, the ensemble, has no file."""
        self.network.save(*args, **kwargs)


def _probabilities(teacher: Teacher, images: Any, value_range: tuple[float, float], labels: LabelScheme) -> Any:
    """Return what a teacher says of a network's input, float32 `(batch, len(labels))`; rows sum to 1."""
    low, high = value_range
    least, most = teacher.value_range
    images = _resized(ops.cast(images, "float32"), teacher.model.input_shape[1:])
    if (low, high) != (least, most):
        images = (images - low) * ((most - least) / (high - low)) + least
    output = ops.cast(teacher.model(images, training=False), "float32")
    chosen = [teacher.labels.index(emotion) for emotion in labels.emotions]
    kept = ops.take(_of_classes(output), chosen, axis=-1)
    return kept / ops.maximum(ops.sum(kept, axis=-1, keepdims=True), SMALLEST)


def _resized(images: Any, shape: tuple[int, int, int]) -> Any:
    """Return images in another size and color mode, as the decoder would; antialiased where they are made smaller."""
    height, width, channels = shape
    if images.shape[-1] > channels:
        images = ops.sum(images * ops.convert_to_tensor(LUMA, images.dtype), axis=-1, keepdims=True)
    elif images.shape[-1] < channels:
        images = ops.repeat(images, channels, axis=-1)
    if images.shape[1:3] != (height, width):
        images = ops.image.resize(images, (height, width), interpolation="bilinear", antialias=True)
    return images


def _of_classes(output: Any) -> Any:
    """Return the probability of each class: of a sigmoid output, which is that of the second one, both."""
    return ops.concatenate([1 - output, output], axis=-1) if output.shape[-1] == 1 else output


class DistillationLoss(keras.losses.Loss):  # type: ignore[misc]
    """A loss on the labels, and how far the network's probabilities are from those of its teachers.

    That is the Kullback-Leibler divergence of the network from the teachers, both at a temperature, times its square,
    so that the temperature leaves the size of the gradients as it is. Probabilities at a temperature are p^(1/T),
    divided by their sum: what softmax(logits / T) gives.

    Args:
        on_labels: The loss on the labels; it alone counts in validation.
        share: The share of the divergence in the loss. Range: [0, 1].
        temperature: Above 1, what is unlikely to the teachers counts for more.

    Source: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015; Beyer et al., "Knowledge distillation:
    A good teacher is patient and consistent", CVPR 2022.
    """

    def __init__(self, on_labels: keras.losses.Loss, *, share: float, temperature: float) -> None:
        super().__init__(name="distillation", reduction=on_labels.reduction)
        self._on_labels = on_labels
        self._share = share
        self._temperature = temperature

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each image, float32 `(batch,)`, given the output of what `teach` made."""
        units = y_true.shape[-1]
        output, teachers = y_pred[..., :units], y_pred[..., units:]
        on_labels = self.of_labels(y_true, y_pred)
        if teachers.shape[-1] == 0:
            return on_labels
        wanted, found = self._logits(teachers), self._logits(_of_classes(output))
        divergence = ops.sum(ops.exp(wanted) * (wanted - found), axis=-1)
        return (1 - self._share) * on_labels + self._share * self._temperature**2 * divergence

    def of_labels(self, y_true: Any, y_pred: Any) -> Any:
        """Return the part of the loss that validation has, too: that on the labels, float32 `(batch,)`."""
        return self._on_labels.call(y_true, y_pred[..., : y_true.shape[-1]])

    def _logits(self, probabilities: Any) -> Any:
        """Return the logarithms of probabilities at the temperature."""
        return ops.log_softmax(ops.log(ops.clip(probabilities, SMALLEST, 1.0)) / self._temperature, axis=-1)
