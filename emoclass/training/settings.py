"""Keras' global settings: what a run computes depends on its configuration alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def standard_settings(precision: str = "float32") -> Iterator[None]:
    """Compute with Keras' own defaults, whatever the caller, `keras.json` or a plugin has set; restore that afterwards.

    As a decorator it does so for a whole function. If all is as by default, nothing is restored: the conformance kit
    then sees which plugin changes a setting.

    Args:
        precision: The dtype policy of layers that name none.
    """
    before, wanted = _settings(), {**_DEFAULTS, "dtype_policy": precision}
    if {**before, "dtype_policy": before["dtype_policy"].name} == wanted:
        yield
        return
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


@contextmanager
def kept_settings() -> Iterator[None]:
    """Restore Keras' settings after a plugin's code was imported, which may change them."""
    before = _settings()
    try:
        yield
    finally:
        _set(before)


_DEFAULTS = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}


def _settings() -> dict[str, Any]:
    config = keras.config
    return {
        "floatx": config.floatx(),
        "epsilon": config.epsilon(),
        "image_data_format": config.image_data_format(),
        "dtype_policy": config.dtype_policy(),
    }


def _set(settings: dict[str, Any]) -> None:
    keras.config.set_floatx(settings["floatx"])
    keras.config.set_epsilon(settings["epsilon"])
    keras.config.set_image_data_format(settings["image_data_format"])
    keras.config.set_dtype_policy(settings["dtype_policy"])
