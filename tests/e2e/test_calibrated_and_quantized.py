"""`training.calibration` and `training.quantize`: what a run keeps of a network, and what it says of it."""

import json

import keras
import numpy as np
import pytest
from tiny import TinyPlugin, build_tiny, draw_photographs, tiny_registry

import emoclass
from emoclass import ModelSpec, Registry, hookimpl
from emoclass.errors import ConfigError
from emoclass.evaluation.temperature import at_temperature
from emoclass.plugin import builtins
from emoclass.plugin.registry import PluginInfo
from emoclass.training import export

pytestmark = pytest.mark.slow  # each trains and exports


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = draw_photographs(tmp_path_factory.mktemp("photos"), {"happy": 40, "sad": 40, "angry": 40})
    # A few wrong labels, so that a model can be too sure of itself.
    for number in range(0, 40, 5):
        (root / "happy" / f"{number:03d}.png").rename(root / "sad" / f"wrong{number}.png")
    return root


def run(photos, out, registry=None, labels="happy,sad,angry", **training):
    return emoclass.run(
        "tiny", data=photos, out=out, registry=registry or tiny_registry(), labels=labels, audit=False, epochs=6,
        config={"training": training}, map={} if "angry" in labels else {"angry": "ignore"},
    )  # fmt: skip


def scores(result, photos):
    classifier = emoclass.load(result.folder)
    return np.array([list(each.scores.values()) for each in classifier.predict(sorted(photos.glob("*/*.png")))])


def manifest(result):
    return json.loads((result.folder / "bundle" / "manifest.json").read_text())


@pytest.mark.parametrize("labels", ["happy,sad,angry", "happy,sad"])
def test_a_calibrated_run_gives_the_probabilities_of_its_temperature_everywhere(photos, tmp_path, labels):
    plain = run(photos, tmp_path, labels=labels)
    result = run(photos, tmp_path, labels=labels, calibration="temperature")
    assert plain.calibration is None
    found = result.calibration
    assert found.n_samples == result.n_samples["validation"]
    assert found.log_loss[1] < found.log_loss[0]
    np.testing.assert_allclose(
        scores(result, photos), at_temperature(scores(plain, photos), found.temperature), atol=1e-4
    )
    assert result.metrics["accuracy"] == plain.metrics["accuracy"]
    assert result.metrics["log_loss"].value != plain.metrics["log_loss"].value
    assert any(note == found.note() for note in result.notes)
    assert manifest(result)["trained"]["calibration"] == found.model_dump(mode="json")
    assert "calibrated with a temperature" in (result.folder / "report.html").read_text()
    assert emoclass.resume(result.folder).calibration == found
    shown = json.loads((result.folder / "metrics.json").read_text())
    assert shown["calibration"]["temperature"] == found.temperature


def test_a_training_starts_from_a_calibrated_model(photos, tmp_path):
    first = run(photos, tmp_path, calibration="temperature")
    still = {"optimizer": {"ref": "keras.optimizers:SGD", "options": {"learning_rate": 1e-12}}}
    result = emoclass.run(
        "tiny", data=photos, out=tmp_path, registry=tiny_registry(), labels="happy,sad,angry", start=first.folder,
        config={"training": still}, audit=False, epochs=1,
    )  # fmt: skip
    calibrated = at_temperature(scores(result, photos), first.calibration.temperature)
    np.testing.assert_allclose(calibrated, scores(first, photos), atol=1e-4)


@pytest.mark.parametrize(
    ("labels", "kind"), [("happy,sad,angry", "int8"), ("happy,sad", "int8"), ("happy,sad,angry", "dynamic")]
)
def test_a_quantized_run_hands_over_a_bundle_that_predicts_with_8_bits(photos, tmp_path, labels, kind):
    plain = run(photos, tmp_path, labels=labels)
    result = run(photos, tmp_path, labels=labels, quantize=kind, calibration="temperature")
    found = result.quantization
    assert plain.quantization is None
    assert (found.kind, found.n_samples) == (kind, result.n_samples["validation"])
    assert found.n_calibrated == (min(200, result.n_samples["train"]) if kind == "int8" else 0)
    assert 0 < found.mean_difference <= found.difference
    sizes = [(each.folder / "bundle" / "model.tflite").stat().st_size for each in (result, plain)]
    assert sizes[0] < sizes[1]
    expected = at_temperature(scores(plain, photos), result.calibration.temperature)
    assert abs(scores(result, photos) - expected).mean() < 0.02
    assert manifest(result)["trained"]["quantization"] == found.model_dump(mode="json")
    assert found.note() in result.notes
    assert f"predicts with 8-bit integers ({kind})" in (result.folder / "report.html").read_text()
    assert emoclass.resume(result.folder).quantization == found
    one, *rest = sorted(photos.glob("*/*.png"))[:5]
    classifier = emoclass.load(result.folder)
    alone = [classifier.predict(path).scores for path in (one, *rest)]
    assert [each.scores for each in classifier.predict([one, *rest])] == alone
    assert result.model.output_shape == (None, len(labels.split(",")) if len(labels.split(",")) > 2 else 1)


@pytest.mark.parametrize("kind", ["dynamic", "int8"])
def test_a_quantized_file_that_answers_otherwise_is_not_kept(photos, tmp_path, monkeypatch, kind):
    monkeypatch.setitem(export.BOUNDS, kind, 0.0)
    result = run(photos, tmp_path, quantize=kind)
    assert result.quantization is None
    assert "quantization" not in manifest(result)["trained"]
    told = f"The bundle is not quantized ({kind}): expected probabilities that differ by at most 0"
    assert any(told in note for note in result.notes)
    plain = run(photos, tmp_path)
    np.testing.assert_array_equal(scores(result, photos), scores(plain, photos))


def mean_of_views(network):
    inputs = keras.Input(network.input_shape[1:])
    return keras.Model(inputs, (network(inputs) + network(keras.ops.flip(inputs, axis=2))) / 2)


class Averages(TinyPlugin):
    @hookimpl
    def register_models(self):
        return [ModelSpec(name="tiny", summary="T.", build=build_tiny, finish=mean_of_views, image_shape=(16, 16, 3))]


def test_a_model_that_does_not_end_in_a_softmax_is_refused_before_training(photos, tmp_path):
    found = Registry()
    found.register(builtins, PluginInfo("builtins", origin="emoclass"))
    found.register(Averages(), PluginInfo("tiny", origin="tests"))
    with pytest.raises(
        ConfigError, match=r"training.quantize: int8: expected a model that ends in a softmax, got 'tiny'"
    ):
        run(photos, tmp_path, found, quantize="int8")
    assert not list(tmp_path.iterdir())


def test_a_run_in_half_precision_has_files_of_half_the_size_whose_predictions_agree(photos, tmp_path):
    plain = run(photos, tmp_path)
    result = run(photos, tmp_path, quantize="float16")
    n_bytes = 4 * sum(each.size for each in plain.model.get_weights())
    for name in ("model.keras", "model.tflite"):
        whole, half = ((each.folder / "bundle" / name).stat().st_size for each in (plain, result))
        assert whole - half == pytest.approx(n_bytes / 2, rel=0.2)
    assert all(np.array_equal(each, each.astype(np.float16)) for each in result.model.get_weights())
    np.testing.assert_allclose(scores(result, photos), scores(plain, photos), atol=0.01)
