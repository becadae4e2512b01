import keras
import numpy as np
import pytest
from tiny import build_tiny

from emoclass import LabelScheme
from emoclass.evaluation.temperature import at_temperature
from emoclass.inference.litert import LiteRTModel
from emoclass.training.build import load_model, save_model
from emoclass.training.calibrate import with_temperature
from emoclass.training.export import export_litert
from emoclass.training.head import logits_of

SHAPE = (10, 12, 3)


def ends_in_a_dense(units, head):
    labels = LabelScheme(emotions=("happy", "sad") if units == 1 else ("happy", "sad", "angry"))
    return build_tiny(labels=labels, image_shape=SHAPE, seed=0)


def ends_in_a_layer(units, head):
    inputs = keras.Input(SHAPE)
    logits = keras.layers.Dense(units, name="logits")(keras.layers.Flatten(name="flatten")(inputs))
    last = keras.layers.Softmax(name="head") if units > 1 else keras.layers.Activation(head, name="head")
    return keras.Model(inputs, last(logits))


def ends_in_a_mean(units, head):
    inner = ends_in_a_dense(units, head)
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, (inner(inputs) + inner(keras.ops.flip(inputs, axis=2))) / 2)


def predict(model, pixels):
    output = keras.ops.convert_to_numpy(model(pixels, training=False)).astype(np.float64)
    return np.hstack([1 - output, output]) if output.shape[1] == 1 else output


@pytest.mark.parametrize(("units", "head"), [(1, "sigmoid"), (3, "softmax")])
@pytest.mark.parametrize("make", [ends_in_a_dense, ends_in_a_layer, ends_in_a_mean])
@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_every_file_of_a_model_has_its_temperature(tmp_path, make, units, head, temperature):
    keras.utils.set_random_seed(0)
    model = make(units, head)
    pixels = np.random.default_rng(0).random((9, *SHAPE)).astype(np.float32) * 4
    before = predict(model, pixels)
    calibrated = with_temperature(model, temperature)
    expected = at_temperature(before, temperature)
    assert abs(expected - before).max() > 0.01, "the temperature must matter"
    np.testing.assert_allclose(predict(calibrated, pixels), expected, atol=1e-5)
    np.testing.assert_allclose(predict(model, pixels), before, atol=1e-7, err_msg="the model itself stays")
    assert (calibrated.input_shape, calibrated.output_shape) == (model.input_shape, model.output_shape)

    save_model(calibrated, tmp_path / "model.keras")
    np.testing.assert_allclose(predict(load_model(tmp_path / "model.keras"), pixels), expected, atol=1e-5)
    export_litert(calibrated, (0.0, 255.0), tmp_path / "model.tflite")
    output = LiteRTModel(tmp_path / "model.tflite").predict(pixels)
    np.testing.assert_allclose(output[:, -1], expected[:, -1], atol=1e-5)


def test_the_logits_of_a_model_without_any_are_none():
    assert logits_of(ends_in_a_mean(3, "softmax")) is None
    inputs = keras.Input(SHAPE)
    shares = keras.layers.Dense(3, activation="sigmoid", name="dense")(keras.layers.Flatten(name="flatten")(inputs))
    assert logits_of(keras.Model(inputs, shares)) is None, "three sigmoids are no softmax"
