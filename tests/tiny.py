"""A tiny plugin and tiny photographs: everything a run needs, in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from emoclass import ModelSpec, Recipe, Registry, hookimpl
from emoclass.plugin import builtins
from emoclass.plugin.registry import PluginInfo


def draw_photographs(root: Path, counts: dict[str, int], *, seed: int = 0, size: int = 40) -> Path:
    """Write small noisy pictures: the n-th emotion is brightest in the n-th color, so that a model can learn them."""
    rng = np.random.default_rng(seed)
    for number, (emotion, count) in enumerate(counts.items()):
        (root / emotion).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            pixels = rng.integers(0, 120, (size, size + i % 5, 3))
            pixels[:, :, number % 3] += 100
            Image.fromarray(pixels.astype(np.uint8)).save(root / emotion / f"{i:03d}.png")
    return root


class TinyPlugin:
    """A small network with dropout, and a recipe with augmentation: what a resumed run could get wrong."""

    @hookimpl
    def register_models(self) -> list[ModelSpec]:
        return [ModelSpec(name="tiny", summary="A small network.", build=build_tiny, image_shape=(16, 16, 3))]

    @hookimpl
    def register_recipes(self) -> list[Recipe]:
        training = {
            "epochs": 2,
            "batch_size": 8,
            "augmentation": [{"ref": "keras.layers:RandomFlip", "options": {"mode": "horizontal"}}],
        }
        return [
            Recipe(
                name="tiny",
                summary="A quick experiment.",
                config={
                    "labels": ["happy", "sad"],
                    "model": {"name": "tiny"},
                    "training": training,
                    "evaluation": {"resamples": 100},  # the least; 1,000 are tried in tests/e2e/test_run_library.py
                },
            )
        ]


def build_tiny(*, labels, image_shape, seed, width=4):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Conv2D(width, 3, activation="relu", name="conv"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dropout(0.3, name="dropout"),
            keras.layers.Dense(labels.units, activation=labels.head, name="dense"),
        ],
        name="tiny",
    )


def tiny_registry() -> Registry:
    """Return the built-in plugin and the tiny one, whatever is installed."""
    found = Registry()
    found.register(builtins, PluginInfo("builtins", origin="emoclass"))
    found.register(TinyPlugin(), PluginInfo("tiny", origin="tests"))
    return found
