"""Put a temperature into a network, so that every format of it gives calibrated probabilities."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from emoclass.evaluation.temperature import SMALLEST
from emoclass.training.head import head_of, logits_of
from emoclass.training.settings import standard_settings


@standard_settings()
def with_temperature(model: keras.Model, temperature: float) -> keras.Model:
    """Return a model that gives the probabilities of another one at a temperature: softmax(logits / T).

    Where a model does not end in a softmax or sigmoid, the logarithms of its probabilities are its logits.

    Args:
        model: Shares its layers, but for the last one, with what is returned.
        temperature: Above 1 makes the probabilities more alike. The most likely class stays the same.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2.
    """
    logits = logits_of(model)
    if logits is None:
        logits = _logarithms(model.outputs[0])
    scaled = keras.layers.Rescaling(1 / temperature, name="emoclass_temperature")(logits)
    calibrated = keras.layers.Activation(head_of(model), name="emoclass_calibrated")(scaled)
    return keras.Model(model.inputs[0], calibrated, name=model.name)


def _logarithms(output: Any) -> Any:
    probabilities = ops.clip(output, SMALLEST, 1 - SMALLEST)
    if output.shape[-1] == 1:
        return ops.log(probabilities / (1 - probabilities))
    return ops.log(probabilities)
