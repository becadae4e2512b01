"""The optimizer of the recipe."""

from __future__ import annotations

from typing import Any

import keras


def adamw(**options: Any) -> keras.optimizers.AdamW:
    """Return AdamW that lets kernels decay, but neither biases nor gains.

    Args:
        options: Those of `keras.optimizers.AdamW`.

    Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
    """
    optimizer = keras.optimizers.AdamW(**options)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gain"])
    return optimizer
