"""The reference plugin: a documented happy/sad network and the experiment that trains it."""

from __future__ import annotations

from collections.abc import Sequence

from emoclass import ModelSpec, Recipe, hookimpl


@hookimpl
def register_models() -> Sequence[ModelSpec]:
    """Return the documented network."""
    return [
        ModelSpec(
            name="happysad",
            summary="Three convolutions and a dense layer of 256 on 256x256 RGB photographs.",
            build="emoclass_happysad.model:build",
            image_shape=(256, 256, 3),
            value_range=(0.0, 1.0),
            expects="photograph",
        )
    ]


@hookimpl
def register_recipes() -> Sequence[Recipe]:
    """Return the documented experiment."""
    return [
        Recipe(
            name="happysad",
            summary="The documented experiment: Adam, cross-entropy, batches of 32, 20 epochs, 75 / 12.5 / 12.5 %.",
            config={
                "labels": {"emotions": ["happy", "sad"]},
                "data": {"dataset": "synthetic-faces", "validation": 0.125, "test": 0.125},
                "model": {"name": "happysad"},
                "training": {
                    "epochs": 20,
                    "batch_size": 32,
                    "optimizer": {"ref": "keras.optimizers:Adam"},
                    "keep": "last",
                },
                "evaluation": {"headline": ["precision", "recall", "accuracy"]},
            },
        )
    ]
