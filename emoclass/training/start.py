"""Start a training from what another model has learned."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from emoclass.errors import ContractError
from emoclass.training.settings import standard_settings
from emoclass.values.labels import LabelScheme
from emoclass.values.references import resolve
from emoclass.values.specs import ModelSpec

_HINT = (
    "Start from a model that was trained with the same [model.options]. Where `finish` changes the layers, "
    "ModelSpec.start says how to go back."
)


def start_from(
    spec: ModelSpec, network: keras.Model, labels: LabelScheme, trained: keras.Model, trained_labels: LabelScheme
) -> None:
    """Put what a trained model has learned into a network of the same kind, whatever the emotions of both.

    Where the last layer of both is a `Dense` one, an emotion that both know begins with what was learned of it, so
    that a network for some of the emotions begins where the trained model stands, restricted to these; a new emotion
    begins as the mean of the known ones. Where it is none, it stays as it was built.

    Args:
        spec: The model.
        network: What `build` made; changed in place.
        labels: Its emotions.
        trained: A model as it was kept: what `finish` made.
        trained_labels: Its emotions.

    Raises:
        ContractError: A layer of one of the two, but for the last one, is not in the other.
    """
    known = {layer.name: layer for layer in _layers_inside(trained)}
    head = network.layers[-1]
    if spec.start is not None:
        start = resolve(spec.start)
        with standard_settings():
            start(network, trained)
    else:
        _copy_by_name(spec, network.layers[:-1], known)
    learned = known.get(head.name)
    if isinstance(head, keras.layers.Dense) and isinstance(learned, keras.layers.Dense):
        _copy_emotions(head, labels, learned, trained_labels)


def _layers_inside(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model, and those of models inside it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers_inside(layer)
        else:
            yield layer


def _copy_by_name(spec: ModelSpec, layers: list[keras.layers.Layer], known: dict[str, keras.layers.Layer]) -> None:
    """Copy the weights of layers of the same name and shapes; half of the trained weights would be useless."""
    for layer in layers:
        weights = known[layer.name].get_weights() if layer.name in known else []
        if [each.shape for each in weights] != [tuple(each.shape) for each in layer.weights]:
            raise ContractError(
                f"model {spec.name!r}: its layer {layer.name!r} is not in the trained model, by name and shape.",
                hint=_HINT,
            )
        layer.set_weights(weights)
    learned = [name for name, layer in known.items() if layer.weights][:-1]
    missing = [name for name in learned if name not in {layer.name for layer in layers}]
    if missing:
        raise ContractError(
            f"model {spec.name!r}: expected all layers of the trained model, got none named {missing[0]!r}.", hint=_HINT
        )


def _copy_emotions(
    head: keras.layers.Dense, labels: LabelScheme, learned: keras.layers.Dense, trained_labels: LabelScheme
) -> None:
    """Give each emotion the weights that it has in another last layer."""
    if [tuple(each.shape[:-1]) for each in head.weights] != [tuple(each.shape[:-1]) for each in learned.weights]:
        return  # other features lead to it, or it has no bias
    head.set_weights([_for_labels(weight, labels, trained_labels) for weight in learned.get_weights()])


def _for_labels(weight: np.ndarray, labels: LabelScheme, trained_labels: LabelScheme) -> np.ndarray:
    """Choose a last layer's columns, `(..., units)`, for other emotions."""
    if trained_labels.head == "sigmoid":  # one logit, of the second emotion over the first
        weight = np.concatenate([np.zeros_like(weight), weight], axis=-1)
    mean = weight.mean(axis=-1)
    columns = [
        weight[..., trained_labels.index(emotion)] if emotion in trained_labels.emotions else mean
        for emotion in labels.emotions
    ]
    chosen = np.stack(columns, axis=-1)
    return chosen[..., 1:] - chosen[..., :1] if labels.head == "sigmoid" else chosen
