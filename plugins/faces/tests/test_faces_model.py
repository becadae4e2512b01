"""The network, what is kept of it, and how a training starts from that."""

import tomllib
from pathlib import Path

import keras
import numpy as np
import pytest
from emoclass_faces import register_models
from emoclass_faces.layers import StandardizedConv2D

from emoclass import LabelScheme
from emoclass.errors import ConfigError, ContractError
from emoclass.inference.litert import LiteRTModel
from emoclass.training.build import build, finish, fits_half_precision, load_model, save_model
from emoclass.training.export import export_litert
from emoclass.training.start import start_from

SPEC = register_models()[0]
TRAINING = Path(__file__).parents[1] / "training"
SEVEN = LabelScheme(emotions="happy,sad,angry,scared,surprised,disgusted,neutral")
TWO = LabelScheme(emotions="scared,happy")
SMALL = {"widths": (8, 12), "blocks": (2, 1)}


def trained(labels=SEVEN, **options):
    """Return a network whose weights are no longer those that it begins with."""
    network = build(SPEC, labels, seed=0, options={**SMALL, **options})
    rng = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(weight + 0.3 * rng.standard_normal(weight.shape))
    return network


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(1).random((6, 48, 48, 1), dtype=np.float32)


def test_the_network_at_its_full_size_has_the_parameters_that_are_told_and_is_exported(pictures, tmp_path):
    network = build(SPEC, SEVEN, seed=0)
    assert 780_000 < network.count_params() < 800_000
    rng = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(weight + 0.1 * rng.standard_normal(weight.shape))
    finished = finish(SPEC, network, SEVEN, seed=0)
    export_litert(finished, SPEC.value_range, tmp_path / "model.tflite")
    exported = LiteRTModel(tmp_path / "model.tflite")
    for n in (1, 3):
        seen = exported.predict(255 * pictures[:n])
        np.testing.assert_allclose(seen, finished.predict(pictures[:n], verbose=0), atol=1e-4)
    assert np.ptp(seen, axis=0).max() > 0.001, "other pictures must give other answers"


def test_brightness_and_contrast_of_a_picture_do_not_matter(pictures):
    network = trained()
    seen = network.predict(pictures, verbose=0)
    np.testing.assert_allclose(network.predict(0.2 + 0.5 * pictures, verbose=0), seen, atol=2e-3)
    assert np.ptp(seen, axis=0).max() > 0.01, "other pictures must give other answers"


def test_a_standardized_kernel_has_no_mean_and_the_variance_asked_for():
    layer = StandardizedConv2D(5, 3, scale=1.7)
    layer.build((None, 8, 8, 4))
    layer.gain.assign([1, 2, 0, 1, 1])
    kernel = np.asarray(layer.plain_kernel())
    np.testing.assert_allclose(kernel.mean(axis=(0, 1, 2)), 0, atol=1e-6)
    norms = np.sqrt((kernel**2).sum(axis=(0, 1, 2)))
    np.testing.assert_allclose(norms, 1.7 * np.array([1, 2, 0, 1, 1]), rtol=1e-3)


def test_a_finished_model_is_the_mean_of_four_views_in_keras_own_layers(pictures, tmp_path):
    network = trained()
    kept = finish(SPEC, network, SEVEN, seed=0)
    closer = keras.ops.convert_to_numpy(keras.ops.image.resize(pictures[:, 2:-2, 2:-2], (48, 48)))
    views = [pictures, closer, pictures[:, :, ::-1], closer[:, :, ::-1]]
    mean = sum(network.predict(view, verbose=0) for view in views) / 4
    np.testing.assert_allclose(kept.predict(pictures, verbose=0), mean, atol=3e-3)
    mirrored = kept.predict(pictures[:, :, ::-1], verbose=0)
    np.testing.assert_allclose(mirrored, kept.predict(pictures, verbose=0), atol=1e-6)
    inside = kept.get_layer("network").layers
    assert {type(layer).__module__.partition(".")[0] for layer in [*kept.layers, *inside]} == {"keras"}
    assert not any(isinstance(layer, StandardizedConv2D) for layer in inside)
    save_model(kept, tmp_path / "kept.keras")
    loaded = load_model(tmp_path / "kept.keras")
    np.testing.assert_array_equal(loaded.predict(pictures, verbose=0), kept.predict(pictures, verbose=0))


@pytest.mark.parametrize("views", [1, 2])
def test_fewer_views_are_averaged_where_the_options_say_so(pictures, views):
    network = trained(views=views)
    kept = finish(SPEC, network, SEVEN, seed=0, options={**SMALL, "views": views})
    seen = [pictures, pictures[:, :, ::-1]][:views]
    mean = sum(network.predict(view, verbose=0) for view in seen) / views
    np.testing.assert_allclose(kept.predict(pictures, verbose=0), mean, atol=3e-3)


@pytest.mark.parametrize("views", [0, 3, "2"])
def test_another_number_of_views_is_an_error_before_training(views):
    with pytest.raises(ConfigError, match=rf"\[model.options\] views: expected 1, 2 or 4, got {views!r}"):
        build(SPEC, SEVEN, seed=0, options={"views": views})


def test_a_network_without_gates_has_none_and_its_branches_are_as_strong(pictures):
    def deviation(**options):
        network = build(SPEC, SEVEN, seed=0, options={**SMALL, **options})
        assert any("gate" in layer.name for layer in network.layers) == options.get("gates", True)
        for layer in network.layers:
            if isinstance(layer, StandardizedConv2D):
                layer.gain.assign(np.ones(layer.gain.shape))  # branches begin as nothing
        features = keras.Model(network.input, network.get_layer("stage2_block1_add").output)
        return float(np.std(features.predict(pictures, verbose=0)))

    assert deviation(gates=False) == pytest.approx(deviation(), rel=0.1)


def test_a_finished_model_fits_half_precision_and_one_in_training_does_not():
    network = trained()
    assert not fits_half_precision(network)
    assert fits_half_precision(finish(SPEC, network, SEVEN, seed=0))


def test_a_training_starts_where_the_trained_model_stands(pictures):
    network = trained()
    fresh = build(SPEC, SEVEN, seed=9, options=SMALL)
    start_from(SPEC, fresh, SEVEN, finish(SPEC, network, SEVEN, seed=0), SEVEN)
    np.testing.assert_allclose(fresh.predict(pictures, verbose=0), network.predict(pictures, verbose=0), atol=3e-3)


def test_a_training_on_two_of_seven_emotions_starts_from_the_model_restricted_to_them(pictures):
    network = trained()
    fresh = build(SPEC, TWO, seed=9, options=SMALL)
    start_from(SPEC, fresh, TWO, finish(SPEC, network, SEVEN, seed=0), SEVEN)
    seen = network.predict(pictures, verbose=0)
    happy, scared = seen[:, SEVEN.index("happy")], seen[:, SEVEN.index("scared")]
    np.testing.assert_allclose(fresh.predict(pictures, verbose=0)[:, 0], happy / (happy + scared), atol=3e-3)


def test_a_training_does_not_start_from_a_model_of_other_widths():
    kept = finish(SPEC, trained(widths=(8, 16)), SEVEN, seed=0)
    with pytest.raises(ContractError, match="same layers, got another 'stage2_block1_conv_1'"):
        start_from(SPEC, build(SPEC, SEVEN, seed=0, options=SMALL), SEVEN, kept, SEVEN)


def test_a_training_does_not_leave_out_trained_layers():
    kept = finish(SPEC, trained(), SEVEN, seed=0)
    without = build(SPEC, SEVEN, seed=0, options={**SMALL, "gates": False})
    with pytest.raises(ContractError, match=r"same layers, got another 'stage1_block\d_(reduce|gates)'"):
        start_from(SPEC, without, SEVEN, kept, SEVEN)


def test_a_training_does_not_start_from_another_kind_of_model():
    other = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(7)], name="other")
    with pytest.raises(ContractError, match="expected a trained model of this kind, got 'other'"):
        start_from(SPEC, build(SPEC, SEVEN, seed=0, options=SMALL), SEVEN, other, SEVEN)


def test_widths_and_blocks_belong_together():
    with pytest.raises(ConfigError, match=r"\[model\.options\]: expected as many widths as blocks, got 2 and 3"):
        build(SPEC, SEVEN, seed=0, options={"widths": (8, 12)})


@pytest.mark.parametrize("options", [{"widths": (8, 8.5), "blocks": (1, 1)}, {"dropout": 1.5}, {"blocks": (1, 1.5, 1)}])
def test_values_that_no_network_can_be_built_with_are_told(options):
    [first, *_] = options
    with pytest.raises(ConfigError, match=rf"model 'faces': \[model\]: cannot be built with {first} = "):
        build(SPEC, SEVEN, seed=0, options=options)


@pytest.mark.parametrize("options", [{"activation": "relu"}, {"use_bias": False}, {"dilation_rate": 2}, {"groups": 2}])
def test_a_standardized_convolution_refuses_what_it_does_not_do(options):
    with pytest.raises(ValueError, match=r"expected a bias, no activation, .* got \{'"):
        StandardizedConv2D(8, 3, **options)


def test_the_recipes_optimizer_lets_kernels_alone_decay():
    from emoclass_faces.optimizer import adamw

    network = trained()
    optimizer = adamw(weight_decay=0.5, learning_rate=0.1)
    optimizer.build(network.trainable_variables)
    before = {variable.path: variable.numpy() for variable in network.trainable_variables}
    optimizer.apply([keras.ops.zeros_like(variable) for variable in network.trainable_variables])
    for variable in network.trainable_variables:
        factor = 0.95 if variable.name == "kernel" else 1.0
        np.testing.assert_allclose(variable.numpy(), factor * before[variable.path], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("name", "parameters"), [("fast", 0.90), ("large", 5.41)])
def test_the_networks_of_the_configurations_can_be_built_and_finished(name, parameters):
    options = tomllib.loads((TRAINING / f"{name}.toml").read_text())["model"]["options"]
    network = build(SPEC, SEVEN, seed=0, options=options)
    assert network.count_params() / 1e6 == pytest.approx(parameters, abs=0.01)
    finish(SPEC, network, SEVEN, seed=0, options=options)
