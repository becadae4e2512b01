"""`emoclass.run(start=...)`, as `emoclass run --from` calls it: from a trained model to another."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny import TinyPlugin, build_tiny, draw_photographs

import emoclass
from emoclass import ModelSpec, Recipe, Registry, hookimpl
from emoclass.errors import BundleError, ConfigError, ContractError, UnknownNameError
from emoclass.plugin import builtins
from emoclass.plugin.registry import PluginInfo
from emoclass.progress import Progress

STILL = {"training": {"optimizer": {"ref": "keras.optimizers:SGD", "options": {"learning_rate": 1e-12}}}}
"""Training that changes nothing, so that what a run starts from is what it ends with."""


class Brings(TinyPlugin):
    """The tiny plugin, once it brings a trained model and says how to go on from it."""

    def __init__(self, bundle):
        self.bundle = str(bundle)

    @hookimpl
    def register_models(self):
        pretrained = {"default": self.bundle}
        return [
            ModelSpec(name="tiny", summary="T.", build=build_tiny, image_shape=(16, 16, 3), pretrained=pretrained),
            ModelSpec(name="large", summary="L.", build=build_tiny, image_shape=(20, 20, 3)),
        ]

    @hookimpl
    def register_recipes(self):
        (recipe,) = super().register_recipes()
        return [Recipe(**{**dict(recipe), "fine_tuning": {"training": {"epochs": 1, "batch_size": 4}}})]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return draw_photographs(tmp_path_factory.mktemp("photos"), {"happy": 24, "sad": 24, "angry": 24})


def registry(plugin):
    found = Registry()
    found.register(builtins, PluginInfo("builtins", origin="emoclass"))
    found.register(plugin, PluginInfo("tiny", origin="tests"))
    return found


@pytest.fixture(scope="module")
def first(photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return emoclass.run("tiny", data=photos, out=out, registry=registry(TinyPlugin()), labels="happy,sad,angry")


def probabilities(result, photos):
    classifier = emoclass.load(result.folder)
    return np.array([list(each.scores.values()) for each in classifier.predict(sorted(photos.glob("*/00*.png")))])


def test_a_run_starts_from_what_the_plugin_brings_with_the_recipes_smaller_steps(first, photos, tmp_path):
    brings = registry(Brings(first.folder / "bundle"))
    result = emoclass.run(
        "tiny", data=photos, out=tmp_path, registry=brings, labels="happy,sad,angry", start="pretrained", config=STILL
    )
    np.testing.assert_allclose(probabilities(result, photos), probabilities(first, photos), atol=1e-5)
    assert (
        "The model was fine-tuned from a trained model (pretrained, trained on folder). It had seen none of the 9 test "
        "images, by the hashes of its training images." in result.notes
    )
    (found,) = emoclass.evaluate(result.folder, {"folder": photos}, metrics=["accuracy"], registry=brings)
    assert found.notes[0].startswith(
        "The bundle has hashes of the 63 images that the model was trained and validated on, and of those of the "
        "models that it learned from: images that match one count as seen"
    )
    assert not any("it is not known" in note for note in found.notes)
    file = result.folder / "bundle" / "manifest.json"
    document = json.loads(file.read_text())
    document["trained"]["hashes"]["complete"] = False  # as where the first model has no hashes
    file.write_text(json.dumps(document))
    (found,) = emoclass.evaluate(result.folder, {"folder": photos}, metrics=["accuracy"], registry=brings)
    assert any(
        "fine-tuned from another trained model (trained on folder): it is not known" in note for note in found.notes
    )
    assert [len(each) for each in result.history.values()] == [1] * len(result.history), "the recipe says one epoch"
    trained = json.loads((result.folder / "bundle" / "manifest.json").read_text())["trained"]
    assert (trained["start"], trained["start_trained_on"]) == ("pretrained", ["folder"])


def test_a_run_starts_from_another_run_for_fewer_emotions(first, photos, tmp_path):
    result = emoclass.run(
        "tiny", data=photos, out=tmp_path, registry=registry(TinyPlugin()), labels="angry,happy", start=first.folder,
        map={"sad": "ignore"}, config=STILL,
    )  # fmt: skip
    before = probabilities(first, photos)[:, [2, 0]]
    np.testing.assert_allclose(
        probabilities(result, photos), before / before.sum(axis=1, keepdims=True), atol=1e-5
    )  # fmt: skip
    assert f"start = '{first.folder}'" in (result.folder / "config.toml").read_text().replace('"', "'")


def test_a_run_takes_the_options_of_the_model_that_it_starts_from(photos, tmp_path):
    settings = {"data": photos, "registry": registry(TinyPlugin()), "labels": "happy,sad,angry", "epochs": 1}
    wider = {"model": {"options": {"width": 6}}}
    trained = emoclass.run("tiny", out=tmp_path / "trained", config=wider, **settings)
    result = emoclass.run("tiny", out=tmp_path / "runs", start=trained.folder, config=STILL, **settings)
    np.testing.assert_allclose(probabilities(result, photos), probabilities(trained, photos), atol=1e-5)
    assert "width = 6" in (result.folder / "config.toml").read_text()
    assert emoclass.load(result.folder).bundle.manifest.trained["options"] == {"width": 6}
    with pytest.raises(ContractError, match="its layer 'conv' is not in the trained model") as refused:
        emoclass.run(
            "tiny",
            out=tmp_path / "narrow",
            start=trained.folder,
            config={"model": {"options": {"width": 4}}},
            **settings,
        )
    assert refused.value.hint == (
        "[model.options] differ from those of the trained model: width = 4 (the trained model: 6). Leave them out."
    )
    assert not list((tmp_path / "narrow").iterdir()), "nothing is left behind"
    for options, told in (
        ({"width": -1}, "cannot be built with width = -1"),
        ({"wdth": 4}, "options do not fit: .*wdth"),
    ):
        with pytest.raises(
            ConfigError, match=rf"(?s){told}.*differ from those of the trained model: {next(iter(options))} ="
        ):
            emoclass.run(
                "tiny", out=tmp_path / "no", start=trained.folder, config={"model": {"options": options}}, **settings
            )


class Wide(TinyPlugin):
    """A plugin whose recipe has options."""

    @hookimpl
    def register_recipes(self):
        (recipe,) = super().register_recipes()
        config = {**recipe.config, "model": {"name": "tiny", "options": {"width": 6}}}
        return [Recipe(**{**dict(recipe), "config": config})]


def test_the_options_of_a_recipe_give_way_to_those_of_the_trained_model(first, photos, tmp_path):
    settings = {"data": photos, "registry": registry(Wide()), "labels": "happy,sad,angry", "epochs": 1}
    assert emoclass.load(first.folder).bundle.manifest.trained["options"] == {}
    narrow = emoclass.run("tiny", out=tmp_path / "a", start=first.folder, config=STILL, **settings)
    np.testing.assert_allclose(probabilities(narrow, photos), probabilities(first, photos), atol=1e-5)
    with pytest.raises(ContractError, match="'conv' is not in the trained model") as refused:
        emoclass.run(
            "tiny", out=tmp_path / "b", start=first.folder, config={"model": {"options": {"width": 6}}}, **settings
        )
    assert "width = 6 (the trained model: the default)" in refused.value.hint

    wide = emoclass.run("tiny", out=tmp_path / "c", **settings)
    file = wide.folder / "bundle" / "manifest.json"
    document = json.loads(file.read_text())
    assert document["trained"].pop("options") == {"width": 6}
    file.write_text(json.dumps(document))  # as earlier versions wrote it: the recipe says how it was built
    again = emoclass.run("tiny", out=tmp_path / "d", start=wide.folder / "bundle", config=STILL, **settings)
    np.testing.assert_allclose(probabilities(again, photos), probabilities(wide, photos), atol=1e-5)
    assert "width = 6" in (again.folder / "config.toml").read_text()


@pytest.mark.slow
def test_each_fold_takes_the_options_of_the_model_that_it_starts_from(photos, tmp_path):
    settings = {"data": photos, "registry": registry(TinyPlugin()), "labels": "happy,sad,angry", "epochs": 1}
    wider = {"model": {"options": {"width": 6}}}
    trained = emoclass.run("tiny", out=tmp_path / "trained", config=wider, **settings)
    study = emoclass.cross_validate("tiny", folds=2, out=tmp_path, start=trained.folder, config=STILL, **settings)
    assert "width = 6" in (study.folder / "fold-2" / "config.toml").read_text()


def on_sides(result, *sides):
    with (result.folder / "split.csv").open() as file:
        return {row["id"] for row in csv.DictReader(file) if row["split"] in sides}


def test_what_the_trained_model_had_seen_of_the_test_images_is_marked(first, photos, tmp_path):
    settings = {"data": photos, "registry": registry(TinyPlugin()), "labels": "happy,sad,angry", "seed": 1}
    result = emoclass.run("tiny", out=tmp_path / "runs", start=first.folder, config=STILL, **settings)
    seen = on_sides(result, "test") & on_sides(first, "train", "validation")
    assert 0 < len(seen) < 9
    assert result.n_leaked == len(seen)
    assert result.leak_adjusted["accuracy"].n_samples == 9 - len(seen)
    with (result.folder / "predictions.csv").open() as file:
        assert {row["id"] for row in csv.DictReader(file) if row["leaked"] == "1"} == seen
    assert any(f"It had seen {len(seen)} of the 9 test images, by the hashes" in note for note in result.notes)
    assert any("or of those of a model that this one learned from: metrics on" in note for note in result.notes)

    bundle = shutil.copytree(first.folder / "bundle", tmp_path / "bundle")
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["trained"]["hashes"]["complete"] = False  # as if the first model had learned from one without hashes
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    result = emoclass.run("tiny", out=tmp_path / "partial", start=bundle, config=STILL, **settings)
    assert result.n_leaked == len(seen)
    assert any(
        f"It had seen at least {len(seen)} of the 9 test images. It is not known whether that one had seen others"
        in note
        for note in result.notes
    )


class Interrupts(Progress):
    """Comes between after the first epoch's checkpoint."""

    def epoch(self, number, *args):
        if number == 2:
            raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_without_what_it_started_from(first, photos, tmp_path):
    shutil.copytree(first.folder, tmp_path / "first")
    plugins = registry(TinyPlugin())
    with pytest.raises(KeyboardInterrupt):
        emoclass.run(
            "tiny", data=photos, out=tmp_path / "runs", registry=plugins, labels="happy,sad,angry",
            start=tmp_path / "first", progress=Interrupts(),
        )  # fmt: skip
    shutil.rmtree(tmp_path / "first")
    (folder,) = (tmp_path / "runs").iterdir()
    assert len(emoclass.resume(folder, registry=plugins).history["loss"]) == 2


@pytest.mark.parametrize("start", ["tiny", "tiny:tiny:default"])
def test_a_run_starts_from_a_model_by_the_name_that_predict_takes(first, photos, tmp_path, monkeypatch, start):
    brings = registry(Brings(first.folder / "bundle"))
    settings = {"data": photos, "registry": brings, "labels": "happy,sad,angry"}
    with pytest.raises(KeyboardInterrupt):
        emoclass.run(
            "tiny", out=tmp_path / "runs", start=start, epochs=2, config=STILL, progress=Interrupts(), **settings
        )
    (folder,) = (tmp_path / "runs").iterdir()
    assert f'start = "{start}"' in (folder / "config.toml").read_text()
    (tmp_path / "elsewhere" / start).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = emoclass.resume(folder, registry=brings)
    np.testing.assert_allclose(probabilities(result, photos), probabilities(first, photos), atol=1e-5)
    note = f"The model was fine-tuned from a trained model ({start}, trained on folder). It had seen none of the 9 test"
    assert any(each.startswith(note) for each in result.notes)
    assert emoclass.load(folder).bundle.manifest.trained["start"] == start

    monkeypatch.chdir(tmp_path)
    again = emoclass.run(out=tmp_path / "again", registry=brings, config=folder / "config.toml")
    np.testing.assert_allclose(probabilities(again, photos), probabilities(first, photos), atol=1e-5)


@pytest.mark.slow
def test_each_fold_starts_from_a_model_by_name(first, photos, tmp_path):
    settings = {"data": photos, "registry": registry(Brings(first.folder / "bundle")), "labels": "happy,sad,angry"}
    study = emoclass.cross_validate("tiny", folds=2, out=tmp_path, start="tiny", config=STILL, **settings)
    for fold in ("fold-1", "fold-2"):
        assert emoclass.load(study.folder / fold).bundle.manifest.trained["start"] == "tiny"


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"start": "pretrained:small"}, UnknownNameError, "trained model of 'tiny': 'small'"),
        ({"start": "pretrained", "model": "large"}, BundleError, "model 'large': has no pretrained model to start"),
        ({"start": "no/where"}, BundleError, "model.start: model '.*/no/where': no such folder. Expected a bundle, a"),
        ({"start": Path("tiny")}, BundleError, "model.start: model '.*/tiny': no such folder"),
        (
            {"start": "tidy"},
            UnknownNameError,
            r"model.start: model 'tidy': there is no such folder, and plugin 'tidy': .* Did you mean 'tiny'\? "
            "Pretrained models: tiny:tiny.",
        ),
        ({"start": "tiny:tiny:small"}, UnknownNameError, "model.start: .* no such pretrained model. It has tiny:tiny."),
        ({"start": "builtins"}, BundleError, "model.start: plugin 'builtins': has no pretrained model"),
        ({"start": "pretrained:"}, UnknownNameError, "trained model of 'tiny': ''"),
    ],
)
def test_what_a_run_cannot_start_from_is_told_before_anything_is_written(
    first, photos, tmp_path, settings, error, message
):
    brings = registry(Brings(first.folder / "bundle"))
    with pytest.raises(error, match=message):
        emoclass.run("tiny", data=photos, out=tmp_path / "runs", registry=brings, labels="happy,sad,angry", **settings)
    assert not (tmp_path / "runs").exists()


def test_a_model_of_other_pictures_is_nothing_to_start_from(first, photos, tmp_path):
    brings = registry(Brings(first.folder / "bundle"))
    with pytest.raises(BundleError, match=r"expected images of \(20, 20, 3\), as model 'large' takes them"):
        emoclass.run("tiny", data=photos, out=tmp_path, registry=brings, model="large", start=str(first.folder))
