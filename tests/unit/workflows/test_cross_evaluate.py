"""Several models on several datasets, subsets of emotions, and attributes: the library and the command."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from PIL import Image
from tiny import draw_photographs

import emoclass
from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.cli import cli
from emoclass.errors import ConfigError, OutputError
from emoclass.plugin.registry import PluginInfo


def load_people(root):
    """List the photographs of a folder as if they were of two persons each, and of women and men."""
    for number, path in enumerate(sorted(root.rglob("*.png"))):
        name = path.relative_to(root).as_posix()
        attributes = {} if name == "sad/000.png" else {"gender": ("female", "male")[number % 2]}
        yield Sample(id=name, path=name, emotion=path.parent.name, attributes=attributes, group=f"p{number // 2}")


class People:
    @hookimpl
    def register_datasets(self):
        return [DatasetSpec(name="people", summary="Photographs of people.", load=load_people)]


@pytest.fixture
def photos(tmp_path):
    return draw_photographs(tmp_path / "photos", {"happy": 6, "sad": 5, "angry": 4})


@pytest.fixture
def people(registry):
    registry.register(People(), PluginInfo("people", origin="tests"))
    return registry


def run(*arguments):
    result = CliRunner().invoke(cli, ["evaluate", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_cell_is_what_the_model_alone_reaches_on_the_dataset(bundle, crop_bundle, photos, tmp_path, registry):
    others = draw_photographs(tmp_path / "others", {"sad": 3}, seed=1)
    on = [("folder", photos), ("folder", others)]
    found = emoclass.cross_evaluate({"two": bundle, "three": crop_bundle}, on, registry=registry, resamples=0)
    assert (found.models, found.datasets) == (("two", "three"), ("folder in photos", "folder in others"))
    for row, source in zip(found.matrix, (bundle, crop_bundle), strict=True):
        alone = emoclass.evaluate(source, on, registry=registry, resamples=0)
        assert [each.metrics["accuracy"] for each in row] == [each.metrics["accuracy"] for each in alone]
    assert [[cell.basis for cell in row] for row in found.matrix] == [
        ["2 emotions", "1 of 2 emotions"],
        ["3 emotions", "1 of 3 emotions"],
    ]
    assert [[value.n_samples for value in row] for row in found.figures("accuracy")] == [[11, 3], [15, 3]]
    assert "do not predict the same set of emotions (two: 2, three: 3)" in found.notes[0]
    assert "With the labels happy,sad all of them predict the same emotions." in found.notes[0]
    assert "the columns are not comparable" in found.notes[1]
    assert [note for note in found.notes if note.startswith("two on folder in others: No image shows happy.")]
    document = json.loads(json.dumps(found.to_json()))
    cell = document["matrix"][1][0]
    assert (cell["model"], cell["labels"], cell["support"]["angry"]) == ("three", ["happy", "sad", "angry"], 4)


def test_a_file_that_no_model_can_read_is_counted_once(bundle, crop_bundle, photos):
    (photos / "sad" / "broken.png").write_bytes(b"no image")
    result = run(bundle, crop_bundle, "--on", f"folder={photos}", "--resamples", "0")
    assert "Note: Skipped in folder: 1 image; --json says why." in result.output


def test_with_labels_all_models_choose_among_the_same(bundle, crop_bundle, photos, registry):
    found = emoclass.cross_evaluate([bundle, crop_bundle], {"folder": photos}, registry=registry, resamples=0,
                                    labels="sad,happy", metrics=["recall", "accuracy"])  # fmt: skip
    assert not [note for note in found.notes if "same emotions" in note]
    for [cell] in found.matrix:
        assert (cell.labels, cell.n_samples, cell.left_out) == (("sad", "happy"), 11, {"angry": 4})
        assert cell.metrics["recall"].n_samples == 6, "of two, the second is the positive one"
    view = emoclass.load(crop_bundle).among("sad,happy")
    right = [view.predict(path).label == "happy" for path in (photos / "happy").glob("*.png")]
    assert found.matrix[1][0].metrics["recall"].value == pytest.approx(sum(right) / 6)
    assert [note for note in found.notes if "restricted to sad, happy; angry are dropped" in note]
    with pytest.raises(ConfigError, match=rf"model {bundle.name}: labels: expected at least two .* got angry"):
        emoclass.cross_evaluate([bundle, crop_bundle], {"folder": photos}, labels="happy,angry", registry=registry)


def test_a_note_about_the_model_says_which_models_also_if_all_have_it(bundle, crop_bundle, photos, registry):
    note = "It is not known whether the model was trained on some of these images: its training images are"
    on = {"folder": photos}
    found = emoclass.cross_evaluate({"two": bundle, "three": crop_bundle}, on, registry=registry, resamples=0)
    assert (
        [each for each in found.notes if note in each]
        == [each for each in found.notes if each.startswith(f"two, three: {note}")]
        != []
    )
    [alone] = emoclass.evaluate(bundle, on, registry=registry, resamples=0)
    assert [each for each in alone.notes if each.startswith(note)], "one model needs no name"
    [row] = emoclass.cross_evaluate({"two": bundle}, {"folder": photos}, registry=registry, resamples=0).matrix
    assert [each for each in row[0].notes if each.startswith(note)]


def test_a_note_about_the_images_names_no_models(bundle, crop_bundle, photos, registry):
    found = emoclass.cross_evaluate(
        {"two": bundle, "three": crop_bundle}, {"folder": photos}, registry=registry, resamples=0, labels="happy,sad"
    )
    assert not [each for each in found.notes if "model" not in each and each.startswith("two, three: ")]


def test_images_that_a_restricted_model_cannot_judge_are_told(crop_bundle, photos, registry):
    class Sure:
        def __init__(self, model):
            self.model, self.calls = model, 0

        def predict(self, pixels):
            rows = self.model.predict(pixels)
            rows[0] = [0, 0, 1]
            return rows

    view = emoclass.load(crop_bundle).among("happy,sad")
    view._model = Sure(view._model)
    [found] = emoclass.evaluate(view, {"folder": photos}, registry=registry, metrics=["accuracy"])
    assert found.n_samples == 10
    assert [(each.path, each.reason) for each in found.skipped] == [
        ("happy/000.png", "the model gives happy, sad a probability of 0")
    ]
    assert [note for note in found.notes if note.startswith("1 image is in no metric")]


def test_models_need_names_of_their_own(bundle, photos, registry):
    loaded = emoclass.load(bundle)
    with pytest.raises(ConfigError, match="got tiny twice"):
        emoclass.cross_evaluate([loaded, loaded.among("sad,happy")], {"folder": photos}, registry=registry)
    with pytest.raises(ConfigError, match="at least one model"):
        emoclass.cross_evaluate([], {"folder": photos}, registry=registry)


@pytest.mark.parametrize("on", [[("folder", "a"), ("folder", "a/")], [("synthetic-faces", None)] * 2])
def test_a_dataset_twice_is_refused(bundle, registry, on):
    with pytest.raises(ConfigError, match=r"on: expected each .* once, got (folder=a|synthetic-faces) twice\."):
        emoclass.evaluate(bundle, on, registry=registry)


def test_figures_by_an_attribute_and_by_person(bundle, photos, people):
    [found] = emoclass.evaluate(bundle, {"people": photos}, by=["gender", "group"], registry=people, resamples=50)
    gender = found.by["gender"]
    assert (list(gender.values), gender.n_without) == (["female", "male"], 1)
    assert sum(each.n_samples for each in gender.values.values()) == found.n_samples - 1 == 10
    assert gender.values["male"].too_small == "fewer than 30 images"
    assert "recall_per_class" in gender.values["male"].metrics and "roc_auc" not in gender.values["male"].metrics
    assert set(found.by["group"].values) <= {f"p{number}" for number in range(8)}
    document = json.loads(json.dumps(found.to_json()))["by"]["gender"]
    assert document["values"]["male"]["metrics"]["accuracy"]["n_samples"] == document["values"]["male"]["n_samples"]


def test_an_attribute_that_no_dataset_has_is_refused_before_anything_is_predicted(bundle, photos, people):
    with pytest.raises(ConfigError, match=r"'gendr'\. Did you mean 'gender'\? Known are gender, group\."):
        emoclass.evaluate(bundle, {"people": photos}, by="gendr", registry=people)
    with pytest.raises(ConfigError, match="have no attributes"):
        emoclass.evaluate(bundle, {"folder": photos}, by="gender", registry=people)
    both = emoclass.evaluate(bundle, {"people": photos, "folder": photos}, by="gender", registry=people,
                             metrics=["accuracy"])  # fmt: skip
    assert [list(each.by) for each in both] == [["gender"], []]
    assert "The dataset does not provide gender." in both[1].notes


def test_a_heat_map_and_a_page_are_written(bundle, crop_bundle, photos, people, tmp_path):
    sources = {"<two>": bundle, "three": crop_bundle}
    found = emoclass.cross_evaluate(sources, {"people": photos}, by="gender", registry=people, resamples=0)
    found.write_plot(tmp_path / "a.png")
    found.write_plot(tmp_path / "b.png")
    found.write_plot(tmp_path / "loss.png", metric="log_loss")
    drawn, again, loss = ((tmp_path / f"{name}.png").read_bytes() for name in ("a", "b", "loss"))
    assert drawn == again != loss
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.format == "PNG" and picture.width > 400
    found.write_report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page and "&lt;two&gt;" in page and "<two>" not in page
    assert "too small for a conclusion" in page and "people by gender" in page
    with pytest.raises(ConfigError, match=r"scalar metric .* got confusion_matrix\. Available: accuracy, "):
        found.write_plot(tmp_path / "c.png", metric="confusion_matrix")
    with pytest.raises(OutputError, match="cannot be written"):
        found.write_plot(tmp_path / "nowhere" / "c.png")


def test_the_command_prints_a_matrix_or_one_document(bundle, crop_bundle, photos, tmp_path):
    asked = (bundle, crop_bundle, "--on", f"folder={photos}", "--metrics", "f1_per_class,accuracy", "--quiet")
    shown = run(*asked, "--plot", tmp_path / "map.png", "--report", tmp_path / "page.html").stdout
    assert "Note: The models do not predict the same set of emotions" in shown
    assert "2 emotions, n = 11, all" in shown and "3 emotions, n = 15, all" in shown
    assert f"Plot: {tmp_path / 'map.png'}" in shown and (tmp_path / "page.html").is_file()
    document = json.loads(run(*asked, "--json", "--labels", "happy,sad").stdout)
    assert list(document["sources"].values()) == [str(bundle), str(crop_bundle)]
    assert [[cell["n_samples"] for cell in row] for row in document["matrix"]] == [[11], [11]]
    alone = run(bundle, *asked[2:], "--plot", tmp_path / "alone.png").stdout
    assert f"{bundle} on folder in {photos}: 11 images" in alone and (tmp_path / "alone.png").is_file()


def test_two_labels_in_another_order_are_another_task(bundle, crop_bundle, photos, registry):
    turned = emoclass.load(crop_bundle).among("sad,happy")
    models = {"one": bundle, "other": turned}
    found = emoclass.cross_evaluate(models, {"folder": photos}, registry=registry, resamples=0, metrics="f1, accuracy")
    assert found.notes[0].startswith("The models have their two labels in different orders.")
    assert "(of one it is sad, of other it is happy): with the labels happy,sad they are comparable." in found.notes[0]
    assert found.matrix[0][0].task != found.matrix[1][0].task
    same = emoclass.cross_evaluate(models, {"folder": photos}, registry=registry, resamples=0, labels="happy,sad")
    assert not [note for note in same.notes if "another order" in note]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot", "map.jpg"], r"ends in \.png"),
        (["--report", "no/such/folder/page.html"], "folder that exists"),
        (["--report", "a-folder.html"], "--report a-folder.html: expected a file, got a folder"),
        (["--metrics", "confusion_matrix", "--plot", "map.png"], "scalar metric, got confusion_matrix"),
    ],
)
def test_what_could_not_be_drawn_is_refused_at_once(bundle, options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-folder.html").mkdir()
    with pytest.raises(ConfigError, match=message):
        run(bundle, "--on", "synthetic-faces", *options)


def test_the_command_refuses_a_model_twice(bundle):
    with pytest.raises(ConfigError, match="expected different models"):
        run(bundle, bundle, "--on", "synthetic-faces")
