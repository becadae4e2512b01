import re
import subprocess

import keras
import numpy as np
import pytest

from emoclass.errors import ContractError, OutputError
from emoclass.inference.litert import LiteRTModel
from emoclass.training.build import fits_half_precision, seeded
from emoclass.training.export import export_litert
from emoclass.training.pipeline import from_pixels


def network(units=1, activation="sigmoid", layer=None):
    """Build a small network whose batch normalization has something to do."""
    with seeded(0):
        model = keras.Sequential(
            [
                keras.Input((12, 10, 3)),
                keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
                layer or keras.layers.BatchNormalization(name="normalization"),
                keras.layers.Flatten(name="flatten"),
                keras.layers.Dropout(0.5, name="dropout"),
                keras.layers.Dense(units, activation=activation, name="dense"),
            ],
            name="small",
        )
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 0.2, weight.shape) for weight in model.get_weights()])
    return model


@pytest.mark.parametrize(
    ("units", "activation", "value_range"),
    [(1, "sigmoid", (0.0, 1.0)), (3, "softmax", (-1.0, 1.0))],
)
def test_the_file_agrees_with_keras_at_any_batch_size_and_nothing_is_said(
    tmp_path, capfd, monkeypatch, units, activation, value_range
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    model = network(units, activation)
    capfd.readouterr()  # what TensorFlow's first operation in a process says
    export_litert(model, value_range, tmp_path / "model.tflite")
    assert capfd.readouterr() == ("", "")
    assert not [path for path in scratch.iterdir() if path.is_dir()]

    exported = LiteRTModel(tmp_path / "model.tflite")
    assert exported.input_shape == (12, 10, 3)
    for batch in (1, 3, 7, 1):
        pixels = np.random.default_rng(batch).integers(0, 256, (batch, 12, 10, 3), np.uint8)
        expected = from_pixels(model, value_range).predict_on_batch(pixels)
        got = exported.predict(pixels)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)
        np.testing.assert_array_equal(exported.predict(pixels.astype(np.float32)), got)


def test_the_model_stays_as_it_was(tmp_path):
    model = network()
    before = model.get_config(), [weight.copy() for weight in model.get_weights()]
    policy = keras.config.dtype_policy()
    export_litert(model, (0.0, 1.0), tmp_path / "model.tflite")
    assert model.get_config() == before[0]
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before[1], strict=True))
    assert not model.compiled
    assert keras.config.dtype_policy() is policy


def test_exporting_twice_gives_the_same_bytes(tmp_path):
    model = network()
    for name in ("a", "b"):
        export_litert(model, (0.0, 1.0), tmp_path / f"{name}.tflite")
    assert (tmp_path / "a.tflite").read_bytes() == (tmp_path / "b.tflite").read_bytes()


class Inverse(keras.layers.Layer):
    """Something that LiteRT lacks, whatever comes in."""

    def call(self, x):
        return keras.ops.erfinv(x)


class Fussy(keras.layers.Layer):
    """Something that fails as soon as it is to work."""

    def call(self, x):
        raise TypeError("it is too fussy\nfor this")

    def compute_output_shape(self, input_shape):
        return input_shape


def test_a_model_that_litert_cannot_run_is_refused_and_the_converter_is_heard(tmp_path, capfd):
    with pytest.raises(
        ContractError,
        match=r"^model 'small': expected operations that LiteRT runs at any batch size, got tf\.Erfinv\.",
    ):
        export_litert(network(layer=Inverse(name="inverse")), (0.0, 1.0), tmp_path / "model.tflite")
    assert "inverse" in capfd.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_layer_that_cannot_be_traced_is_named(tmp_path):
    with pytest.raises(
        ContractError, match=r"model 'small': cannot be exported to LiteRT \(.*Fussy\.call\(\)\. it is too fussy\)"
    ):
        export_litert(network(layer=Fussy(name="fussy")), (0.0, 1.0), tmp_path / "model.tflite")


def test_a_file_that_cannot_be_written_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match=r"model\.tflite: cannot be written \(No such file"):
        export_litert(network(), (0.0, 1.0), tmp_path / "nowhere" / "model.tflite")


def test_keras_on_another_backend_lets_tensorflow_write_the_file(tmp_path, monkeypatch):
    model = network(3, "softmax")
    export_litert(model, (0.0, 1.0), tmp_path / "here.tflite")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    export_litert(model, (0.0, 1.0), tmp_path / "there.tflite")
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 12, 10, 3)).astype(np.float32)
    here, there = (LiteRTModel(tmp_path / name).predict(pixels) for name in ("here.tflite", "there.tflite"))
    np.testing.assert_array_equal(here, there)


def test_what_tensorflow_has_against_a_network_of_another_backend_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    # The test above starts the process.
    ended = subprocess.CompletedProcess([], 1, "", "Traceback (most recent call last):\n  ...\nTypeError: too fussy\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: ended)
    told = re.escape("model 'small': cannot be exported to LiteRT by TensorFlow (TypeError: too fussy).")
    with pytest.raises(ContractError, match=told):
        export_litert(network(), (0.0, 1.0), tmp_path / "model.tflite")


def test_a_network_fits_half_precision_where_no_weight_changes():
    model = network()
    assert not fits_half_precision(model)
    model.set_weights([weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()])
    assert fits_half_precision(model)


@pytest.mark.parametrize(("units", "activation"), [(1, "sigmoid"), (3, "softmax")])
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_an_int8_file_takes_and_gives_floats_of_any_batch_size_and_its_rows_sum_to_1(
    tmp_path, monkeypatch, units, activation, backend
):
    model = network(units, activation)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.2, weight.shape) ** 2 for weight in model.get_weights()])
    model.layers[-1].set_weights([rng.normal(0, 0.5, weight.shape) for weight in model.layers[-1].get_weights()])
    before = [each.copy() for each in model.get_weights()]
    pictures = rng.integers(0, 256, (300, 12, 10, 3), np.uint8)
    expected = from_pixels(model, (0.0, 1.0)).predict_on_batch(pictures[:7])
    with monkeypatch.context() as patch:
        patch.setattr(keras.backend, "backend", lambda: backend)
        export_litert(model, (0.0, 1.0), tmp_path / "model.tflite", quantize="int8", pictures=pictures)
    exported = LiteRTModel(tmp_path / "model.tflite")
    kinds = {each["dtype"] for each in exported._interpreter.get_tensor_details()}
    assert np.int8 in kinds
    for batch in (7, 1, 3):
        output = exported.predict(pictures[:batch])
        assert output.dtype == np.float32
        np.testing.assert_allclose(output, expected[:batch], atol=0.1)
        if units > 1:
            np.testing.assert_allclose(output.sum(axis=1), 1, atol=1e-6)
    rounded = exported.predict(pictures) * 256
    assert abs(rounded - rounded.round()).max() > 0.01, "probabilities are not rounded to multiples of 1/256"
    assert all(map(np.array_equal, before, model.get_weights()))
    assert model.layers[-1].activation is getattr(keras.activations, activation)
