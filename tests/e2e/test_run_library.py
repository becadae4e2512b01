"""`emoclass.run` from photographs to report, in one process."""

import csv
import json
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from tiny import draw_photographs, tiny_registry

import emoclass
from emoclass import MetricSpec, ModelSpec, hookimpl
from emoclass.errors import BundleError, ConfigError, ContractError, DataError, OutputError
from emoclass.plugin.configure import compose
from emoclass.plugin.registry import PluginInfo
from emoclass.progress import Progress
from emoclass.values.config import EvaluationConfig
from emoclass.workflows.run import run_config

FILES = {
    "config.toml", "split.csv", "history.csv", "metrics.json", "predictions.csv", "model.keras", "plots",
    "environment.json", "skipped.csv", "report.html", "bundle",
    "audit.json", "audit.html",
}  # fmt: skip


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = draw_photographs(tmp_path_factory.mktemp("photos"), {"happiness": 24, "sad": 16})
    (root / "sad" / "empty.jpg").touch()
    (root / "sad" / "notes.txt").write_text("not a picture")
    draw_photographs(root, {"angry": 3})
    return root


@pytest.fixture(scope="module")
def finished(photos, tmp_path_factory):
    return emoclass.run("tiny", data=photos, out=tmp_path_factory.mktemp("runs"), registry=tiny_registry())


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_finished_run_leaves_what_it_promises_and_nothing_else(finished):
    assert {path.name for path in finished.folder.iterdir()} == FILES
    assert {path.suffix for path in (finished.folder / "plots").iterdir()} == {".png"}
    for path in (finished.folder / "plots").iterdir():
        assert np.asarray(Image.open(path).convert("L")).std() > 5, f"{path.name} shows nothing"


def test_the_split_is_written_and_its_sizes_are_those_reported(finished):
    split = rows(finished.folder / "split.csv")
    assert finished.n_samples == {"train": 30, "validation": 5, "test": 5}
    assert len(split) == len({row["id"] for row in split}) == 40
    assert {row["emotion"]: row["label"] for row in split} == {"happy": "0", "sad": "1"}
    for side, count in finished.n_samples.items():
        assert sum(row["split"] == side for row in split) == count


def test_files_that_cannot_be_read_are_listed_and_other_emotions_counted(finished):
    assert {row["path"]: row["reason"] for row in rows(finished.folder / "skipped.csv")} == {
        "sad/empty.jpg": "empty file",
        "sad/notes.txt": "not an image (supported: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC)",
    }
    assert finished.left_out == {"angry": 3}
    assert any("angry 3" in note for note in finished.notes)
    assert any("2 files" in note for note in finished.notes)


def test_predictions_are_those_of_the_saved_model_on_the_test_split(finished):
    from emoclass.data.images import read_image

    predictions = rows(finished.folder / "predictions.csv")
    test_paths = {row["path"] for row in rows(finished.folder / "split.csv") if row["split"] == "test"}
    assert {row["path"] for row in predictions} == test_paths
    root = tomllib.loads((finished.folder / "config.toml").read_text())["data"]["root"]
    for row in predictions:
        x = read_image(Path(root, row["path"]).read_bytes(), (16, 16, 3))[np.newaxis] / 255.0
        assert finished.model.predict_on_batch(x).item() == pytest.approx(float(row["score_sad"]), abs=1e-5)
        assert row["y_pred"] == ("sad" if float(row["score_sad"]) >= 0.5 else "happy")
        assert row["correct"] == str(int(row["y_true"] == row["y_pred"]))


def test_the_bundle_says_of_each_file_what_the_run_said(finished):
    """One decoder, and one network: what is served is what was measured."""
    classifier = emoclass.load(finished.folder)
    root = Path(tomllib.loads((finished.folder / "config.toml").read_text())["data"]["root"])
    predictions = rows(finished.folder / "predictions.csv")
    for row, said in zip(predictions, classifier.predict([root / row["path"] for row in predictions]), strict=True):
        assert said.label == row["y_pred"]
        assert said.scores["sad"] == pytest.approx(float(row["score_sad"]), abs=1e-4)
    manifest = classifier.bundle.manifest
    assert ("leaked" in manifest.trained) == bool(finished.n_leaked)
    assert manifest.trained["n_samples"] == finished.n_samples
    epochs = len(finished.history["loss"])
    config = tomllib.loads((finished.folder / "config.toml").read_text())["training"]
    assert [manifest.trained[each] for each in ("epochs", "batch_size")] == [epochs, config["batch_size"]]
    assert "ai-edge-litert" in manifest.versions
    assert manifest.measured["accuracy"]["value"] == finished.metrics["accuracy"].value
    assert (finished.folder / "bundle" / "model.keras").samefile(finished.folder / "model.keras")


def build_of_other_operations(*, labels, image_shape, seed):
    import keras

    rows = keras.layers.Reshape((image_shape[0], -1), name="rows")
    recurrent = keras.layers.GRU(2, name="recurrent")  # LiteRT cannot run it at any batch size
    head = keras.layers.Dense(labels.units, activation=labels.head, name="dense")
    return keras.Sequential([keras.Input(image_shape), rows, recurrent, head], name="other")


def test_a_network_that_cannot_be_exported_is_kept_and_the_run_says_so(photos, tmp_path):
    class Other:
        @hookimpl
        def register_models(self):
            model = {"build": build_of_other_operations, "image_shape": (16, 16, 3)}
            return [ModelSpec(name="other", summary="A recurrent network.", **model)]

    registry = tiny_registry()
    registry.register(Other(), PluginInfo("other", origin="tests"))
    result = emoclass.run("tiny", model="other", data=photos, epochs=1, out=tmp_path, registry=registry)
    (note,) = [note for note in result.notes if "bundle" in note]
    assert note.startswith(
        "The bundle cannot predict without Keras: model 'other': expected operations that LiteRT runs"
    )
    files = {path.name for path in (result.folder / "bundle").iterdir()}
    assert files == {"manifest.json", "model.keras", "training_images.bin"}
    with pytest.raises(BundleError, match=r"has no model\.tflite, only model\.keras"):
        emoclass.load(result.folder)


def test_accuracy_is_that_of_the_predictions_with_its_interval(finished):
    predictions = rows(finished.folder / "predictions.csv")
    accuracy = finished.metrics["accuracy"]
    assert accuracy.value == pytest.approx(np.mean([int(row["correct"]) for row in predictions]))
    assert accuracy.n_samples == len(predictions) == 5
    assert accuracy.ci_low <= accuracy.value <= accuracy.ci_high
    assert accuracy.ci_high - accuracy.ci_low > 0.3


def test_history_has_a_row_an_epoch(finished):
    history = rows(finished.folder / "history.csv")
    assert list(history[0])[:3] == ["epoch", "seconds", "loss"]
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert finished.history["loss"] == tuple(float(row["loss"]) for row in history)


def test_metrics_json_is_the_result(finished):
    document = json.loads((finished.folder / "metrics.json").read_text())
    assert document == json.loads(json.dumps(finished.to_json()))
    assert document["metrics"]["accuracy"]["n_samples"] == 5


def test_resuming_a_finished_run_returns_its_result(finished):
    again = emoclass.resume(finished.folder)
    assert again == finished


def test_the_environment_names_versions_and_digests(finished):
    import keras

    environment = json.loads((finished.folder / "environment.json").read_text())
    assert environment["versions"]["keras"] == keras.__version__
    assert environment["seed"] == 0
    assert {len(digest) for digest in environment["digests"].values()} == {64}


def test_config_toml_reruns_the_same_split_and_metrics(finished, registry, tmp_path):
    again = emoclass.run(config=finished.folder / "config.toml", out=tmp_path, registry=registry)
    assert (again.folder / "split.csv").read_bytes() == (finished.folder / "split.csv").read_bytes()
    assert (again.folder / "predictions.csv").read_bytes() == (finished.folder / "predictions.csv").read_bytes()
    assert again.metrics == finished.metrics


class Interrupt(Progress):
    def __init__(self, at):
        self.at = at
        self.trained = []

    def epoch(self, epoch, epochs, logs, seconds):
        self.trained.append(epoch)
        if self.at == epoch:
            raise KeyboardInterrupt

    def stage(self, title):
        if self.at == title:
            raise KeyboardInterrupt


def test_a_run_that_is_interrupted_again_and_again_looks_unfinished_and_resumes_to_the_same_end(
    finished, registry, photos, tmp_path
):
    folder, before = None, b""
    for at, trained in {"training": [], 1: [1], 2: [1, 2], "evaluation": [2], "report": []}.items():
        progress = Interrupt(at)
        with pytest.raises(KeyboardInterrupt):
            if folder is None:
                emoclass.run("tiny", data=photos, out=tmp_path, registry=registry, progress=progress)
            else:
                emoclass.resume(folder, registry=registry, progress=progress)
        folder = progress.folder
        assert progress.trained == trained, "an epoch counts once its checkpoint is written"
        left = {path.name for path in folder.iterdir()}
        assert "INCOMPLETE" in left
        assert not left & {"metrics.json", "report.html", "pixels.cache"}
        history = (folder / "history.csv").read_bytes() if "history.csv" in left else b""
        assert history.startswith(before)
        before = history
    resumed = emoclass.resume(folder, registry=registry)
    assert (folder / "history.csv").read_bytes() == before
    assert {path.name for path in folder.iterdir()} == FILES
    assert resumed.metrics == finished.metrics
    assert resumed.history["loss"] == finished.history["loss"]
    for a, b in zip(resumed.model.get_weights(), finished.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_half_written_row_of_a_killed_run_is_mended(finished, registry, photos, tmp_path):
    progress = Interrupt(2)
    with pytest.raises(KeyboardInterrupt):
        emoclass.run("tiny", data=photos, out=tmp_path, registry=registry, progress=progress)
    history = progress.folder / "history.csv"
    lines = history.read_bytes().splitlines(keepends=True)
    history.write_bytes(b"".join(lines[:2]) + lines[2][:9])
    resumed = emoclass.resume(progress.folder, registry=registry)
    assert history.read_bytes().startswith(b"".join(lines[:2]))
    assert resumed.history["loss"] == finished.history["loss"]


def test_a_run_does_not_resume_on_other_data(registry, tmp_path):
    root = draw_photographs(tmp_path / "photos", {"happy": 8, "sad": 8})
    progress = Interrupt(1)
    with pytest.raises(KeyboardInterrupt):
        emoclass.run("tiny", data=root, out=tmp_path / "runs", registry=registry, progress=progress)
    Image.new("RGB", (9, 9)).save(root / "happy" / "000.png")
    with pytest.raises(OutputError, match="have changed since the run was started"):
        emoclass.resume(progress.folder, registry=registry)
    (root / "happy" / "000.png").unlink()
    with pytest.raises(OutputError, match="have changed since the run was started"):
        emoclass.resume(progress.folder, registry=registry)


def test_five_emotions_train_a_softmax_on_drawn_faces(registry, tmp_path):
    result = emoclass.run(
        "tiny",
        labels="happy,sad,angry,scared,surprised",
        epochs=1,
        class_weights="balanced",
        config={"data": {"options": {"n_samples": 40}}, "evaluation": {"resamples": 100}},
        out=tmp_path,
        registry=registry,
    )
    assert result.model.output_shape == (None, 5)
    assert len(result.metrics["confusion_matrix"].matrix) == 5
    assert result.n_samples == {"train": 30, "validation": 5, "test": 5}
    assert any("synthetic faces" in note for note in result.notes)
    assert "synthetic faces" in (result.folder / "report.html").read_text()


def test_the_default_number_of_resamples_narrows_or_widens_intervals_and_changes_no_value(
    finished, registry, photos, tmp_path
):
    config = {"evaluation": {"resamples": 1000}}
    many = emoclass.run("tiny", data=photos, out=tmp_path, registry=registry, config=config)
    assert EvaluationConfig().resamples == 1000
    values = [{name: value.value for name, value in each.metrics.items()} for each in (many, finished)]
    assert values[0] == values[1]
    assert many.metrics != finished.metrics


def test_a_small_cache_budget_gives_the_same_numbers_and_leaves_no_file(finished, registry, photos, tmp_path):
    small = emoclass.run("tiny", data=photos, out=tmp_path, registry=registry, config={"runtime": {"cache_mib": 0}})
    assert small.metrics == finished.metrics
    assert {path.name for path in small.folder.iterdir()} == FILES


def test_official_splits_are_kept_and_a_missing_validation_set_is_drawn_and_told(registry, tmp_path):
    root = tmp_path / "photos"
    draw_photographs(root / "train", {"happy": 14, "sad": 14})
    draw_photographs(root / "test", {"happy": 5, "sad": 5}, seed=1)
    result = emoclass.run("tiny", data=root, epochs=1, out=tmp_path / "runs", registry=registry)
    assert result.n_samples == {"train": 25, "validation": 3, "test": 10}
    assert any("no validation set: 3 images were sampled from its 28 training images" in note for note in result.notes)


@pytest.fixture
def leaking(tmp_path):
    """Official splits; the training set holds a copy of one test image, and another one mirrored."""
    root = tmp_path / "photos"
    draw_photographs(root / "train", {"happy": 14, "sad": 14})
    draw_photographs(root / "test", {"happy": 5, "sad": 5}, seed=1)
    first, second = sorted((root / "test" / "happy").iterdir())[:2]
    shutil.copy(first, root / "train" / "happy" / f"copy{first.suffix}")
    with Image.open(second) as picture:
        ImageOps.mirror(picture.convert("RGB")).save(root / "train" / "happy" / "mirrored.png")
    return root, {f"test/happy/{path.name}" for path in (first, second)}


def test_figures_are_told_without_the_test_images_that_training_has_seen(leaking, registry, tmp_path):
    root, copied = leaking
    result = emoclass.run("tiny", data=root, epochs=1, out=tmp_path / "runs", registry=registry)
    assert result.n_leaked == 2
    predictions = rows(result.folder / "predictions.csv")
    assert {row["path"] for row in predictions if row["leaked"] == "1"} == copied
    assert {row["leaked"] for row in predictions} == {"0", "1"}
    right = [row["correct"] == "1" for row in predictions if row["leaked"] == "0"]
    adjusted = result.leak_adjusted["accuracy"]
    assert (adjusted.value, adjusted.n_samples) == (sum(right) / 8, 8)
    assert (adjusted.ci_low, adjusted.ci_high) != (None, None)
    assert result.metrics["accuracy"].n_samples == 10
    assert any(note.startswith("2 of the 10 test images are copies of training") for note in result.notes)
    assert emoclass.resume(result.folder, registry=registry) == result
    assert "Without copies:" in (result.folder / "report.html").read_text()


def test_a_run_may_leave_out_what_an_audit_lists(leaking, registry, tmp_path):
    root, _ = leaking
    listed = tmp_path / "exclude.txt"
    listed.write_text("# copies\ntrain/happy/mirrored.png\n./train/happy/copy.jpg\ntrain/happy/copy.png\n")
    config = {"data": {"exclude": str(listed)}}
    result = emoclass.run("tiny", data=root, epochs=1, out=tmp_path / "runs", registry=registry, config=config)
    assert (result.n_leaked, result.leak_adjusted) == (0, {})
    assert any("by the list of exclusions: 2 images" in note for note in result.notes)
    assert any(
        "has 1 name not found in this dataset, for example 'train/happy/copy.jpg'" in note for note in result.notes
    )
    assert not {"train/happy/mirrored.png"} & {row["path"] for row in rows(result.folder / "split.csv")}
    listed.write_text("nothing/of/this.png\n")
    with pytest.raises(DataError, match=r"contains none of the images to exclude, for example 'nothing/of/this.png'"):
        emoclass.run("tiny", data=root, epochs=1, out=tmp_path / "runs", registry=registry, config=config)


def test_copies_stay_on_one_side_of_a_split_that_is_drawn(photos, registry, tmp_path):
    root = tmp_path / "photos"
    shutil.copytree(photos, root)
    pictures = sorted((root / "happiness").iterdir())[:12]
    for path in pictures:
        shutil.copy(path, path.with_stem(f"{path.stem}-copy"))
    result = emoclass.run("tiny", data=root, epochs=1, out=tmp_path / "runs", registry=registry)
    sides = {row["path"]: row["split"] for row in rows(result.folder / "split.csv")}
    assert all(sides[f"happiness/{path.stem}.png"] == sides[f"happiness/{path.stem}-copy.png"] for path in pictures)
    assert result.n_leaked == 0


def test_a_run_without_an_audit_says_that_nobody_looked(leaking, registry, tmp_path):
    root, _ = leaking
    config = {"data": {"audit": False}}
    result = emoclass.run("tiny", data=root, epochs=1, out=tmp_path / "runs", registry=registry, config=config)
    assert (result.n_leaked, result.leak_adjusted) == (None, {})
    assert {row["leaked"] for row in rows(result.folder / "predictions.csv")} == {""}
    assert any("Duplicate images were not searched for" in note for note in result.notes)
    assert not (result.folder / "audit.json").exists()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda root: None, DataError, "no such folder"),
        (lambda root: root.mkdir(), DataError, "expected one subfolder per class, found none"),
        (lambda root: draw_photographs(root, {"happy": 9}), DataError, "no images of sad"),
        (lambda root: draw_photographs(root, {"happy": 9, "sad": 2}), DataError, "sad has 2; expected at least 3"),
        (lambda root: draw_photographs(root, {"smile": 9, "sad": 9}), DataError, "--map smile="),
        (lambda root: [(root / name).mkdir(parents=True) for name in ("happy", "sad")], DataError, "no images found"),
    ],
)
def test_data_that_cannot_be_used_says_why_and_leaves_no_run_folder(registry, tmp_path, make, error, message):
    make(tmp_path / "photos")
    with pytest.raises(error, match=message):
        emoclass.run("tiny", data=tmp_path / "photos", out=tmp_path / "runs", registry=registry)
    assert not list((tmp_path / "runs").glob("*"))


def test_a_folder_of_files_that_are_no_images_says_so(registry, tmp_path):
    for emotion in ("happy", "sad"):
        (tmp_path / "photos" / emotion).mkdir(parents=True)
        for number in range(4):
            (tmp_path / "photos" / emotion / f"{number}.jpg").write_text("no picture")
    with pytest.raises(DataError, match=r"none of the 8 files can be read; the first is happy/0.jpg: not an image"):
        emoclass.run("tiny", data=tmp_path / "photos", out=tmp_path / "runs", registry=registry)
    assert not list((tmp_path / "runs").glob("*"))


def test_a_map_reads_a_folder_as_an_emotion(registry, tmp_path):
    root = draw_photographs(tmp_path / "photos", {"smile": 8, "sad": 8, "misc": 2})
    result = emoclass.run(
        "tiny", data=root, map={"smile": "happy", "misc": "ignore"}, epochs=1, out=tmp_path / "runs", registry=registry
    )
    assert sum(result.n_samples.values()) == 16
    assert result.left_out == {"misc": 2}


def test_a_scheme_chooses_the_emotions_and_what_is_left_out_or_merged_is_told(registry, tmp_path):
    folders = ("fear", "disgust", "angry", "neutral", "sad", "surprise", "happy")
    root = draw_photographs(tmp_path / "photos", dict.fromkeys(folders, 4), size=20)
    result = emoclass.run(
        "tiny", data=root, labels="basic5", map={"disgusted": "angry"}, epochs=1, out=tmp_path, registry=registry
    )
    assert result.labels == ("happy", "sad", "angry", "scared", "surprised")
    assert (result.left_out, result.merged) == ({"neutral": 4}, {"angry": {"disgust": 4}})
    assert sum(result.n_samples.values()) == 24
    told = [note for note in result.notes if note.startswith(("Excluded", "Merged"))]
    assert "this run: neutral 4." in told[0] and "disgust 4 counted as angry." in told[1]
    document = json.loads((result.folder / "metrics.json").read_text())
    assert (document["left_out"], document["merged"]) == ({"neutral": 4}, {"angry": {"disgust": 4}})
    manifest = json.loads((result.folder / "bundle" / "manifest.json").read_text())
    assert manifest["trained"]["merged"] == {"angry": {"disgust": 4}}
    written = tomllib.loads((result.folder / "config.toml").read_text())
    assert written["labels"]["emotions"] == list(result.labels)
    assert emoclass.resume(result.folder).merged == {"angry": {"disgust": 4}}


def test_a_dataset_that_draws_its_images_takes_no_folder(registry, tmp_path):
    with pytest.raises(ConfigError, match="needs no folder"):
        emoclass.run("tiny", data=tmp_path, dataset="synthetic-faces", out=tmp_path, registry=registry)


def test_an_output_folder_that_cannot_be_written_says_so(registry, photos, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written.*--out"):
        emoclass.run("tiny", data=photos, out=tmp_path / "file", registry=registry)


def test_too_few_readable_files_are_named_with_their_reasons(registry, tmp_path):
    root = draw_photographs(tmp_path / "photos", {"happy": 2, "sad": 6})
    for number in range(4):
        (root / "happy" / f"text{number}.jpg").write_text("no picture")
    with pytest.raises(DataError, match=r"happy has 2; .* 4 files are skipped: happy/text0.jpg: not an image"):
        emoclass.run("tiny", data=root, out=tmp_path / "runs", registry=registry)


@pytest.mark.parametrize(("file", "text"), [("environment.json", "{"), ("history.csv", "epoch,seconds\nx,y\n")])
def test_a_damaged_run_folder_is_told(registry, photos, tmp_path, file, text):
    progress = Interrupt(1)
    with pytest.raises(KeyboardInterrupt):
        emoclass.run("tiny", data=photos, out=tmp_path, registry=registry, progress=progress)
    (progress.folder / file).write_text(text)
    with pytest.raises(OutputError, match="is damaged"):
        emoclass.resume(progress.folder, registry=registry)


def test_an_empty_path_is_refused(registry, tmp_path):
    for paths in ({"data": ""}, {"data": tmp_path, "out": ""}):
        with pytest.raises(ConfigError, match="expected a path, got an empty one"):
            emoclass.run("tiny", registry=registry, **paths)


def test_a_name_that_is_not_utf_8_is_refused_and_leaves_nothing(registry, photos, tmp_path):
    with pytest.raises(ConfigError, match=r"data\.root: .* cannot be used"):
        emoclass.run("tiny", data=f"{tmp_path}/da\udcff", out=tmp_path / "runs", registry=registry)
    with pytest.raises(OutputError, match="its name is not UTF-8"):
        emoclass.run("tiny", data=photos, out=f"{tmp_path}/out\udcff", registry=registry)
    assert list(tmp_path.iterdir()) == []


def test_a_metric_that_breaks_its_contract_after_training_says_that_the_training_is_kept(registry, photos, tmp_path):
    class Plugin:
        @hookimpl
        def register_metrics(self):
            spec = {"name": "broken", "summary": "B.", "interval": "none"}
            return [MetricSpec(compute=lambda y_true, y_score, *, labels: 1.5, **spec)]

    registry.register(Plugin(), PluginInfo("broken", origin="tests"))
    config = {"evaluation": {"metrics": ["broken"]}}
    with pytest.raises(ContractError, match=r"a value in \[0, 1\], got 1\.5.* is kept: continue with: emoclass run"):
        emoclass.run("tiny", data=photos, out=tmp_path, registry=registry, config=config)
    # `plugins check` deletes the folder: there is nothing to continue.
    composed = compose(registry, "tiny", tmp_path, data=photos, config=config)
    with pytest.raises(ContractError, match=r"a value in \[0, 1\], got 1\.5") as caught:
        run_config(composed, out=tmp_path, registry=registry, is_kept=False)
    assert "continue with" not in str(caught.value)
