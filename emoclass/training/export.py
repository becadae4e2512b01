"""Write a trained network in the formats that others read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from copy import copy
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from emoclass.bundle.plain import one_line
from emoclass.errors import ContractError, MissingPackageError, OutputError
from emoclass.native_output import output_aside
from emoclass.training.build import save_model
from emoclass.training.head import head_of, logits_of
from emoclass.training.pipeline import from_pixels
from emoclass.training.settings import standard_settings

Quantization = Literal["float16", "dynamic", "int8"]

N_CALIBRATING = 200
"""Pictures that ranges for int8 are taken from; TensorFlow's guide asks for 100 to 500."""


BOUNDS: Mapping[Quantization | None, float] = {None: 1e-3, "float16": 0.02, "dynamic": 0.05, "int8": 0.1}
"""How far a probability may move: with 8 bits on average over the pictures, otherwise on any."""


@standard_settings()
def export_litert(
    model: keras.Model,
    value_range: tuple[float, float],
    path: Path,
    *,
    quantize: Quantization | None = None,
    pictures: np.ndarray | None = None,
) -> None:
    """Write a LiteRT file of the model, with the scaling of pixels inside.

    The file takes float32 pixels `(batch, height, width, channels)` in [0, 255], any number of them at a time, and
    gives the model's own output, float32 `(batch, units)`, quantized or not. `emoclass.inference.litert` reads it.
    Nothing is printed unless it fails. The model stays as it was. Keras writes such files with TensorFlow; where it
    runs on another backend, a process of its own does it.

    Args:
        model: The bare model.
        value_range: What it expects its input in.
        path: Where to write; the name ends in `.tflite`.
        quantize: `float16` keeps the weights in half precision. `dynamic` keeps them in 8-bit integers, and converts a
            layer's input to such when it runs; the rest stays float32. `int8` computes with integers throughout, but
            for operations that LiteRT does not have in them, and the last softmax or sigmoid.
        pictures: For int8, what the network will see: uint8 `(n, height, width, channels)` in [0, 255].

    Raises:
        ContractError: LiteRT cannot run the model.
        OutputError: The file cannot be written.
    """
    if keras.backend.backend() != "tensorflow":
        _export_from_tensorflow(model, value_range, path, quantize, pictures)
        return
    import tensorflow as tf

    # Keras also allows TensorFlow's own operations, which only run where TensorFlow is.
    target: dict[str, Any] = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    settings: dict[str, Any] = {"target_spec": target}
    if quantize is not None:
        settings["optimizations"] = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        target["supported_types"] = [tf.float16]
    head = None
    if quantize == "int8":
        if pictures is None or not len(pictures):
            raise ValueError("int8 needs images")
        chosen = pictures[np.linspace(0, len(pictures) - 1, min(N_CALIBRATING, len(pictures))).astype(int)]

        logits = logits_of(model)
        if logits is not None:
            head, model = head_of(model), keras.Model(model.inputs[0], logits, name=model.name)

        def each() -> Iterator[list[np.ndarray]]:
            yield from ([picture[None].astype(np.float32)] for picture in chosen)

        settings["representative_dataset"] = each
    with output_aside():
        try:
            from_pixels(model, value_range).export(path, format="litert", verbose=False, **settings)
        except OSError as error:
            raise _unwritable(path, error) from error
        except Exception as error:  # the converter's, or whatever the model's layers raise when they are traced
            raise _refusal(model, error) from error
        if head is not None:
            _append_activation(path, head)


def _append_activation(path: Path, head: str) -> None:
    """Let a LiteRT file end in a softmax or sigmoid of floats.

    One of int8 rounds probabilities to multiples of 1/256: rows do not sum to 1, and what is unlikely becomes 0.
    """
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    file = flatbuffer_utils.read_model(str(path))
    graph = file.subgraphs[0]
    (logits,) = graph.outputs
    kind, operator, code = schema.BuiltinOperator, schema.OperatorT(), schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = kind.SOFTMAX if head == "softmax" else kind.LOGISTIC
    code.version = 1
    if head == "softmax":
        operator.builtinOptionsType = schema.BuiltinOptions.SoftmaxOptions
        operator.builtinOptions = schema.SoftmaxOptionsT()
        operator.builtinOptions.beta = 1.0
    probabilities = copy(graph.tensors[logits])
    probabilities.name = b"probabilities"
    operator.opcodeIndex = len(file.operatorCodes)
    operator.inputs, operator.outputs = [logits], [len(graph.tensors)]
    file.operatorCodes.append(code)
    graph.tensors.append(probabilities)
    graph.operators.append(operator)
    graph.outputs = operator.outputs
    for signature in file.signatureDefs or ():
        signature.outputs[0].tensorIndex = operator.outputs[0]
    flatbuffer_utils.write_model(file, str(path))


def _export_from_tensorflow(
    model: keras.Model,
    value_range: tuple[float, float],
    path: Path,
    quantize: Quantization | None,
    pictures: np.ndarray | None,
) -> None:
    """Let another process, in which Keras runs on TensorFlow, write the file from the saved model."""
    with tempfile.TemporaryDirectory() as scratch:
        saved = Path(scratch, "model.keras")
        save_model(model, saved)
        task: dict[str, Any] = {"model": str(saved), "value_range": value_range, "path": str(path)}
        task["quantize"] = quantize
        if pictures is not None:
            task["pictures"] = str(Path(scratch, "pictures.npy"))
            np.save(task["pictures"], pictures)
        done = subprocess.run(
            [sys.executable, "-m", "emoclass.training.litert_process", json.dumps(task)],
            env={**os.environ, "KERAS_BACKEND": "tensorflow"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        reason = one_line(done.stderr.strip().rpartition("\n")[2])
        raise ContractError(f"model {model.name!r}: cannot be exported to LiteRT by TensorFlow ({reason}).")


@standard_settings()
def export_saved_model(model: keras.Model, value_range: tuple[float, float], path: Path) -> None:
    """Write a TensorFlow SavedModel, whose `serve` takes and gives what the LiteRT file does.

    Args:
        model: The bare model.
        value_range: What it expects its input in.
        path: The folder to make.

    Raises:
        ContractError: The model cannot be traced.
        OutputError: The folder cannot be written.
    """
    _export(model, value_range, path, "tf_saved_model", "a SavedModel")


@standard_settings()
def export_onnx(model: keras.Model, value_range: tuple[float, float], path: Path) -> None:
    """Write an ONNX file, which takes and gives what the LiteRT file does.

    Args:
        model: The bare model.
        value_range: What it expects its input in.
        path: Where to write.

    Raises:
        MissingPackageError: A package that writes ONNX is missing.
        ContractError: ONNX has no such operation.
        OutputError: The file cannot be written.
    """
    check_onnx_packages()
    _export(model, value_range, path, "onnx", "ONNX")


def check_onnx_packages() -> None:
    """Raise MissingPackageError where a package that writes ONNX is missing."""
    missing = [name for name in ("tf2onnx", "onnx") if find_spec(name) is None]
    if missing:
        raise MissingPackageError(
            f"format onnx: expected {' and '.join(missing)} to be installed, found none.",
            hint='Install with: pip install "emoclass[onnx]"',
        )


def _export(model: keras.Model, value_range: tuple[float, float], path: Path, form: str, name: str) -> None:
    with output_aside(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the converters, about each other's versions
        try:
            whole = from_pixels(model, value_range)
            whole(np.zeros((1, *model.input_shape[1:]), np.float32))  # Keras exports to ONNX only what was called
            whole.export(str(path), format=form, verbose=False)
        except OSError as error:
            raise _unwritable(path, error) from error
        except Exception as error:  # the converter's, or whatever the model's layers raise when they are traced
            raise ContractError(f"model {model.name!r}: cannot be exported to {name} ({_reason(error)}).") from error


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"model {path}: cannot be written ({error.strerror or error}).")


def _reason(error: Exception) -> str:
    # Keras says in the first line where it happened, and what in the next one, in bold.
    lines = [line for line in re.sub(r"\x1b\[\d+m", "", str(error)).splitlines() if line.strip()]
    return one_line(" ".join(lines[:2])) or type(error).__name__


def _refusal(model: keras.Model, error: Exception) -> ContractError:
    """Say what LiteRT has against a model, in the names of TensorFlow's operations where the converter gives them."""
    operations = ", ".join(dict.fromkeys(re.findall(r"'(tf\.\w+)' op", str(error))))
    if not operations:
        return ContractError(f"model {model.name!r}: cannot be exported to LiteRT ({_reason(error)}).")
    return ContractError(
        f"model {model.name!r}: expected operations that LiteRT runs at any batch size, got {operations}.",
        hint="Use other layers; recurrent layers need unroll=True.",
    )
