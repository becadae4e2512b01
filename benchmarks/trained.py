"""The models that prediction is measured with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emoclass import LabelScheme, Registry
from emoclass.bundle.manifest import KERAS, LITERT, ImageInput, Manifest
from emoclass.bundle.read import read_bundle
from emoclass.bundle.write import describe_file, write_manifest
from emoclass.inference.load import find_bundle

FER2013 = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


def photographs_bundle(source: Path | None, folder: Path) -> tuple[Path, list[str]]:
    """Return a bundle of photographs and what the plain script is told; without a source, of an untrained network."""
    if source is None:
        from emoclass.training.build import build

        spec, labels = Registry.discover().models.get("happysad"), LabelScheme(emotions=("happy", "sad"))
        _write(build(spec, labels, seed=0), labels, folder, expects="photograph")
        source = folder
    return _told(find_bundle(source))


def crops_bundle(folder: Path) -> tuple[Path, list[str]]:
    """Return a bundle of gray 48x48 crops, an untrained network of 0.09 million parameters, and the like."""
    import keras

    layers = keras.layers
    blocks = [
        layer
        for number, filters in enumerate((32, 64, 128))
        for layer in (
            layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv_{number}"),
            layers.MaxPooling2D(name=f"pool_{number}"),
        )
    ]
    head = [
        layers.GlobalAveragePooling2D(name="pool"),
        layers.Dense(len(FER2013), activation="softmax", name="emotion"),
    ]
    model = keras.Sequential([keras.Input((48, 48, 1)), *blocks, *head], name="crops")
    _write(model, LabelScheme(emotions=FER2013), folder, expects="face_crop")
    return _told(folder)


def _write(model: Any, labels: LabelScheme, folder: Path, *, expects: str) -> None:
    from emoclass.training.build import save_model
    from emoclass.training.export import export_litert

    folder.mkdir()
    save_model(model, folder / KERAS)
    export_litert(model, (0.0, 1.0), folder / LITERT)
    _, height, width, channels = model.input_shape
    ranges = {KERAS: (0.0, 1.0), LITERT: (0.0, 255.0)}
    manifest = Manifest(
        name=model.name,
        labels=labels,
        image=ImageInput(height=height, width=width, color_mode="RGB" if channels == 3 else "L"),
        expects=expects,
        files={name: describe_file(folder / name, input_range=each) for name, each in ranges.items()},
    )
    write_manifest(folder, manifest)


def _told(folder: Path) -> tuple[Path, list[str]]:
    low, high = read_bundle(folder).manifest.files[KERAS].input_range
    return folder, [str(folder / KERAS), str(low), str(high)]
