"""What a run computes depends on its configuration, not on what Keras was set to before."""

import sys

import keras
import numpy as np
import pytest
from tiny import draw_photographs, tiny_registry

import emoclass
from emoclass import LabelScheme, ModelSpec
from emoclass.training.build import build
from emoclass.training.settings import kept_settings, standard_settings

LABELS = LabelScheme(emotions=("happy", "sad"))


def settings():
    config = keras.config
    return config.floatx(), config.epsilon(), config.image_data_format(), config.dtype_policy().name


@pytest.fixture
def strange():
    """Set everything to something else."""
    with kept_settings():
        keras.config.set_floatx("float64")
        keras.config.set_epsilon(1e-3)
        keras.config.set_image_data_format("channels_first")
        keras.config.set_dtype_policy("mixed_float16")
        yield settings()


def test_settings_are_set_and_restored(strange):
    for precision in ("float32", "mixed_bfloat16"):
        with standard_settings(precision):
            assert settings() == ("float32", 1e-7, "channels_last", precision)
        assert settings() == strange


def run(folder, photos):
    result = emoclass.run("tiny", data=photos, out=folder, registry=tiny_registry(), audit=False, seed=3)
    assert not [note for note in result.notes if "LiteRT" in note or "predict" in note]
    return result


def test_a_run_under_strange_settings_is_the_same_run(tmp_path, request):
    photos = draw_photographs(tmp_path / "photos", {"happy": 12, "sad": 12})
    plain = run(tmp_path / "plain", photos)
    strange = request.getfixturevalue("strange")
    other = run(tmp_path / "other", photos)
    assert settings() == strange, "the caller's settings stay"
    assert other.history["loss"] == plain.history["loss"]
    for first, second in zip(plain.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    assert (other.folder / "bundle" / "model.tflite").is_file()


MODULE = """
import keras

keras.config.set_image_data_format("channels_first")
keras.config.set_dtype_policy("mixed_float16")


def build(*, labels, image_shape, seed):
    pixels = keras.Input(image_shape)
    x = keras.layers.Conv2D(4, 3, name="conv")(pixels)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(pixels, keras.layers.Dense(labels.units, activation=labels.head, name="dense")(x))
"""


def test_a_plugin_that_sets_them_at_import_changes_no_network(tmp_path, monkeypatch):
    (tmp_path / "sets_at_import.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sets_at_import", raising=False)
    spec = ModelSpec(name="x", summary="A network.", build="sets_at_import:build", image_shape=(12, 12, 3))
    with kept_settings():
        network = build(spec, LABELS, seed=0)
    conv = network.get_layer("conv")
    assert (conv.data_format, conv.compute_dtype, network.output.dtype) == ("channels_last", "float32", "float32")
    assert conv.output.shape == (None, 10, 10, 4)
