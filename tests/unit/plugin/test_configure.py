from pathlib import Path

import pytest

from emoclass import DatasetSpec, MetricSpec, ModelSpec, Recipe, Sample, hookimpl
from emoclass.errors import ConfigError, DataError, DuplicateNameError, UnknownNameError
from emoclass.plugin.configure import compose, configure, metric_specs
from emoclass.plugin.registry import PluginInfo
from emoclass.progress import Progress
from emoclass.values.config import CropConfig
from emoclass.workflows.work import Work


def configured(registry, file=None, **options):
    return configure(registry, file=file, options={"plugin": "tiny", **options})


def recipe(name, **config):
    return Recipe(name=name, summary="R.", config={"labels": ["happy", "sad"], "model": {"name": "tiny"}, **config})


def add(registry, name, *recipes, metrics=()):
    class Plugin:
        @hookimpl
        def register_recipes(self):
            return list(recipes)

        @hookimpl
        def register_metrics(self):
            return list(metrics)

    registry.register(Plugin(), PluginInfo(name, origin=name))
    return registry


def test_precedence_is_defaults_recipe_file_options(registry):
    config = configured(
        registry,
        {"training": {"epochs": 7, "batch_size": 4}, "seed": 5},
        training={"epochs": 9},
    )
    assert (config.training.epochs, config.training.batch_size, config.seed) == (9, 4, 5)
    assert config.training.augmentation[0].ref == "keras.layers:RandomFlip"
    assert config.training.keep == "last"


def test_a_folder_replaces_a_dataset_that_takes_none(registry, tmp_path):
    assert configured(registry).data.dataset == "synthetic-faces"
    assert configured(registry, data={"root": str(tmp_path)}).data.dataset == "folder"
    assert configured(registry, {"data": {"root": str(tmp_path)}}).data.dataset == "folder"
    said = configured(registry, data={"root": str(tmp_path), "dataset": "synthetic-faces"})
    assert said.data.dataset == "synthetic-faces"


def test_options_of_the_replaced_dataset_are_dropped(registry, tmp_path):
    add(registry, "p", recipe("p", data={"dataset": "synthetic-faces", "options": {"n_samples": 8}}))
    assert configure(registry, options={"plugin": "p"}).data.options == {"n_samples": 8}
    assert configure(registry, options={"plugin": "p", "data": {"root": str(tmp_path)}}).data.options == {}


def test_labels_given_as_options_keep_the_emotions_that_a_file_declares(registry):
    file = {"labels": {"emotions": ["happy", "sad"], "extra": {"bored": "dull"}}}
    assert configured(registry, file, labels="happy,bored").labels.emotions == ("happy", "bored")


@pytest.mark.parametrize(
    ("recipes", "options", "chosen"),
    [
        ([recipe("only")], {}, "only"),
        ([recipe("p"), recipe("other")], {}, "p"),
        ([recipe("p"), recipe("other")], {"recipe": "other"}, "other"),
    ],
)
def test_the_recipe_is_the_only_one_or_the_plugins_namesake_or_the_one_named(registry, recipes, options, chosen):
    add(registry, "p", *recipes)
    assert configure(registry, options={"plugin": "p", **options}).recipe == chosen


def test_what_is_not_there_is_named_with_what_is(registry):
    add(registry, "several", recipe("a"), recipe("b"))
    add(registry, "none")
    for options, error, message in [
        ({}, ConfigError, "No plugin given"),
        ({"plugin": "tinny"}, UnknownNameError, r"plugin 'tinny'.*Did you mean 'tiny'\?"),
        ({"plugin": "several"}, ConfigError, r"several recipes \(a, b\).*--recipe"),
        ({"plugin": "several", "recipe": "c"}, UnknownNameError, "recipe of plugin 'several': 'c'"),
        ({"plugin": "none"}, ConfigError, "has no recipe"),
        ({"plugin": "tiny", "model": {"name": "tin"}}, UnknownNameError, "model 'tin'.*Did you mean 'tiny"),
        ({"plugin": "tiny", "data": {"dataset": "foldr"}}, UnknownNameError, "dataset 'foldr'.*folder"),
        ({"plugin": "tiny", "evaluation": {"metrics": ["acc"]}}, UnknownNameError, "metric 'acc'"),
    ]:
        with pytest.raises(error, match=message):
            configure(registry, options=options)


def test_a_run_measures_the_built_in_metrics_and_its_plugins_own_but_not_a_strangers(registry):
    def metric(name):
        return MetricSpec(name=name, summary="M.", compute="x:y")

    add(registry, "p", recipe("p"), metrics=[metric("own")])
    add(registry, "stranger", metrics=[metric("foreign")])
    names = [spec.name for spec in metric_specs(registry, configure(registry, options={"plugin": "p"}))]
    assert "own" in names
    assert "balanced_accuracy" in names
    assert "foreign" not in names


def test_no_stranger_can_stop_a_run_by_offering_the_same_names(registry):
    def everything(owner):
        class Plugin:
            @hookimpl
            def register_datasets(self):
                return [DatasetSpec(name="d", summary=f"Of {owner}.", load="x:y", needs_root=False)]

            @hookimpl
            def register_models(self):
                return [ModelSpec(name="m", summary=f"Of {owner}.", build="x:y", image_shape=(8, 8, 3))]

            @hookimpl
            def register_metrics(self):
                return [MetricSpec(name="s", summary=f"Of {owner}.", compute="x:y")]

            @hookimpl
            def register_recipes(self):
                config = {"labels": ["happy", "sad"], "data": {"dataset": "d"}, "model": {"name": "m"}}
                return [Recipe(name=owner, summary="R.", config={**config, "evaluation": {"headline": ["s"]}})]

        registry.register(Plugin(), PluginInfo(owner, origin=owner))

    everything("stranger")
    everything("p")
    config = configure(registry, options={"plugin": "p", "data": {"root": "photos"}})
    assert config.data.dataset == "folder"  # its own dataset, which takes no folder, was asked
    config = configure(registry, options={"plugin": "p"})
    work = Work(config, registry, Progress())
    assert work.dataset.summary == work.model.summary == "Of p."
    assert [spec.summary for spec in work.metrics if spec.name == "s"] == ["Of p."]
    with pytest.raises(DuplicateNameError, match="model 'm': offered by stranger and by p"):
        configured(registry, model={"name": "m"})


def a_recipe_with_a_released_dataset(registry):
    def load(root, *, test="auto"):
        if not (root / "table.csv").exists():
            raise DataError("dataset 'released': expected table.csv.")
        return [Sample(id="1", path="1", emotion="happy")]

    class Plugin:
        @hookimpl
        def register_datasets(self):
            return [DatasetSpec(name="released", summary="A release.", load=load)]

        @hookimpl
        def register_models(self):
            return [ModelSpec(name="m", summary="M.", build="x:y", image_shape=(8, 8, 3))]

        @hookimpl
        def register_recipes(self):
            data = {"dataset": "released", "options": {"test": "public"}}
            config = {"labels": ["happy", "sad"], "data": data, "model": {"name": "m"}}
            return [Recipe(name="p", summary="R.", config=config)]

    registry.register(Plugin(), PluginInfo("p", origin="p"))


@pytest.mark.parametrize(
    ("inside", "dataset"),
    [
        (["happy", "sad"], "folder"),
        (["Happiness", "sadness", "others"], "folder"),
        (["happy", "sad", "table.csv"], "released"),
        (["train", "test"], "released"),
        (["happy"], "released"),
        ([], "released"),
    ],
)
def test_a_folder_of_classes_is_read_as_one_where_the_recipes_dataset_finds_nothing(
    registry, tmp_path, inside, dataset
):
    a_recipe_with_a_released_dataset(registry)
    for name in inside:
        (tmp_path / name).mkdir() if "." not in name else (tmp_path / name).write_text("")
    config = configure(registry, options={"plugin": "p", "data": {"root": str(tmp_path)}})
    assert config.data.dataset == dataset
    assert config.data.options == ({} if dataset == "folder" else {"test": "public"})
    named = configure(registry, options={"plugin": "p", "data": {"root": str(tmp_path), "dataset": "released"}})
    assert named.data.dataset == "released"


def test_a_folder_that_is_not_there_stays_what_it_was_called(registry, tmp_path):
    a_recipe_with_a_released_dataset(registry)
    config = configure(registry, options={"plugin": "p", "data": {"root": str(tmp_path / "none")}})
    assert config.data.dataset == "released"


@pytest.mark.parametrize(
    ("file", "argument", "expected"),
    [
        (None, None, None),
        (None, True, CropConfig()),
        (None, {"min_face": 30}, CropConfig(min_face=30)),
        ({}, None, CropConfig()),
        ({"min_face": 30}, True, CropConfig(min_face=30)),
        ({"min_face": 30}, {"largest": False}, CropConfig(min_face=30, largest=False)),
        ({"min_face": 30}, False, None),
        ({"detector": "a", "options": {"x": 1}}, {"detector": "b"}, CropConfig(detector="b")),
    ],
)
def test_cropping_is_set_by_the_file_and_the_argument(registry, tmp_path, file, argument, expected):
    a_recipe_with_a_released_dataset(registry)
    config = {"data": {} if file is None else {"crop": file}}
    assert compose(registry, "p", tmp_path, config=config, crop=argument).data.crop == expected


def test_a_table_replaces_a_dataset_that_cannot_read_it(registry, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n")
    assert configured(registry, data={"root": str(table)}).data.dataset == "table"
    assert configured(registry, data={"root": str(tmp_path / "gone.parquet")}).data.dataset == "table"
    said = configured(registry, data={"root": str(table), "dataset": "folder"})
    assert said.data.dataset == "folder"
    config = compose(registry, "tiny", "runs", data=table, data_options={"label": "mood"})
    assert (config.data.dataset, config.data.options) == ("table", {"label": "mood"})


def test_the_model_to_start_from_is_a_path_or_a_name(registry, tmp_path, monkeypatch):
    (tmp_path / "configs" / "beside").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)

    def started(start):
        return compose(registry, "tiny", "runs", start=start).model.start

    def started_by_file(start):
        file = tmp_path / "configs" / "mine.toml"
        file.write_text(f'plugin = "tiny"\n[model]\nstart = "{start}"\n')
        return compose(registry, None, "runs", config=file).model.start

    for name in ("faces", "faces:faces:fast", "pretrained", "pretrained:fast"):
        assert started(name) == started_by_file(name) == name
    assert started("here") == started(Path("here")) == str(tmp_path / "here")
    assert started("runs/mine") == str(tmp_path / "runs" / "mine")
    assert started(Path("faces")) == str(tmp_path / "faces")
    assert started_by_file("beside") == str(tmp_path / "configs" / "beside")
    assert started_by_file("runs/mine") == str(tmp_path / "configs" / "runs" / "mine")
