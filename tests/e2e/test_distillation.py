"""`[training.teacher]`: runs whose network learns from the predictions of trained models."""

import csv
import json
import shutil

import numpy as np
import pytest
from tiny import draw_photographs, tiny_registry

import emoclass
from emoclass.bundle.manifest import KERAS
from emoclass.errors import BundleError, ConfigError, OutputError, UnknownNameError
from emoclass.progress import Progress


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return draw_photographs(tmp_path_factory.mktemp("photos"), {"happy": 24, "sad": 24, "angry": 24})


@pytest.fixture(scope="module")
def mislabeled(photos, tmp_path_factory):
    """Return the same kind of photographs, whose folders say nothing of what they show."""
    root, drawn = tmp_path_factory.mktemp("mislabeled"), tmp_path_factory.mktemp("drawn")
    draw_photographs(drawn, {"happy": 36, "sad": 36, "angry": 36}, seed=1)
    for emotion in ("happy", "sad", "angry"):
        (root / emotion).mkdir()
        for number, path in enumerate(sorted(drawn.glob("*/*.png"))):
            if number % 3 == ("happy", "sad", "angry").index(emotion):
                shutil.copy(path, root / emotion / f"{number}.png")
    return root


def run(data, out, *, teacher=None, labels="happy,sad,angry", training=None, **settings):
    config = {"training": {**(training or {}), **({"teacher": teacher} if teacher else {})}}
    return emoclass.run(
        "tiny", data=data, out=out, registry=tiny_registry(), labels=labels, config=config, audit=False, **settings
    )


@pytest.fixture(scope="module")
def teacher(photos, tmp_path_factory):
    return run(photos, tmp_path_factory.mktemp("runs"), epochs=10)


def accuracy(result, photos, labels=None):
    classifier = emoclass.load(result.folder)
    paths = [path for path in sorted(photos.glob("*/*.png")) if path.parent.name in classifier.labels.emotions]
    return np.mean(
        [each.label == path.parent.name for each, path in zip(classifier.predict(paths), paths, strict=True)]
    )


def test_a_network_without_useful_labels_learns_from_its_teacher(teacher, photos, mislabeled, tmp_path):
    assert accuracy(teacher, photos) > 0.95
    taught = run(mislabeled, tmp_path, epochs=10, teacher={"bundles": [str(teacher.folder)], "share": 1})
    on_labels = run(mislabeled, tmp_path, epochs=10)
    assert accuracy(taught, photos) > 0.95
    assert accuracy(on_labels, photos) < 0.7


def test_two_emotions_with_all_that_a_training_can_have(teacher, photos, tmp_path):
    rich = {"precision": "mixed_bfloat16", "weight_averaging": 0.9, "mixup": 0.2, "class_weights": "balanced",
            "label_smoothing": 0.1, "keep": "best"}  # fmt: skip
    both = {"bundles": [str(teacher.folder), str(teacher.folder / "bundle")], "temperature": 3, "share": 0.7}
    result = run(photos, tmp_path, epochs=6, labels="sad,happy", map={"angry": "ignore"}, teacher=both, training=rich)
    assert accuracy(result, photos) > 0.9
    assert all(np.isfinite(each).all() for each in result.history.values())


def test_the_history_has_the_loss_on_the_labels_alone(teacher, photos, tmp_path):
    taught = run(photos, tmp_path, epochs=2, teacher={"bundles": [str(teacher.folder)], "share": 0.5})
    plain = run(photos, tmp_path, epochs=2)
    unheard = run(photos, tmp_path, epochs=2, teacher={"bundles": [str(teacher.folder)], "share": 0})
    np.testing.assert_allclose(unheard.history["label_loss"], plain.history["loss"], rtol=1e-4)
    np.testing.assert_allclose(taught.history["val_label_loss"], taught.history["val_loss"], rtol=1e-5)
    assert abs(np.subtract(taught.history["loss"], taught.history["label_loss"])).min() > 0.01
    assert not {"label_loss", "val_label_loss"} & {*plain.history}
    assert "label" not in (plain.folder / "history.csv").read_text()


def test_a_run_says_who_taught_it(teacher, photos, tmp_path):
    result = run(photos, tmp_path, epochs=1, teacher={"bundles": [str(teacher.folder)]})
    said = f"its teacher: {teacher.folder.name} (trained on folder). It is not known whether"
    assert any(said in note for note in result.notes)
    manifest = (result.folder / "bundle" / "manifest.json").read_text()
    assert str(teacher.folder) not in manifest, "no path of this machine"
    trained = json.loads(manifest)["trained"]
    digest = emoclass.load(teacher.folder).bundle.manifest.files[KERAS].sha256
    told = {"name": "tiny", "source": teacher.folder.name, "sha256": digest}
    assert trained["teacher"] == {"models": [told], "temperature": 2.0, "share": 0.9}
    assert emoclass.load(result.folder).bundle.manifest.trained_on == ("folder", "folder")
    environment = json.loads((result.folder / "environment.json").read_text())
    assert environment["digests"]["teacher"] == [digest]
    assert f"its teacher: {teacher.folder.name}" in (result.folder / "report.html").read_text()
    (found,) = emoclass.evaluate(result.folder, {"folder": photos}, metrics=["accuracy"], registry=tiny_registry())
    assert any("had for a teacher another trained model (trained on folder)" in note for note in found.notes)


@pytest.mark.slow
def test_what_a_teacher_had_seen_of_the_test_images_is_marked(photos, tmp_path):
    settings = {"data": photos, "registry": tiny_registry(), "labels": "happy,sad,angry", "epochs": 1}
    teachers = [emoclass.run("tiny", out=tmp_path / str(seed), seed=seed, **settings).folder for seed in (1, 2)]
    taught = {"training": {"teacher": {"bundles": list(map(str, teachers))}}}
    result = emoclass.run("tiny", out=tmp_path / "taught", config=taught, **settings)
    sides = [
        {row["id"]: row["split"] for row in csv.DictReader((folder / "split.csv").read_text().splitlines())}
        for folder in (result.folder, *teachers)
    ]
    seen = [each for each, side in sides[0].items() if side == "test" and any(row[each] != "test" for row in sides[1:])]
    assert 0 < result.n_leaked == len(seen)
    assert any(
        f"its teachers: {teachers[0].name} (trained on folder) and {teachers[1].name} (trained on folder). They had "
        f"seen {len(seen)} of the 9 test images, by the hashes of their training images." in note
        for note in result.notes
    )


def test_where_a_teacher_had_seen_all_test_images_nothing_is_adjusted(photos, tmp_path):
    settings = {"data": photos, "registry": tiny_registry(), "labels": "happy,sad,angry", "epochs": 1}
    few = {"data": {"test": 0.05}}
    teacher = emoclass.run("tiny", out=tmp_path / "teacher", seed=1, config=few, **settings).folder
    taught = {**few, "training": {"teacher": {"bundles": [str(teacher)]}}}
    result = emoclass.run("tiny", out=tmp_path / "taught", config=taught, **settings)
    assert result.n_leaked == result.n_samples["test"]
    assert result.leak_adjusted == {}
    told = f"All of the {result.n_leaked} test images are copies of training or validation images, or of those of"
    assert any(note.startswith(told) for note in result.notes)
    page = (result.folder / "report.html").read_text()
    assert "of training or validation images, or of those of a model that this one learned from. There are no" in page
    assert [note for note in result.notes if "leak-adjusted" in note] == []


class Interrupts(Progress):
    """Comes between after the first epoch's checkpoint."""

    def epoch(self, number, *args):
        if number == 2:
            raise KeyboardInterrupt


def interrupted(photos, out, teacher):
    with pytest.raises(KeyboardInterrupt):
        run(photos, out, epochs=4, teacher={"bundles": [str(teacher)]}, progress=Interrupts())
    (folder,) = out.iterdir()
    return folder


def test_an_interrupted_training_goes_on_as_if_nothing_had_happened(teacher, photos, tmp_path):
    folder = interrupted(photos, tmp_path / "broken", teacher.folder)
    assert (folder / "checkpoint.state").stat().st_size < 1.5 * (teacher.folder / "model.keras").stat().st_size * 3
    resumed = emoclass.resume(folder, registry=tiny_registry())
    whole = run(photos, tmp_path / "whole", epochs=4, teacher={"bundles": [str(teacher.folder)]})
    assert resumed.history["loss"] == whole.history["loss"]
    both = [each.model.get_weights() for each in (resumed, whole)]
    assert all(map(np.array_equal, *both))


def test_another_teacher_in_its_place_is_refused_when_a_run_goes_on(teacher, photos, tmp_path):
    shutil.copytree(teacher.folder / "bundle", tmp_path / "teacher")
    folder = interrupted(photos, tmp_path / "runs", tmp_path / "teacher")
    other = run(photos, tmp_path / "other", epochs=1)
    shutil.rmtree(tmp_path / "teacher")
    with pytest.raises(BundleError, match=r"training.teacher: .*teacher: .*no such folder"):
        emoclass.resume(folder, registry=tiny_registry())
    shutil.copytree(other.folder / "bundle", tmp_path / "teacher")
    with pytest.raises(OutputError, match=r"training.teacher: the teacher is another model than when .* restore the"):
        emoclass.resume(folder, registry=tiny_registry())
    shutil.rmtree(tmp_path / "teacher")
    shutil.copytree(teacher.folder / "bundle", tmp_path / "teacher")
    assert len(emoclass.resume(folder, registry=tiny_registry()).history["loss"]) == 4


def test_the_folds_of_a_study_have_the_same_teacher(teacher, photos, tmp_path):
    config = {"training": {"teacher": {"bundles": [str(teacher.folder)], "share": 1.0}}}
    study = emoclass.cross_validate(
        "tiny", folds=2, data=photos, out=tmp_path, registry=tiny_registry(), labels="happy,sad,angry", epochs=6,
        config=config, audit=False,
    )  # fmt: skip
    assert study.pooled["accuracy"].value > 0.8


def only_litert(bundle, out):
    """Return a copy of a bundle without its Keras file."""
    shutil.copytree(bundle, out)
    (out / KERAS).unlink()
    manifest = json.loads((out / "manifest.json").read_text())
    del manifest["files"][KERAS]
    (out / "manifest.json").write_text(json.dumps(manifest))
    return out


@pytest.mark.parametrize(
    ("bundles", "error", "message"),
    [
        (["{tmp}/nowhere"], BundleError, "training.teacher: .*nowhere: .*no such folder"),
        (["nobody"], UnknownNameError, "training.teacher: nobody: .*nobody"),
        (["pretrained:fast"], ConfigError, "training.teacher: pretrained:fast: expected a run, a bundle, or"),
        (["tiny"], BundleError, "training.teacher: tiny: plugin 'tiny': has no pretrained model"),
        (["{tmp}/litert"], BundleError, r"training.teacher: .*litert: .*has no model.keras"),
        (
            ["{two}"],
            ConfigError,
            "knows the emotions of the run, happy, sad, angry; this one knows happy, sad, not angry",
        ),
        ([], ConfigError, "training.teacher.bundles"),
        ([""], ConfigError, "training.teacher.bundles.0: expected text of 1 or more characters, got ''"),
        ([3], ConfigError, "training.teacher.bundles.0: expected text, got 3"),
    ],
)
def test_what_cannot_teach_is_told_before_anything_is_written(
    teacher, bundle, photos, tmp_path, bundles, error, message
):
    only_litert(teacher.folder / "bundle", tmp_path / "litert")
    named = [each.format(tmp=tmp_path, two=bundle) if isinstance(each, str) else each for each in bundles]
    with pytest.raises(error, match=message):
        run(photos, tmp_path / "runs", teacher={"bundles": named})
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("value", [{"share": 1.5}, {"share": -0.1}, {"temperature": 0}, {"alpha": 1}])
def test_settings_out_of_range_are_refused(teacher, photos, tmp_path, value):
    with pytest.raises(ConfigError, match=rf"training.teacher.{next(iter(value))}"):
        run(photos, tmp_path, teacher={"bundles": [str(teacher.folder)], **value})


def test_a_relative_path_is_written_so_that_it_is_found_from_anywhere(teacher, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(teacher.folder.parent)
    result = run(photos, tmp_path, epochs=1, teacher={"bundles": [teacher.folder.name]})
    assert str(teacher.folder) in (result.folder / "config.toml").read_text()
