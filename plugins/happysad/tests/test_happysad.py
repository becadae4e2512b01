"""The plugin against what is documented, number by number."""

import re

import keras
import numpy as np
import pytest

from emoclass import LabelScheme, Registry
from emoclass.plugin.configure import configure
from emoclass.training.build import build

TABLE = """
conv2d (Conv2D)                 (None, 256, 256, 16)          448
max_pooling2d (MaxPooling2D)    (None, 128, 128, 16)            0
conv2d_1 (Conv2D)               (None, 126, 126, 32)        4,640
max_pooling2d_1 (MaxPooling2D)  (None, 63, 63, 32)              0
conv2d_2 (Conv2D)               (None, 61, 61, 16)          4,624
max_pooling2d_2 (MaxPooling2D)  (None, 30, 30, 16)              0
flatten (Flatten)               (None, 14400)                   0
dense (Dense)                   (None, 256)             3,686,656
dense_1 (Dense)                 (None, 1)                     257
"""
FIVE = ("happy", "sad", "angry", "scared", "surprised")


@pytest.fixture(scope="module")
def registry():
    return Registry.discover()


def built(registry, *emotions, seed=0):
    return build(registry.models.get("happysad"), LabelScheme(emotions=emotions), seed=seed)


def summary_rows(model):
    """Return the rows of the printed summary as (layer, shape, parameters)."""
    lines = []
    model.summary(print_fn=lines.append)
    cells = [re.split(r"\s*[│┃]\s*", line.strip("│┃ ")) for line in "\n".join(lines).splitlines() if "(None" in line]
    return [tuple(cell.strip() for cell in row if cell.strip()) for row in cells]


def test_the_printed_summary_is_the_documented_table(registry):
    documented = [tuple(re.split(r"\s{2,}", line)) for line in TABLE.strip().splitlines()]
    assert summary_rows(built(registry, "happy", "sad")) == documented


def test_names_stay_the_same_when_several_models_are_built_in_one_process(registry):
    first, second = built(registry, "happy", "sad"), built(registry, "happy", "sad")
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    assert summary_rows(first) == summary_rows(second)


def test_it_is_a_sequential_of_3x3_filters_with_stride_1_and_relu(registry):
    model = built(registry, "happy", "sad")
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert type(model) is keras.Sequential
    assert [layer.padding for layer in convolutions] == ["same", "valid", "valid"]
    for layer in convolutions:
        assert (layer.kernel_size, layer.strides, layer.activation.__name__) == ((3, 3), (1, 1), "relu")
    assert all(layer.pool_size == (2, 2) for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D))
    assert [layer.activation.__name__ for layer in model.layers[-2:]] == ["relu", "sigmoid"]
    assert not any(isinstance(layer, keras.layers.Rescaling) for layer in model.layers)


def test_five_emotions_change_the_last_layer_and_nothing_else(registry):
    two, five = built(registry, "happy", "sad"), built(registry, *FIVE)
    assert summary_rows(five)[:-1] == summary_rows(two)[:-1]
    assert summary_rows(five)[-1] == ("dense_1 (Dense)", "(None, 5)", "1,285")
    assert five.layers[-1].activation.__name__ == "softmax"
    for a, b in zip(two.get_weights()[:-2], five.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_seed_decides_the_weights_and_no_two_layers_share_theirs(registry):
    first, again, other = (built(registry, "happy", "sad", seed=seed).get_weights() for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0].ravel()[:50], first[2].ravel()[:50])


def test_the_recipe_is_the_documented_experiment(registry):
    config = configure(registry, options={"plugin": "happysad"})
    assert config.labels.emotions == ("happy", "sad")
    assert config.labels.positive == "sad"
    assert (config.training.epochs, config.training.batch_size, config.training.keep) == (20, 32, "last")
    assert config.training.optimizer.ref == "keras.optimizers:Adam"
    assert (config.data.validation, config.data.test) == (0.125, 0.125)
    assert set(config.evaluation.headline) == {"precision", "recall", "accuracy"}
    spec = registry.models.get("happysad")
    assert (spec.image_shape, spec.value_range) == ((256, 256, 3), (0.0, 1.0))
