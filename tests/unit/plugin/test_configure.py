import pytest

from emoclass import DatasetSpec, MetricSpec, ModelSpec, Recipe, hookimpl
from emoclass.errors import ConfigError, DuplicateNameError, UnknownNameError
from emoclass.plugin.configure import configure, metric_specs
from emoclass.plugin.registry import PluginInfo
from emoclass.progress import Progress
from emoclass.workflows.run_steps import Work


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
