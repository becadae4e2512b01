"""`emoclass.evaluate` and its command: a trained model on datasets that it was not trained on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from click import unstyle
from click.testing import CliRunner
from PIL import Image
from tiny import draw_photographs

import emoclass
from emoclass import DatasetSpec, MetricSpec, Sample, hookimpl
from emoclass.cli import cli, main
from emoclass.errors import ConfigError, DataError, UnknownNameError
from emoclass.plugin.registry import PluginInfo
from emoclass.progress import Progress
from emoclass.values.config import DataConfig, RunConfig


@pytest.fixture
def photos(tmp_path):
    """Return a folder of two emotions that the tiny bundle knows, one that it does not, and a broken file."""
    folder = draw_photographs(tmp_path / "photos", {"happiness": 6, "sad": 5, "fear": 3})
    (folder / "sad" / "broken.png").write_bytes(b"no picture")
    return folder


def run(*arguments):
    result = CliRunner().invoke(cli, ["evaluate", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_figures_are_those_of_the_models_predictions(bundle, photos, registry):
    [found] = emoclass.evaluate(bundle, {"folder": photos}, registry=registry, resamples=50)
    right = [
        each.label == emotion
        for word, emotion in (("happiness", "happy"), ("sad", "sad"))
        for each in emoclass.load(bundle).predict_batches(sorted((photos / word).glob("0*.png")))
    ]
    accuracy = found.metrics["accuracy"]
    assert (accuracy.value, accuracy.n_samples, accuracy.split) == (sum(right) / 11, 11, "all")
    assert accuracy.ci_low <= accuracy.value <= accuracy.ci_high
    assert (found.dataset, found.root, found.n_samples, found.left_out) == ("folder", photos, 11, {"fear": 3})
    assert [each.path for each in found.skipped] == ["sad/broken.png"]
    assert any("images: its training images are not available" in note for note in found.notes)
    assert (found.n_leaked, found.leak_adjusted) == (None, {})
    assert list(found.metrics) == [spec.name for spec in registry.metrics.of("builtins") if not spec.takes_votes]
    assert (found.labels, found.support, found.basis) == (("happy", "sad"), {"happy": 6, "sad": 5}, "2 emotions")


def test_emotions_that_the_dataset_lacks_are_told_and_stay_among_the_models_choices(crop_bundle, tmp_path, registry):
    photos = draw_photographs(tmp_path / "photos", {"sad": 8})
    [found] = emoclass.evaluate(crop_bundle, {"folder": photos}, registry=registry, resamples=20)
    matrix = np.array(found.metrics["confusion_matrix"].matrix)
    assert matrix.shape == (3, 3) and matrix[1].sum() == matrix.sum() == 8
    assert found.metrics["recall_per_class"].per_class["happy"].reason == "no image shows 'happy'"
    assert found.metrics["roc_auc"].value is None
    assert "No image shows happy, angry." in found.notes[0]


def test_nothing_shared_nothing_readable_and_wrong_folders_are_errors(bundle, tmp_path, registry):
    def refusal(kind, on, **more):
        with pytest.raises(kind) as caught:
            emoclass.evaluate(bundle, on, registry=registry, **more)
        return str(caught.value)

    strange = draw_photographs(tmp_path / "strange", {"fear": 2, "anger": 2})
    (tmp_path / "broken" / "happy").mkdir(parents=True)
    (tmp_path / "broken" / "happy" / "a.png").write_bytes(b"no picture")
    fine = draw_photographs(tmp_path / "fine", {"happy": 2})
    assert "no images of happy, sad. Found: angry, scared." in refusal(DataError, {"folder": strange})
    assert "none of the 1 files can be read and classified" in refusal(DataError, {"folder": tmp_path / "broken"})
    assert "no such file or folder" in refusal(DataError, {"folder": tmp_path / "nowhere"})
    assert "cannot be read" in refusal(DataError, {"folder": "x" * 5000})
    assert "expected a folder, got none" in refusal(ConfigError, {"folder": None})
    assert "expected no folder" in refusal(ConfigError, {"synthetic-faces": fine})
    assert "got no official splits" in refusal(DataError, {"folder": fine}, split="test")
    assert "expected one of" in refusal(ConfigError, {"folder": fine}, split="exam")
    assert "got 'hapy'" in refusal(ConfigError, {"folder": fine}, map={"happy": "hapy"})
    assert "not provided by any plugin" in refusal(UnknownNameError, {"folder": fine}, metrics=["acuracy"])
    assert "got none" in refusal(ConfigError, {})


def test_an_official_split_and_a_map_choose_the_images(bundle, tmp_path, registry):
    draw_photographs(tmp_path / "train", {"happy": 3, "sad": 3})
    draw_photographs(tmp_path / "test", {"smile": 4, "sad": 2, "angry": 1})
    [found] = emoclass.evaluate(
        bundle, [("folder", tmp_path)], split="test", map={"smile": "happy"}, metrics=["accuracy"], registry=registry
    )
    assert (found.n_samples, found.split, found.left_out) == (6, "test", {"angry": 1})
    draw_photographs(tmp_path / "train", {"grin": 1})
    with_grin = {"smile": "happy", "grin": "happy"}  # a class of another split is no slip of the pen
    [found] = emoclass.evaluate(
        bundle, [("folder", tmp_path)], split="test", map=with_grin, metrics=["accuracy"], registry=registry
    )
    assert found.n_samples == 6
    assert found.metrics["accuracy"].split == "test"


def agreement(y_true, y_score, *, labels, votes, sample_weight=None):
    """Return the mean share of votes that the model's probabilities agree with."""
    return float(np.minimum(y_score, votes).sum(axis=1).mean())


def list_voted(root):
    """List two pictures; people did not agree on the first."""
    for name, votes in (("a", {"happy": 3, "sad": 1}), ("b", None)):
        yield Sample(id=name, path=name, emotion="happy", votes=votes)


def read_voted(root, sample):
    """Return a PNG file."""
    import io

    buffer = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(buffer, "PNG")
    return buffer.getvalue()


class Voted:
    @hookimpl
    def register_datasets(self):
        return [
            DatasetSpec(name="voted", summary="V.", load=list_voted, read_sample=read_voted, needs_root=False,
                        notice="People disagreed.")
        ]  # fmt: skip

    @hookimpl
    def register_metrics(self):
        return [MetricSpec(name="agreement", summary="A.", compute=agreement, takes_votes=True, interval="none")]


def test_copies_among_the_images_count_as_one(bundle, photos, registry):
    original = min((photos / "sad").glob("0*.png"))
    for number in range(4):
        (photos / "sad" / f"copy{number}.png").write_bytes(original.read_bytes())
    [found] = emoclass.evaluate(bundle, {"folder": photos}, metrics=["accuracy"], registry=registry)
    accuracy = found.metrics["accuracy"]
    assert (accuracy.n_samples, accuracy.n_units) == (15, 11)
    assert any("15 images are 11 independent units" in note for note in found.notes)
    [found] = emoclass.evaluate(bundle, {"folder": photos}, metrics=["accuracy"], audit=False, registry=registry)
    assert found.metrics["accuracy"].n_units is None


def test_votes_reach_the_metrics_that_take_them(bundle, registry):
    registry.register(Voted(), PluginInfo("voted", origin="tests"))
    [found] = emoclass.evaluate(bundle, {"voted": None}, metrics=["agreement", "accuracy"], registry=registry)
    assert found.metrics["agreement"].n_samples == 1 and found.metrics["agreement"].value > 0
    assert found.metrics["accuracy"].n_samples == 2
    assert "People disagreed." in found.notes


def test_metrics_of_votes_stand_beside_the_accuracy_where_a_dataset_has_votes(bundle, photos, registry):
    registry.register(Voted(), PluginInfo("voted", origin="tests"))
    voted, other = emoclass.evaluate(bundle, [("voted", None), ("folder", photos)], registry=registry, resamples=0)
    place = list(voted.metrics).index("accuracy")
    assert list(voted.metrics)[place + 1 : place + 4] == ["annotator_agreement", "human_ceiling", "vote_divergence"]
    assert (voted.metrics["human_ceiling"].value, voted.metrics["human_ceiling"].n_samples) == (0.75, 1)
    assert not set(other.metrics) & {"annotator_agreement", "human_ceiling", "vote_divergence"}
    [asked] = emoclass.evaluate(bundle, {"folder": photos}, registry=registry, metrics=["human_ceiling"])
    assert asked.metrics["human_ceiling"].reason == "no image has two votes for the run's emotions"


def test_images_are_read_no_more_than_a_few_batches_ahead(bundle, registry):
    n, read, seen, most = 2000, 0, 0, 0

    def count(root, sample):
        nonlocal read
        read += 1
        return read_voted(root, sample)

    class Watching(Progress):
        def track(self, items, *, title, total, unit="images"):
            nonlocal seen, most
            for item in items:
                seen, most = seen + (unit == "images"), max(most, read - seen)
                yield item

    class Many:
        @hookimpl
        def register_datasets(self):
            samples = [Sample(id=f"{i}", path=f"{i}", emotion=("happy", "sad")[i % 2]) for i in range(n)]
            return [
                DatasetSpec(name="many", summary="M.", load=lambda root: samples, read_sample=count, needs_root=False)
            ]

    registry.register(Many(), PluginInfo("many", origin="tests"))
    emoclass.evaluate(
        bundle, {"many": None}, metrics=["accuracy"], audit=False, registry=registry, threads=2, progress=Watching()
    )
    assert read == seen == n
    assert most <= 32 * 5


def test_images_that_a_run_has_seen_are_recognized_where_its_data_is_still_there(tmp_path, registry):
    photos = draw_photographs(tmp_path / "photos", {"happy": 3, "sad": 3})
    others = draw_photographs(tmp_path / "others", {"happy": 3, "sad": 3}, seed=1)
    config = RunConfig(
        plugin="tiny",
        recipe="tiny",
        labels=["happy", "sad"],
        model={"name": "tiny"},
        data=DataConfig(dataset="folder", root=photos),
    )
    folder = write_bundle(tmp_path / "run" / "bundle")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["trained"] = {"dataset": "folder", "config": config.digest(), "plugin": "tiny"}
    manifest["measured"] = {"recall": {}, "gone": {}, "accuracy": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    run = tmp_path / "run"
    (run / "config.toml").write_text(config.to_toml())
    seen = ["happy/000.png", "happy/001.png", "sad/000.png"]
    table = ["id,path,emotion,label,split,group", *(f"{each},{each},{each.split('/')[0]},0,train," for each in seen)]
    (run / "split.csv").write_text("\n".join([*table, "sad/001.png,sad/001.png,sad,1,test,"]) + "\n")
    shutil.copy(photos / "happy" / "001.png", others / "happy" / "taken.png")

    def on(root, **more):
        return emoclass.evaluate(run, {"folder": root}, registry=registry, resamples=0, **more)[0]

    itself, other = on(photos), on(others)
    assert (itself.n_samples, itself.n_leaked, itself.leak_adjusted["accuracy"].n_samples) == (6, 3, 3)
    assert itself.notes[0].startswith("3 of the 6 images are copies of the model's training or validation images")
    assert (other.n_samples, other.n_leaked, other.leak_adjusted["accuracy"].n_samples) == (7, 1, 6)
    assert "No plugin offers gone" in other.notes[1]
    hidden = photos.rename(tmp_path / "hidden")
    photos.mkdir()
    none = on(others)
    assert (none.n_leaked, none.leak_adjusted) == (None, {})
    assert none.notes[0].endswith("can no longer be read.")
    (photos / "sad").mkdir()
    shutil.copy(hidden / "sad" / "000.png", photos / "sad")
    part = on(others)
    assert part.n_leaked == 0, "the file that was taken cannot be told from others any more"
    assert "2 of the 3 training images of the model can no longer be read: copies of" in part.notes[0]
    shutil.rmtree(photos)
    hidden.rename(photos)
    for each in ("happy/002.png", "sad/001.png", "sad/002.png"):
        (photos / each).unlink()
    known = on(photos)
    assert (known.n_leaked, known.leak_adjusted) == (3, {})
    assert known.notes[0].startswith("All of the 3 images are copies of the model's training")
    assert on(photos, audit=False).n_leaked is None
    assert on(photos, audit=False).notes[0].endswith("images: the search was skipped. It was trained on folder.")
    (run / "config.toml").unlink()
    assert on(photos).notes[0].endswith("are not available.")
    [found] = emoclass.evaluate(folder, {"folder": photos}, registry=registry, resamples=0)
    assert list(found.metrics) == ["recall", "accuracy"]


@pytest.mark.parametrize(
    ("url", "trained_on", "knows"),
    [
        ("https://x.example", "split", True),
        ("https://x.example", "relabeled", True),
        ("https://x.example", "folder", False),
        (None, "split", False),
    ],
)
def test_without_its_run_a_model_has_seen_the_training_set_of_the_published_dataset_it_was_trained_on(
    tmp_path, registry, url, trained_on, knows
):
    photos = draw_photographs(tmp_path / "photos", {"happy": 4, "sad": 4, "fear": 1})
    shutil.copy(photos / "happy" / "000.png", photos / "happy" / "003.png")

    def load(root):
        for path in sorted(path.relative_to(root).as_posix() for path in root.glob("*/*.png")):
            emotion, name = path.split("/")
            split = "train" if name < "002.png" else "test"
            yield Sample(id=path, path=path, emotion=emotion, split=split, attributes={"light": "good"})

    class Published:
        @hookimpl
        def register_datasets(self):
            return [
                DatasetSpec(name="split", summary="S.", load=load, url=url),
                DatasetSpec(name="relabeled", summary="R.", load=load, images_of="split"),
            ]

    registry.register(Published(), PluginInfo("published", origin="tests"))
    folder = write_bundle(tmp_path / "bundle")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["trained"] = {"dataset": trained_on}
    (folder / "manifest.json").write_text(json.dumps(manifest))

    def on(**more):
        [found] = emoclass.evaluate(folder, {"split": photos}, by="light", registry=registry, resamples=0, **more)
        return found, [note for note in found.notes if "count as seen" in note]

    (every, told), (test, _), (blind, silent) = on(), on(split="test"), on(audit=False)
    if knows:
        assert told == [
            f"The model was trained on {trained_on}: all training images of the official split of split count as seen. "
            "Which others it has seen is not known."
        ]
        assert (every.n_samples, every.n_leaked, every.leak_adjusted["accuracy"].n_samples) == (8, 5, 3)
        assert (test.n_samples, test.n_leaked, test.leak_adjusted["accuracy"].n_samples) == (4, 1, 3)
        assert "The metrics by light exclude images that the model has seen." in every.notes
        assert every.by["light"].values["good"].metrics["accuracy"] == every.leak_adjusted["accuracy"]
    else:
        assert every.by["light"].values["good"].n_samples == 8
        assert (told, every.n_leaked, test.n_leaked) == ([], None, None)
        assert any(note.endswith("are not available.") for note in every.notes)
    assert (blind.n_leaked, silent) == (None, [])
    assert f"the search was skipped. It was trained on {trained_on}." in blind.notes[-1]


def test_what_a_trainings_start_has_seen_is_known_where_its_dataset_is_published(tmp_path, registry):
    photos = draw_photographs(tmp_path / "photos", {"happy": 4, "sad": 4})

    def load(root):
        for path in sorted(path.relative_to(root).as_posix() for path in root.glob("*/*.png")):
            emotion, name = path.split("/")
            yield Sample(id=path, path=path, emotion=emotion, split="train" if name < "002.png" else "test")

    class Published:
        @hookimpl
        def register_datasets(self):
            return [DatasetSpec(name="split", summary="S.", load=load, url="https://x.example")]

    registry.register(Published(), PluginInfo("published", origin="tests"))
    folder = write_bundle(tmp_path / "bundle")
    manifest = json.loads((folder / "manifest.json").read_text())

    def on(dataset, *before, **more):
        manifest["trained"] = {"dataset": dataset, "start": "pretrained", "start_trained_on": list(before)}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return emoclass.evaluate(folder, {"split": photos}, registry=registry, resamples=0, **more)[0]

    once, twice, elsewhere = on("folder", "split"), on("folder", "other", "split"), on("folder", "other")
    assert (once.n_leaked, twice.n_leaked, elsewhere.n_leaked) == (4, 4, None)
    assert once.notes[0].startswith("The model was fine-tuned from one that was trained on split: all training")
    assert elsewhere.notes[0].startswith("The model was fine-tuned from another trained model (trained on other):")
    told = "the search was skipped. It was trained on folder, before that on other, split."
    assert on("folder", "other", "split", audit=False).notes[0].endswith(told)


def test_what_a_map_merges_is_told(bundle, photos, registry):
    [found] = emoclass.evaluate(bundle, {"folder": photos}, map={"scared": "sad"}, registry=registry, resamples=0)
    assert (found.n_samples, found.left_out, found.merged) == (14, {}, {"sad": {"fear": 3}})
    assert any(note.startswith("Merged, as mapped: fear 3 counted as sad.") for note in found.notes)
    shown = run(bundle, "--on", f"folder={photos}", "--map", "scared=sad", "--resamples", "0", "--quiet", "--no-audit")
    assert "Note: Merged, as mapped: fear 3 counted as sad." in shown.stdout
    assert found.to_json()["merged"] == {"sad": {"fear": 3}}


@pytest.mark.parametrize(
    "merged", [{"sad": {"scared": 40, "bored": 2}}, {"sad": {"Fear": 40}}, {"sad": {"fear": 1}, "angry": {"scared": 3}}]
)
def test_classes_that_were_merged_in_training_and_are_left_out_here_are_told(photos, tmp_path, registry, merged):
    folder = write_bundle(tmp_path / "bundle")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["trained"] = {"merged": merged}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    word = next(iter(merged["sad"]))

    def notes(**more):
        [found] = emoclass.evaluate(folder, {"folder": photos}, registry=registry, resamples=0, **more)
        return [note for note in found.notes if note.startswith("In the model's training")]

    assert notes() == [
        f"In the model's training, {word} counted as sad; here they are left out. --map {word}=sad includes them."
    ]
    assert notes(map={word: "sad"}) == []
    manifest["trained"] = {"merged": ["no", {"mapping": 1}]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert notes() == []


def test_the_command_prints_a_table_a_dataset_or_one_document(bundle, photos):
    asked = (bundle, "--on", f"folder={photos}", "--resamples", "0", "--quiet")
    shown = run(*asked, "--on", "synthetic-faces", "--metrics", "accuracy,recall_per_class,confusion_matrix")
    assert shown.exit_code == 0
    assert f"on folder in {photos}: 11 images (all images)" in shown.stdout
    assert "fear 3." in shown.stdout and "Skipped: sad/broken.png: " in shown.stdout
    assert "recall_per_class: sad " in shown.stdout and "on synthetic-faces: 256 images" in shown.stdout
    document = json.loads(run(*asked, "--json", "--metrics", "accuracy").stdout)
    assert document["model"] == str(bundle)
    [first] = document["results"]
    assert {"dataset", "root", "n_samples", "metrics", "left_out", "skipped"} <= set(first)
    assert (first["root"], first["n_samples"], first["split"]) == (str(photos), 11, "all")
    assert first["metrics"]["accuracy"]["n_samples"] == 11


def test_a_folder_instead_of_a_dataset_is_told_how_to_be_given(bundle, photos):
    with pytest.raises(UnknownNameError) as refused:
        run(bundle, "--on", photos)
    assert refused.value.message == f"dataset '{photos}': expected a dataset's name, got a path."
    assert refused.value.hint == f"Read it as a folder per class: --on folder={photos}"
    with pytest.raises(UnknownNameError, match="not provided by any plugin"):
        run(bundle, "--on", photos / "missing")


@pytest.mark.parametrize("on", ["folder=photos", ["folder=photos"]])
def test_the_text_of_the_command_line_is_no_mapping_of_datasets(on):
    with pytest.raises(ConfigError) as refused:
        emoclass.evaluate("no such model", on)
    assert refused.value.message == "on: expected a mapping of a dataset's name to its folder, got 'folder=photos'."
    assert refused.value.hint == "Pass {'folder': 'photos'} instead."


@pytest.mark.parametrize("on", [3, None, [3], [("folder",)], {"folder": 3}, {3: "photos"}])
def test_what_is_no_mapping_of_datasets_is_refused(on):
    with pytest.raises(ConfigError, match="on: expected a mapping of a dataset's name to its folder, got"):
        emoclass.evaluate("no such model", on)


@pytest.mark.parametrize("crop", ["yes", 1, ["min_face"]])
def test_crop_is_a_truth_value_or_settings(registry, crop):
    for ask in (
        lambda: emoclass.evaluate("no such model", {"folder": "photos"}, registry=registry, crop=crop),
        lambda: emoclass.run("no such plugin", registry=registry, crop=crop),
    ):
        with pytest.raises(ConfigError, match=r"^crop: expected True, False, or settings such as .*, got "):
            ask()


@pytest.mark.parametrize(
    ("crop", "message"),
    [
        ({"min_face": "x"}, "crop: min_face: expected a number, got 'x'."),
        ({"options": 3}, "crop: options: expected a table, got 3."),
        ({"max_faces": 0}, "crop: max_faces: expected at least 1, got 0."),
    ],
)
def test_wrong_settings_of_crop_say_what_is_expected(registry, crop, message):
    with pytest.raises(ConfigError) as refused:
        emoclass.evaluate("no such model", {"folder": "photos"}, registry=registry, crop=crop)
    assert refused.value.message == message


def test_resamples_is_a_whole_number():
    with pytest.raises(ConfigError, match="resamples: expected a whole number from 0, got 'many'"):
        emoclass.evaluate("no such model", {"folder": "photos"}, resamples="many")


@pytest.mark.parametrize("pair", ["folder=", "=photos", ""])
def test_a_dataset_without_a_name_or_folder_is_a_usage_error(bundle, pair):
    with pytest.raises(ConfigError, match=r"expected NAME=ROOT"):
        run(bundle, "--on", pair)


def test_evaluating_never_loads_tensorflow(bundle, photos):
    code = (
        "import sys, emoclass\n"
        f"emoclass.evaluate({str(bundle)!r}, {{'folder': {str(photos)!r}}}, resamples=10)\n"
        "print([m for m in ('tensorflow', 'keras', 'emoclass.training') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(emoclass.__file__).parents[1]
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_keras_file_is_never_opened(tmp_path, photos, registry):
    folder = write_bundle(tmp_path / "bundle")
    (folder / "model.keras").write_bytes(b"\x1b[31m no network")
    [found] = emoclass.evaluate(folder, {"folder": photos}, registry=registry, metrics=["accuracy"], resamples=0)
    assert found.n_samples == 11


def test_a_manifest_of_countless_metrics_makes_a_short_note(tmp_path, photos, registry):
    folder = write_bundle(tmp_path / "bundle")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["measured"] = {f"metric-{number}": {} for number in range(1000)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    [found] = emoclass.evaluate(folder, {"folder": photos}, registry=registry, resamples=0)
    assert len(found.notes[-1]) < 400


@pytest.mark.parametrize("command", [["evaluate", "--on", "synthetic-faces"], ["export", "--format", "litert"]])
def test_a_hostile_manifest_ends_a_command_with_one_harmless_line(bundle, tmp_path, capsys, command):
    (tmp_path / "bundle").mkdir()
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["labels"] = {"emotions": ["happy", "\x1b[31mred\x07"], "extra": {"\x1b[31mred\x07": "red"}}
    (tmp_path / "bundle" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SystemExit) as ended:
        main([*command, str(tmp_path / "bundle")])
    told = unstyle(capsys.readouterr().err)
    assert ended.value.code == 1
    assert told.count("\n") == 1 and told.rstrip("\n").isprintable()


@pytest.mark.parametrize("threads", [0, 50_000, True])
def test_an_impossible_number_of_threads_is_refused_at_once(threads):
    with pytest.raises(ConfigError, match="threads: expected a whole number from 1 to 256"):
        emoclass.evaluate("no such model", {"folder": None}, threads=threads)


def test_a_table_is_found_by_itself_with_options_and_boxes(bundle, photos, registry):
    names = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("0*.png"))
    table = photos / "labels.csv"
    rows = [f"{name},{name.split('/')[0]},5,5,30,30" for name in names if not name.startswith("fear")]
    table.write_text("\n".join(["path,mood,x,y,w,h", *rows]) + "\n")
    options = {"registry": registry, "resamples": 0, "data_options": {"label": "mood", "box": "none"}}
    [whole] = emoclass.evaluate(bundle, {str(table): None}, **options)
    [folder] = emoclass.evaluate(bundle, {"folder": photos}, registry=registry, resamples=0)
    assert (whole.dataset, whole.root, whole.n_samples) == ("table", table, 11)
    assert whole.metrics["accuracy"].value == folder.metrics["accuracy"].value
    [again] = emoclass.evaluate(bundle, {"folder": table}, **options)
    assert again.dataset == "table"
    [boxed] = emoclass.evaluate(bundle, {"table": table}, **{**options, "data_options": {"label": "mood"}})
    assert any("The faces of 11 images are cut out by the dataset's boxes" in note for note in boxed.notes)
    result = run(bundle, "--on", table, "--data-option", "label=mood", "--resamples", "0", "--quiet")
    assert result.exit_code == 0
    assert f"table in {table}" in result.stdout
