"""Write a trained network as a file that is served without TensorFlow."""

from __future__ import annotations

import re
from pathlib import Path

import keras

from emoclass.errors import ContractError, OutputError
from emoclass.training.pipeline import from_pixels
from emoclass.training.quiet import output_aside


def export_litert(model: keras.Model, value_range: tuple[float, float], path: Path) -> None:
    """Write a LiteRT file of the model, with the scaling of pixels inside.

    The file takes float32 pixels `(batch, height, width, channels)` in [0, 255], any number of them at a time, and
    gives the model's own output, float32 `(batch, units)`. `emoclass.inference.litert` reads it. Nothing is printed
    unless it fails. The model stays as it was.

    Args:
        model: The bare model.
        value_range: What it expects its input in.
        path: Where to write; the name ends in `.tflite`.

    Raises:
        ContractError: LiteRT cannot run the model.
        OutputError: The file cannot be written.
    """
    import tensorflow as tf

    with output_aside():
        try:
            from_pixels(model, value_range).export(
                path,
                format="litert",
                verbose=False,
                # Keras also allows TensorFlow's own operations, which only run where TensorFlow is.
                target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]},
            )
        except OSError as error:
            raise OutputError(f"model {path}: cannot be written ({error.strerror or error}).") from error
        except Exception as error:  # the converter's, or whatever the model's layers raise when they are traced
            raise _refusal(model, error) from error


def _refusal(model: keras.Model, error: Exception) -> ContractError:
    """Say what LiteRT has against a model, in the names of TensorFlow's operations where the converter gives them."""
    operations = ", ".join(dict.fromkeys(re.findall(r"'(tf\.\w+)' op", str(error))))
    if not operations:
        # Keras says in the first line where it happened, and what in the next one, in bold.
        lines = [line for line in re.sub(r"\x1b\[\d+m", "", str(error)).splitlines() if line.strip()]
        reason = " ".join(lines[:2]) or type(error).__name__
        return ContractError(f"model {model.name!r}: cannot be exported to LiteRT ({reason}).")
    return ContractError(
        f"model {model.name!r}: expected operations that LiteRT runs at any batch size, got {operations}.",
        hint="Build it of other layers; recurrent ones need unroll=True.",
    )
