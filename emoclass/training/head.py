"""What a network's probabilities are made of."""

from __future__ import annotations

from typing import Any

import keras


def head_of(model: keras.Model) -> str:
    """Return the activation that makes probabilities of logits: `sigmoid` for one output, else `softmax`."""
    return "sigmoid" if model.output_shape[-1] == 1 else "softmax"


def logits_of(model: keras.Model) -> Any:
    """Return the logits of a functional or sequential model, as a symbolic tensor; None if it does not end in them.

    The model stays as it is: a last layer with an activation is made once more, with the same weights.
    """
    last, activation = model.layers[-1], getattr(keras.activations, head_of(model))
    if last.output is not model.outputs[0]:
        return None
    if isinstance(last, keras.layers.Softmax) and activation is keras.activations.softmax:
        return last.input
    if getattr(last, "activation", None) is not activation:
        return None
    linear = type(last).from_config({**last.get_config(), "activation": "linear"})
    logits = linear(last.input)
    linear.set_weights(last.get_weights())
    return logits
