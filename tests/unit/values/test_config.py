import tomllib
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticUndefined

from emoclass.errors import ConfigError
from emoclass.plugin.config_file import read_file
from emoclass.plugin.configure import merge
from emoclass.values import config as config_module
from emoclass.values.config import RunConfig, TrainingConfig, validate

SMALLEST = {"plugin": "p", "recipe": "r", "labels": ["happy", "sad"], "model": {"name": "m"}}


def test_the_smallest_configuration_has_the_documented_defaults():
    config = validate(SMALLEST)
    assert (config.training.epochs, config.training.batch_size, config.training.keep) == (20, 32, "last")
    assert (config.data.validation, config.data.test, config.data.dataset) == (0.125, 0.125, "synthetic-faces")


def test_toml_brings_an_equal_configuration_back(tmp_path):
    config = validate(
        merge(
            SMALLEST,
            {
                "labels": {"emotions": ["happy", "bored"], "extra": {"bored": "dull"}},
                "data": {"dataset": "folder", "root": str(tmp_path), "map": {"smile": "happy"}},
                "training": {
                    "class_weights": {"happy": 1.0, "bored": 2.5},
                    "callbacks": [{"ref": "keras.callbacks:EarlyStopping", "options": {"patience": 3}}],
                    "schedule": {"ref": "keras.optimizers.schedules:CosineDecay"},
                },
            },
        )
    )
    assert RunConfig.model_validate(tomllib.loads(config.to_toml())) == config


def test_the_digest_is_of_the_experiment_not_of_the_machine():
    config = validate(SMALLEST)
    assert validate({**SMALLEST, "runtime": {"threads": 1}}).digest() == config.digest()
    assert validate({**SMALLEST, "seed": 1}).digest() != config.digest()


def test_a_setting_that_a_later_version_adds_does_not_change_the_digest_of_an_old_experiment():
    class LaterTraining(TrainingConfig):
        warp: float = 0.0

    class LaterRun(RunConfig):
        training: LaterTraining = LaterTraining()
        study: dict[str, int] = {}  # noqa: RUF012

    for settings in ({}, {"training": {"epochs": 3}}):
        experiment = {**SMALLEST, **settings}
        assert LaterRun.model_validate(experiment).digest() == validate(experiment).digest()
    warped = LaterRun.model_validate({**SMALLEST, "training": {"warp": 0.5}})
    assert warped.digest() != validate(SMALLEST).digest()


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"training": {"epoch": 3}}, "unknown key 'training.epoch'; did you mean 'epochs'"),
        ({"sead": 3}, "unknown key 'sead'; did you mean 'seed'"),
        ({"training": {"callbacks": [{"ref": "a:b", "option": {}}]}}, "did you mean 'options'"),
        ({"training": {"optimizer": {"ref": "adam"}}}, "expected 'package.module:attribute', got 'adam'"),
        ({"training": {"epochs": 0}}, "training.epochs: expected at least 1, got 0."),
        (
            {"training": {"teacher": {"bundles": [""]}}},
            "my.toml: training.teacher.bundles.0: expected text of 1 or more characters, got ''\\.$",
        ),
        (
            {"training": {"teacher": {"bundles": []}}},
            "training.teacher.bundles: expected 1 or more entries, got \\[\\]",
        ),
        ({"training": {"epochs": "many"}}, "training.epochs: expected a whole number, got 'many'."),
        ({"training": {"epochs": 1.5}}, "training.epochs: expected a whole number, got 1.5."),
        ({"training": {"precision": "half"}}, "expected 'float32' or 'mixed_bfloat16', got 'half'."),
        ({"training": 3}, "training: expected a table, got 3."),
        ({"data": {"crop": {"min_detection": 2}}}, "data.crop.min_detection: expected at most 1, got 2."),
        ({"model": {}}, "'model.name' is required"),
        ({"data": {"validation": 0.5, "test": 0.5}}, "expected less than 1, got 1"),
        ({"data": {"map": {"smile": "hapy"}}}, "'smile' is mapped to 'hapy', which is no known emotion; did you mean"),
        ({"training": {"class_weights": {"happy": 1}}}, "a weight for each of happy, sad, got happy"),
        ({"labels": ["happy", "sadd"]}, "Did you mean 'sad'"),
        ({"labels": {"emotions": ["happy", "sad"], "order": 1}}, "unknown key 'labels.order'"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_wrong_setting_says_what_is_right(tree, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")) as caught:
        validate({**SMALLEST, **tree}, source="my.toml")
    assert str(caught.value).startswith("my.toml: ")
    assert not caught.value.message.endswith(("?.", ".."))
    assert "Input should" not in caught.value.message
    assert caught.value.exit_code == 2


def test_layers_win_key_by_key():
    merged = merge({"a": {"x": 1, "y": 1}, "b": 1}, {"a": {"y": 2}}, {"b": 3})
    assert merged == {"a": {"x": 1, "y": 2}, "b": 3}


@pytest.mark.parametrize("key", ["name", "ref", "dataset"])
def test_options_go_with_what_they_were_written_for(key):
    lower = {"t": {key: "a", "options": {"n": 1}}}
    assert merge(lower, {"t": {key: "b"}}) == {"t": {key: "b"}}
    assert merge(lower, {"t": {key: "b", "options": {"m": 2}}}) == {"t": {key: "b", "options": {"m": 2}}}
    assert merge(lower, {"t": {key: "a", "options": {"m": 2}}}) == {"t": {key: "a", "options": {"n": 1, "m": 2}}}


def test_merging_leaves_the_layers_as_they_were():
    lower = {"a": {"x": 1}}
    merge(lower, {"a": {"x": 2}})["a"]["x"] = 3
    assert lower == {"a": {"x": 1}}


def test_paths_in_a_config_file_are_relative_to_it(tmp_path):
    (tmp_path / "c.toml").write_text('plugin = "./mine.py"\n[data]\nroot = "photos"\n')
    tree = read_file(tmp_path / "c.toml")
    assert tree == {"plugin": str(tmp_path / "mine.py"), "data": {"root": str(tmp_path / "photos")}}


def test_a_config_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(ConfigError, match=r"absent.toml: cannot be read \(No such file"):
        read_file(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("epochs = = 3")
    with pytest.raises(ConfigError, match="not valid TOML"):
        read_file(tmp_path / "bad.toml")


def test_a_config_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "c.toml").write_text("seed = 3\n", encoding="utf-8-sig")
    assert read_file(tmp_path / "c.toml") == {"seed": 3}
    (tmp_path / "c.toml").write_text("seed = 3\n", encoding="utf-16")
    with pytest.raises(ConfigError, match=r"expected UTF-8 text \(.*\)\. Save it as UTF-8\."):
        read_file(tmp_path / "c.toml")


@pytest.mark.parametrize(
    "line",
    [
        r'root = "C:\Users\anna\photos"',
        r'root = "D:\photos"',
        r'root = "C:\temp\new"',  # valid TOML: a tab and a line break
        r'exclude = "C:\temp\list.txt"',
    ],
)
def test_backslashes_in_double_quotes_are_explained(tmp_path, line):
    (tmp_path / "c.toml").write_text(f"seed = 3\n[data]\n{line}\n")
    with pytest.raises(ConfigError, match=r"Write Windows paths in single quotes, as in 'C:\\photos'\."):
        read_file(tmp_path / "c.toml")
    (tmp_path / "c.toml").write_text("[data]\n" + line.replace('"', "'"))
    assert read_file(tmp_path / "c.toml")["data"]
    (tmp_path / "c.toml").write_text("seed = = 3\n")
    with pytest.raises(ConfigError) as caught:
        read_file(tmp_path / "c.toml")
    assert caught.value.hint is None


@pytest.mark.parametrize(
    ("options", "n_images", "said"),
    [
        ({"warmup_steps": 404}, 375, "never reaches its peak: its schedule warms up for 404 steps, and the training "
         "has only 180 steps (60 epochs of 375 images)"),
        ({"warmup_steps": 404}, 25_838, None),
        ({"decay_steps": 1000}, 375, "does not fall as planned: its schedule decays over 1,000 steps"),
        ({"decay_steps": 300}, 375, None),
        ({}, 1, None),
    ],
)  # fmt: skip
def test_a_schedule_that_cannot_do_its_work_is_told(options, n_images, said):
    schedule = {"ref": "keras.optimizers.schedules:CosineDecay", "options": options}
    note = TrainingConfig(epochs=60, batch_size=128, schedule=schedule).schedule_note(n_images)
    assert note is None if said is None else said in note


def test_a_warmup_needs_a_schedule_and_leaves_the_digests_of_older_configurations_alone():
    with pytest.raises(ConfigError, match=r"warmup: expected a schedule to warm up, got none"):
        validate({**SMALLEST, "training": {"warmup": 0.1}})
    assert validate({**SMALLEST, "training": {"warmup": 0.0}}).digest() == validate(SMALLEST).digest()


def test_cropping_is_part_of_the_digest_and_its_absence_is_none():
    plain = validate(SMALLEST)
    assert plain.data.crop is None and "crop" not in plain.to_toml()
    default, larger = (validate({**SMALLEST, "data": {"crop": crop}}) for crop in ({}, {"min_face": 40}))
    assert len({plain.digest(), default.digest(), larger.digest()}) == 3
    for config in (default, larger):
        assert RunConfig.model_validate(tomllib.loads(config.to_toml())) == config
    # Of the version before this setting.
    assert plain.digest() == "7793f027c78678d38c4e55398f2624a0be4956a8eedbd9fbde13fc2b1ffa42a1"


@pytest.mark.parametrize("crop", [{"min_face": -1}, {"min_detection": 2}, {"max_faces": 0}, {"smallest": True}])
def test_wrong_settings_of_cropping_are_refused(crop):
    with pytest.raises(ConfigError, match="crop"):
        validate({**SMALLEST, "data": {"crop": crop}})


def _defaults(model, prefix=""):
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel) and name != "runtime" and not prefix:
            yield from _defaults(type(field.default), f"{name}.")
        elif field.default is not PydanticUndefined:
            yield f"{prefix}{name}", TypeAdapter(Any).dump_python(field.default, mode="json")


def test_the_defaults_are_those_that_digests_leave_out():
    """Whoever changes a default writes the old one into `FIRST_DEFAULTS`; this list stays, and gets new settings."""
    first = {
        **{name: value for name, value in _defaults(RunConfig) if name != "runtime"},
        **config_module.FIRST_DEFAULTS,
    }
    adam = {"ref": "keras.optimizers:Adam", "options": {}}
    expected = {
        "seed": 0,
        "data.dataset": "synthetic-faces",
        "data.validation": 0.125,
        "data.test": 0.125,
        "data.audit": True,
        "data.hashes": True,
        "training.epochs": 20,
        "training.batch_size": 32,
        "training.optimizer": adam,
        "training.warmup": 0.0,
        "training.augmentation": [],
        "training.callbacks": [],
        "training.targets": "label",
        "training.label_smoothing": 0.0,
        "training.mixup": 0.0,
        "training.weight_averaging": 0.0,
        "training.precision": "float32",
        "training.keep": "last",
        "evaluation.headline": ["accuracy", "precision", "recall"],
        "evaluation.metrics": [],
        "evaluation.resamples": 1000,
    }
    assert {name: value for name, value in first.items() if value is not None} == expected


@pytest.mark.parametrize(
    "said", [{}, {"epochs": 20}, {"epochs": 30}, {"batch_size": 8}, {"epochs": 7, "batch_size": 8}]
)
def test_a_default_that_a_later_version_changes_leaves_the_digests_of_older_runs_alone(said, monkeypatch):
    old = validate({**SMALLEST, "training": said})
    written = tomllib.loads(old.to_toml())

    class LaterTraining(TrainingConfig):
        epochs: int = 30

    class LaterRun(RunConfig):
        training: LaterTraining = LaterTraining()

    if not said:
        assert LaterRun.model_validate(written).digest() != old.digest(), "that is what the table is for"
    monkeypatch.setattr(config_module, "FIRST_DEFAULTS", {"training.epochs": 20})
    assert LaterRun.model_validate(written).digest() == old.digest()
    later = LaterRun.model_validate(SMALLEST)  # with the new default
    assert later.digest() == validate({**SMALLEST, "training": {"epochs": 30}}).digest()
    assert later.digest() != validate(SMALLEST).digest()
