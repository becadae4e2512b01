"""Starting from what another model has learned."""

import keras
import numpy as np
import pytest

from emoclass import LabelScheme, ModelSpec
from emoclass.errors import ContractError
from emoclass.training.build import build
from emoclass.training.start import start_from

TWO = LabelScheme(emotions="happy,sad")
THREE = LabelScheme(emotions="sad,happy,angry")
OTHERS = LabelScheme(emotions="angry,neutral,sad")


def network(*, labels, image_shape, seed, filters=4, bias=True):
    pixels = keras.Input(image_shape)
    x = keras.layers.Conv2D(filters, 3, name="conv")(pixels)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    head = keras.layers.Dense(labels.units, activation=labels.head, use_bias=bias, name="head")
    return keras.Model(pixels, head(x))


def twice(model):
    pixels = keras.Input(model.input_shape[1:], name="pixels")
    return keras.Model(pixels, keras.layers.Average(name="both")([model(pixels), model(pixels)]))


def leave_as_it_is(network, trained):
    pass


SPEC = ModelSpec(name="m", summary="M.", build=network, image_shape=(8, 8, 3))


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).random((5, 8, 8, 3), dtype=np.float32)


def trained(labels, **options):
    model = build(SPEC, labels, seed=0, options=options)
    rng = np.random.default_rng(1)
    model.set_weights([rng.standard_normal(weight.shape) for weight in model.get_weights()])
    return model


def started(labels, kept, kept_labels, spec=SPEC, **options):
    model = build(spec, labels, seed=5, options=options)
    start_from(spec, model, labels, kept, kept_labels)
    return model


@pytest.mark.parametrize("labels", [TWO, THREE])
def test_with_the_same_emotions_it_predicts_what_the_trained_model_does(labels, pixels):
    kept = trained(labels)
    np.testing.assert_allclose(started(labels, kept, labels)(pixels), kept(pixels), rtol=1e-5)
    np.testing.assert_allclose(started(labels, twice(kept), labels)(pixels), kept(pixels), rtol=1e-5)


def test_emotions_are_followed_where_their_order_is_another(pixels):
    kept = trained(THREE)
    turned = LabelScheme(emotions=THREE.emotions[::-1])
    np.testing.assert_allclose(started(turned, kept, THREE)(pixels), np.asarray(kept(pixels))[:, ::-1], rtol=1e-5)


def test_with_two_of_three_emotions_it_predicts_what_the_model_restricted_to_them_does(pixels):
    kept = trained(THREE)
    sad, happy = np.asarray(kept(pixels))[:, :2].T
    np.testing.assert_allclose(np.asarray(started(TWO, kept, THREE)(pixels))[:, 0], sad / (sad + happy), rtol=1e-4)


def test_from_two_emotions_to_three_their_proportion_is_kept(pixels):
    kept = trained(TWO)
    second = np.asarray(kept(pixels))[:, 0]
    seen = np.asarray(started(THREE, kept, TWO)(pixels))
    np.testing.assert_allclose(seen[:, 0] / (seen[:, 0] + seen[:, 1]), second, rtol=1e-4)


def test_a_new_emotion_begins_as_the_mean_of_what_is_known():
    kept = trained(THREE)
    kernel, bias = kept.get_layer("head").get_weights()
    head = started(OTHERS, kept, THREE).get_layer("head").get_weights()
    np.testing.assert_allclose(head[0], np.stack([kernel[:, 2], kernel.mean(axis=1), kernel[:, 0]], axis=1), rtol=1e-6)
    np.testing.assert_allclose(head[1], [bias[2], bias.mean(), bias[0]], rtol=1e-6)


def test_a_head_that_does_not_fit_stays_as_it_was_built():
    kept = trained(THREE, bias=False)
    fresh = build(SPEC, THREE, seed=5)
    model = started(THREE, kept, THREE)
    np.testing.assert_array_equal(model.get_layer("conv").get_weights()[0], kept.get_layer("conv").get_weights()[0])
    np.testing.assert_array_equal(model.get_layer("head").get_weights()[0], fresh.get_layer("head").get_weights()[0])


def test_a_model_without_one_of_the_layers_is_refused():
    with pytest.raises(ContractError, match="its layer 'conv' is not in the trained model, by name and shape"):
        started(THREE, trained(THREE, filters=6), THREE)


def test_the_models_own_start_is_called_instead():
    spec = SPEC.model_copy(update={"start": leave_as_it_is})
    model = started(THREE, trained(THREE), THREE, spec)
    fresh = build(SPEC, THREE, seed=5)
    np.testing.assert_array_equal(model.get_layer("conv").get_weights()[0], fresh.get_layer("conv").get_weights()[0])


def deep(*, labels, image_shape, seed, layers=2):
    pixels = keras.Input(image_shape)
    x = pixels
    for number in range(layers):
        x = keras.layers.Conv2D(3, 3, padding="same", name=f"conv{number}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(pixels, keras.layers.Dense(labels.units, activation=labels.head, name="head")(x))


def test_a_trained_layer_that_the_network_does_not_have_is_refused():
    spec = ModelSpec(name="deep", summary="D.", build=deep, image_shape=(8, 8, 3))
    kept = build(spec, THREE, seed=0, options={})
    with pytest.raises(ContractError, match="expected all layers of the trained model, got none named 'conv1'"):
        started(THREE, kept, THREE, spec, layers=1)
    started(TWO, kept, THREE, spec)
