"""Build a network from its spec, check that it keeps the contract, save it and load it."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emoclass.bundle.plain import one_line
from emoclass.errors import BundleError, ConfigError, ContractError
from emoclass.training.archive import check_archive, store_in_half_precision
from emoclass.training.settings import standard_settings
from emoclass.values.labels import LabelScheme
from emoclass.values.references import call_with_options, resolve
from emoclass.values.results import LayerRow
from emoclass.values.specs import ModelSpec


def build(
    spec: ModelSpec,
    labels: LabelScheme,
    *,
    seed: int,
    options: Mapping[str, Any] | None = None,
    precision: str = "float32",
) -> keras.Model:
    """Build a model, with weights that depend on the seed alone.

    Args:
        spec: The model.
        labels: The emotions; they size the last layer.
        seed: Of the initial weights, and of dropout.
        options: Passed to the model's `build`.
        precision: The Keras dtype policy of layers that name none; its weights are float32 in any case.

    Returns:
        An uncompiled model: float32 `(batch, height, width, channels)` in the spec's value range to
        `(batch, labels.units)` probabilities.

    Raises:
        ConfigError: An option that the model does not take, or a value that it cannot be built with.
        ContractError: What was built is no such model.
    """
    subject = f"model {spec.name!r}: [model]"
    resolve(spec.build)  # first: its module may change Keras' settings when it is imported
    try:
        with seeded(seed), standard_settings(precision):
            model = call_with_options(
                spec.build, options or {}, subject=subject, labels=labels, image_shape=spec.image_shape, seed=seed
            )
    except (TypeError, ValueError) as error:
        if not options:  # the plugin's own mistake
            raise
        told = ", ".join(f"{name} = {value!r}" for name, value in options.items())
        raise ConfigError(f"{subject}: cannot be built with {told} ({one_line(error)}).") from error
    _check(spec, labels, model)
    return model


def finish(
    spec: ModelSpec, network: keras.Model, labels: LabelScheme, *, seed: int, options: Mapping[str, Any] | None = None
) -> keras.Model:
    """Return what is measured and kept of a trained network: in float32, and as the model's `finish` makes it.

    Args:
        spec: The model.
        network: What was trained.
        labels: The emotions.
        seed: As for `build`.
        options: As for `build`; the model's `finish` gets those that it names.

    Raises:
        ContractError: What the model's `finish` made is no such model.
    """
    if any(layer.compute_dtype != "float32" for layer in network.layers):
        whole = build(spec, labels, seed=seed, options=options)
        whole.set_weights(network.get_weights())
        network = whole
    if spec.finish is None:
        return network
    make = resolve(spec.finish)
    named = inspect.signature(make).parameters
    with standard_settings():
        model = make(network, **{name: value for name, value in (options or {}).items() if name in named})
    _check(spec, labels, model)
    return model


def _check(spec: ModelSpec, labels: LabelScheme, model: Any) -> None:
    if not isinstance(model, keras.Model):
        raise ContractError(f"model {spec.name!r}: expected a keras.Model, got {type(model).__name__}.")
    if not isinstance(model, keras.Sequential) and not getattr(model, "inputs", None):  # a class of its own
        raise ContractError(
            f"model {spec.name!r}: expected a Sequential or functional model, got {type(model).__name__}.",
            hint="Wrap it: keras.Model(inputs, outputs). Only such a model can be saved, loaded and exported anywhere.",
        )
    if not model.built or not model.inputs:
        raise ContractError(f"model {spec.name!r}: is not built.", hint="Begin it with keras.Input(image_shape).")
    if model.compiled:
        raise ContractError(
            f"model {spec.name!r}: is compiled.", hint="Remove compile(): the recipe defines the training."
        )
    if tuple(model.input_shape) != (None, *spec.image_shape):
        raise ContractError(
            f"model {spec.name!r}: expected input {(None, *spec.image_shape)}, got {model.input_shape}.",
            hint="Begin it with keras.Input(image_shape).",
        )
    if tuple(model.output_shape) != (None, labels.units):
        raise ContractError(
            f"model {spec.name!r}: expected output {(None, labels.units)}, got {model.output_shape}.",
            hint="Size the last layer with labels.units.",
        )


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make layers that were given no seed draw theirs from this one; the caller's generators stay as they were.

    Keras takes default seeds from Python's `random`, so that a plugin's `Dropout(0.5)` would differ in every run.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


def layer_rows(model: keras.Model) -> tuple[LayerRow, ...]:
    """Return the model's layer table, as `model.summary()` prints it; a nested model is listed layer by layer."""
    return tuple(
        row
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
        for row in (layer_rows(layer) if isinstance(layer, keras.Model) else [_layer_row(layer)])
    )


def _layer_row(layer: keras.layers.Layer) -> LayerRow:
    return LayerRow(
        name=layer.name, kind=type(layer).__name__, output_shape=_shape_text(layer), parameters=layer.count_params()
    )


def _shape_text(layer: keras.layers.Layer) -> str:
    outputs = layer.output if isinstance(layer.output, list | tuple) else [layer.output]
    return ", ".join(str(tuple(output.shape)) for output in outputs)


def fits_half_precision(model: keras.Model) -> bool:
    """Tell whether half precision holds every weight exactly, as a model's `finish` may see to."""
    with np.errstate(over="ignore"):
        return all(np.array_equal(each, each.astype(np.float16)) for each in model.get_weights())


def round_to_half_precision(model: keras.Model) -> None:
    """Round the weights of a model to numbers that half precision holds; what is too large for it stays as it is."""
    with np.errstate(over="ignore"):
        rounded = [each.astype(np.float16).astype(each.dtype) for each in model.get_weights()]
    model.set_weights(
        [half if np.isfinite(half).all() else each for half, each in zip(rounded, model.get_weights(), strict=True)]
    )


@standard_settings()
def save_model(model: keras.Model, path: Path) -> None:
    """Save a model, bare and without optimizer, to a file whose name ends in `.keras`.

    Where half precision holds every weight exactly, the file has half the size; Keras reads it as any other.
    """
    keras.saving.save_model(model, path)
    if fits_half_precision(model):
        store_in_half_precision(path)


def reason_not_loadable(model: keras.Model, path: Path) -> str | None:
    """Save a model and load it; return why that fails, or None where it does not.

    Args:
        model: The model.
        path: A place to save it to, ending in `.keras`; nothing is left there. Where it cannot be written, nothing is
            found out.
    """
    try:
        save_model(model, path)
        load_model(path)
    except OSError:  # a full disk says nothing of the network
        return None
    except BundleError as error:
        return one_line(error.message.removeprefix(f"model {path}: ").rstrip("."))
    except Exception as error:  # whatever a layer's get_config raises
        return one_line(f"cannot be saved ({error or type(error).__name__})")
    finally:
        path.unlink(missing_ok=True)
    return None


@standard_settings()
def load_model(path: Path) -> keras.Model:
    """Load a saved model; code in the file is never run (Keras safe mode).

    Raises:
        BundleError: The file is missing or damaged, or holds more than a network of Keras' layers.
    """
    if not path.is_file():
        raise BundleError(f"model {path}: no such file.", hint="Did the run finish?")
    check_archive(path)
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged archive fails in zipfile, json, h5py or Keras
        raise BundleError(f"model {path}: cannot be loaded ({one_line(error) or type(error).__name__}).") from error


def set_threads(threads: int | None) -> None:
    """Tell TensorFlow how many processor threads to use; None leaves it to choose.

    Raises:
        ConfigError: TensorFlow is at work in this process already and can no longer be configured.
    """
    if threads is None or keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        if tf.config.threading.get_intra_op_parallelism_threads() != threads:
            raise ConfigError(
                f"runtime.threads: TensorFlow already runs in this process and cannot be limited to {threads}.",
                hint="Set it before the first run of a process.",
            ) from error
