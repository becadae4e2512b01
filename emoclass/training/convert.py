"""Write a bundle's network in another format, and keep it only if it answers as the network did."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias

import keras
import numpy as np

from emoclass.bundle.manifest import KERAS
from emoclass.bundle.read import Bundle
from emoclass.data.calibration import Pictures
from emoclass.errors import BundleError, OutputError
from emoclass.evaluation.decision import predicted_classes
from emoclass.files import move_new
from emoclass.native_output import output_aside
from emoclass.training.bundled import load_bundled
from emoclass.training.export import BOUNDS, Quantization, export_litert, export_onnx, export_saved_model
from emoclass.training.pipeline import from_pixels
from emoclass.training.settings import standard_settings

Format = Literal["litert", "onnx", "saved-model"]
Predict: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""float32 pixels `(batch, height, width, channels)` in [0, 255] -> float32 `(batch, units)`."""

SUFFIXES: Mapping[Format, str] = {"litert": ".tflite", "onnx": ".onnx", "saved-model": ""}

ACCURACY_LOSS = 0.01
"""A loss of accuracy beyond this is reported."""

_BATCH = 16

_HINTS: Mapping[Quantization, str] = {
    "dynamic": "Use float16.",
    "int8": "Calibrate with images like those the model will see, or use float16.",
}


@dataclass(frozen=True)
class Conversion:
    """What was written, and how it compares with the bundle's Keras file.

    Attributes:
        path: The file, or the folder of a SavedModel.
        bytes: Its size.
        original_bytes: The size of the bundle's Keras file.
        images: How many pictures both were tried on.
        difference: The largest difference of a probability; None where nothing that reads the format is installed.
        mean_difference: The mean over the pictures of each one's largest difference.
        labeled: How many of the pictures have a label.
        accuracy: The share of those that the Keras file gets right; None where there are none.
        new_accuracy: The share that the new file gets right.
    """

    path: Path
    bytes: int
    original_bytes: int
    images: int
    difference: float | None = None
    mean_difference: float | None = None
    labeled: int = 0
    accuracy: float | None = None
    new_accuracy: float | None = None

    @property
    def loses(self) -> bool:
        """Whether more than a percentage point of accuracy is lost."""
        if self.accuracy is None or self.new_accuracy is None:
            return False
        # Counts, since 0.75 - 0.74 is more than 0.01 to a computer.
        return round((self.accuracy - self.new_accuracy) * self.labeled) > ACCURACY_LOSS * self.labeled


@standard_settings()
def convert(
    bundle: Bundle,
    form: Format,
    out: Path,
    pictures: Pictures,
    *,
    read_litert: Callable[[Path], Predict],
    quantize: Quantization | None = None,
) -> Conversion:
    """Write the network of a bundle in another format, taking pixels in [0, 255], and compare both on pictures.

    Args:
        bundle: Its `model.keras` is loaded in Keras's safe mode, after its digest was compared and `check_archive`.
        form: The format.
        out: Where to write; nothing may be there. It appears complete and compared, or not at all.
        pictures: What both are tried on, and what ranges for int8 are taken from.
        read_litert: Opens a LiteRT file.
        quantize: For LiteRT only: with which numbers.

    Raises:
        BundleError: The bundle is damaged, or the new file answers otherwise than `BOUNDS` allows.
        ConfigError: A package that writes the format is missing.
        ContractError: The format cannot hold the network.
        OutputError: There is something at `out`, or nothing can be written there.
    """
    check_free(out)
    model = load_bundled(bundle)
    original = bundle.path / KERAS
    value_range = bundle.manifest.files[KERAS].input_range
    try:
        scratch = tempfile.TemporaryDirectory(prefix=".partial-", dir=out.parent)
    except OSError as error:
        raise OutputError(f"model {out}: cannot be written ({error.strerror}).") from error
    with scratch as folder:
        partial = Path(folder, f"model{SUFFIXES[form]}")
        if form == "litert":
            export_litert(model, value_range, partial, quantize=quantize, pictures=pictures.pixels)
        elif form == "onnx":
            export_onnx(model, value_range, partial)
        else:
            export_saved_model(model, value_range, partial)
        open_file: Mapping[Format, Callable[[Path], Predict] | None] = {
            "litert": read_litert,
            "onnx": _read_onnx if find_spec("onnxruntime") else None,
            "saved-model": _read_saved_model,
        }
        subject = f"{form} {quantize}" if quantize else form
        found = _compare(bundle, subject, from_pixels(model, value_range), partial, open_file[form], pictures)
        _check_difference(bundle, subject, found, quantize)
        result = Conversion(
            path=out, bytes=_size(partial), original_bytes=original.stat().st_size, images=len(pictures), **found
        )
        try:
            move_new(partial, out)
        except FileExistsError as error:
            raise _taken(out) from error
        except OSError as error:
            raise OutputError(f"model {out}: cannot be written ({error.strerror}).") from error
    return result


def check_free(out: Path) -> None:
    """Raise OutputError if there is something at a path."""
    if os.path.lexists(out):
        raise _taken(out)


def _taken(out: Path) -> OutputError:
    return OutputError(f"model {out}: exists already.", hint="Name another file with --out, or remove it.")


def _compare(
    bundle: Bundle,
    subject: str,
    original: keras.Model,
    path: Path,
    open_file: Callable[[Path], Predict] | None,
    pictures: Pictures,
) -> dict[str, Any]:
    """Return the measurements of a `Conversion`, as far as available."""
    if open_file is None:
        return {}
    known = pictures.y_true >= 0
    outputs: list[list[np.ndarray]] = [[], []]
    with output_aside():
        predict = open_file(path)
        for first in range(0, len(pictures), _BATCH):
            batch = pictures.pixels[first : first + _BATCH].astype(np.float32)
            outputs[0].append(original.predict_on_batch(batch))
            outputs[1].append(predict(batch))
    before, after = np.concatenate(outputs[0]), np.concatenate(outputs[1])
    if not np.isfinite(after).all():
        bad = int((~np.isfinite(after).all(axis=1)).sum())
        raise BundleError(
            f"bundle {bundle.path}: {subject}: expected finite numbers, got others for {bad} of {len(after)} pictures. "
            "Nothing is written."
        )
    differences = abs(before.astype(np.float64) - after).max(axis=1)
    found = {"difference": float(differences.max()), "mean_difference": float(differences.mean())}
    if known.any():
        right = [float((_classes(each) == pictures.y_true)[known].mean()) for each in (before, after)]
        found |= {"labeled": int(known.sum()), "accuracy": right[0], "new_accuracy": right[1]}
    return found


def _classes(output: np.ndarray) -> np.ndarray:
    """Return the decisions; probabilities of an int8 softmax are rounded and need not sum to 1."""
    return predicted_classes(np.hstack([1 - output, output]) if output.shape[1] == 1 else output)


def _check_difference(bundle: Bundle, subject: str, found: Mapping[str, Any], quantize: Quantization | None) -> None:
    if not found:
        return
    rounds = quantize in ("dynamic", "int8")
    difference, bound = found["mean_difference" if rounds else "difference"], BOUNDS[quantize]
    if difference > bound:
        raise BundleError(
            f"bundle {bundle.path}: {subject}: expected probabilities that differ by at most {bound:g}"
            f"{' on average' if rounds else ''}, got {difference:.4f}. Nothing is written.",
            hint=_HINTS.get(quantize) if quantize else None,
        )


def _read_onnx(path: Path) -> Predict:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda pixels: np.asarray(session.run(None, {name: pixels})[0])


def _read_saved_model(path: Path) -> Predict:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))

    def predict(pixels: np.ndarray) -> np.ndarray:
        serve = loaded.signatures["serving_default"]  # `loaded` owns the weights, and has to live on
        (name,) = serve.structured_input_signature[1]
        (output,) = serve(**{name: tf.constant(pixels)}).values()
        return np.asarray(output.numpy())

    return predict


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
