import random

import keras
import numpy as np
import pytest

from emoclass import LabelScheme, ModelSpec
from emoclass.errors import BundleError, ConfigError, ContractError
from emoclass.training.build import (
    build,
    finish,
    fits_half_precision,
    layer_rows,
    load_model,
    round_to_half_precision,
    save_model,
    set_threads,
)

TWO = LabelScheme(emotions=("happy", "sad"))
FIVE = LabelScheme(emotions=("happy", "sad", "angry", "scared", "surprised"))


def spec(build):
    return ModelSpec(name="m", summary="M.", build=build, image_shape=(8, 8, 3))


def network(*, labels, image_shape, seed, units=None, compiled=False, dropout=0.5):
    model = keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dropout(dropout, name="dropout"),
            keras.layers.Dense(units or labels.units, activation=labels.head, name="dense"),
        ]
    )
    if compiled:
        model.compile()
    return model


def test_the_last_layer_follows_the_labels():
    assert build(spec(network), TWO, seed=0).output_shape == (None, 1)
    assert build(spec(network), FIVE, seed=0).output_shape == (None, 5)


def test_layers_without_seeds_draw_from_the_runs_and_nobody_elses_random_state_moves():
    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    first, again, other = (build(spec(network), TWO, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (lambda **_: "a model", "expected a keras.Model, got str"),
        (lambda **_: keras.Sequential([keras.layers.Dense(1)]), "is not built. Begin it with keras.Input"),
        (lambda **kw: network(**{**kw, "image_shape": (4, 4, 3)}), r"expected input \(None, 8, 8, 3\), got"),
        (lambda **kw: network(units=2, **kw), r"expected output \(None, 1\), got \(None, 2\). Size the last layer"),
        (lambda **kw: network(compiled=True, **kw), "is compiled"),
    ],
)
def test_a_builder_that_breaks_its_contract_is_told_how_to_keep_it(builder, message):
    with pytest.raises(ContractError, match=f"model 'm': {message}"):
        build(spec(builder), TWO, seed=0)


def test_options_reach_the_builder_and_unknown_ones_name_those_that_do():
    model = build(spec(network), TWO, seed=0, options={"dropout": 0.25})
    assert model.get_layer("dropout").rate == 0.25
    with pytest.raises(
        ConfigError, match=r"model 'm': \[model\]: options do not fit.*It takes units, compiled, dropout"
    ):
        build(spec(network), TWO, seed=0, options={"dropuot": 0.25})


def test_the_layer_table_is_that_of_the_summary():
    rows = layer_rows(build(spec(network), TWO, seed=0))
    assert [(row.name, row.kind, row.output_shape, row.parameters) for row in rows] == [
        ("flatten", "Flatten", "(None, 192)", 0),
        ("dropout", "Dropout", "(None, 192)", 0),
        ("dense", "Dense", "(None, 1)", 193),
    ]


def test_a_saved_model_answers_like_the_original_and_a_damaged_one_says_so(tmp_path):
    model = build(spec(network), FIVE, seed=0)
    save_model(model, tmp_path / "model.keras")
    x = np.random.default_rng(0).random((3, 8, 8, 3), np.float32)
    np.testing.assert_array_equal(load_model(tmp_path / "model.keras").predict_on_batch(x), model.predict_on_batch(x))
    (tmp_path / "damaged.keras").write_bytes((tmp_path / "model.keras").read_bytes()[:500])
    with pytest.raises(BundleError, match=r"damaged\.keras: cannot be loaded"):
        load_model(tmp_path / "damaged.keras")
    with pytest.raises(BundleError, match=r"absent\.keras: no such file"):
        load_model(tmp_path / "absent.keras")


def test_threads_cannot_change_once_tensorflow_is_at_work():
    import tensorflow as tf

    tf.zeros(1)
    set_threads(None)
    with pytest.raises(ConfigError, match="already runs in this process"):
        set_threads(tf.config.threading.get_intra_op_parallelism_threads() + 1)


def convolutional(*, labels, image_shape, seed):
    pixels = keras.Input(image_shape)
    x = keras.layers.Conv2D(4, 3, name="conv")(pixels)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(pixels, keras.layers.Dense(labels.units, activation=labels.head, name="dense")(x))


def test_a_network_computes_in_the_precision_asked_for_and_is_kept_in_float32():
    model = spec(convolutional)
    network = build(model, FIVE, seed=0, precision="mixed_bfloat16")
    assert network.get_layer("conv").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32", "nobody else's networks may change"
    kept = finish(model, network, FIVE, seed=0)
    assert {layer.compute_dtype for layer in kept.layers} == {"float32"}
    for before, after in zip(network.get_weights(), kept.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_network_in_float32_is_kept_as_it_is():
    model = spec(convolutional)
    network = build(model, FIVE, seed=0)
    assert finish(model, network, FIVE, seed=0) is network


def with_another_output(network):
    return keras.Model(network.input, network.layers[-2].output)


def seen_twice(network):
    pixels = keras.Input(network.input_shape[1:], name="pixels")
    return keras.Model(pixels, keras.layers.Average(name="mean")([network(pixels), network(pixels)]))


def test_a_model_is_finished_as_its_spec_says_and_told_layer_by_layer():
    model = spec(convolutional).model_copy(update={"finish": seen_twice})
    network = build(model, FIVE, seed=0)
    finished = finish(model, network, FIVE, seed=0)
    assert [row.name for row in layer_rows(finished)] == ["conv", "mean", "dense", "mean"]


def test_what_a_finish_makes_must_be_a_model_of_the_labels():
    model = spec(convolutional).model_copy(update={"finish": with_another_output})
    with pytest.raises(ContractError, match=r"expected output \(None, 5\), got \(None, 4\)"):
        finish(model, build(model, FIVE, seed=0), FIVE, seed=0)


def half_network():
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(8, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dropout(0.5, seed=1, name="dropout"),
            keras.Sequential([keras.layers.Dense(64, name="inside")], name="nested"),
            keras.layers.Dense(3, activation="softmax", name="dense"),
        ],
        name="half",
    )
    model.build((None, 6, 6, 1))
    return model


def test_weights_that_fit_half_precision_are_saved_in_half_the_size_and_predict_the_same(tmp_path):
    model = half_network()
    save_model(model, tmp_path / "whole.keras")
    round_to_half_precision(model)
    assert fits_half_precision(model)
    save_model(model, tmp_path / "half.keras")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["half.keras", "whole.keras"]
    saved = 2 * sum(weight.size for weight in model.get_weights())
    whole, half = ((tmp_path / name).stat().st_size for name in ("whole.keras", "half.keras"))
    assert whole - half == pytest.approx(saved, rel=0.1)
    loaded = load_model(tmp_path / "half.keras")
    assert {each.dtype for each in loaded.weights} == {"float32"}
    assert all(map(np.array_equal, model.get_weights(), loaded.get_weights()))
    pixels = np.random.default_rng(0).random((4, 6, 6, 1)).astype(np.float32)
    np.testing.assert_array_equal(loaded.predict_on_batch(pixels), model.predict_on_batch(pixels))


def test_what_is_too_large_for_half_precision_is_not_rounded():
    model = half_network()
    kernel, bias = model.layers[0].get_weights()
    model.layers[0].set_weights([kernel, bias + 1e6])
    round_to_half_precision(model)
    assert np.array_equal(model.layers[0].get_weights()[1], bias + 1e6)
    assert not fits_half_precision(model)
    assert fits_half_precision(model.layers[-1])
