"""Tiny bundles: a network that answers at once, exported as runs do it."""

from __future__ import annotations

from pathlib import Path

from tiny import build_tiny

from emoclass import LabelScheme
from emoclass.bundle.manifest import KERAS, LITERT, ImageInput, Manifest
from emoclass.bundle.write import describe_file, write_manifest


def write_bundle(folder: Path, *, emotions=("happy", "sad"), image_shape=(16, 12, 3), expects="photograph") -> Path:
    """Write a bundle of an untrained network whose answers differ from picture to picture."""
    import keras

    from emoclass.training.build import save_model
    from emoclass.training.export import export_litert

    keras.utils.set_random_seed(1)
    labels = LabelScheme(emotions=emotions)
    model = build_tiny(labels=labels, image_shape=image_shape, seed=0)
    folder.mkdir(parents=True)
    save_model(model, folder / KERAS)
    export_litert(model, (0.0, 1.0), folder / LITERT)
    ranges = {KERAS: (0.0, 1.0), LITERT: (0.0, 255.0)}
    height, width, channels = image_shape
    manifest = Manifest(
        name="tiny",
        labels=labels,
        image=ImageInput(height=height, width=width, color_mode="RGB" if channels == 3 else "L"),
        expects=expects,
        files={name: describe_file(folder / name, input_range=each) for name, each in ranges.items()},
    )
    write_manifest(folder, manifest)
    return folder
