"""`emoclass run --crop` and `emoclass evaluate --crop`: faces are found in photographs first."""

import csv
import json
import shutil

import pytest
from PIL import Image
from scenes import draw_scene, scenes_registry

import emoclass
from emoclass.errors import ConfigError, DataError, UnknownNameError
from emoclass.reporting.folders.run import RunFolder

pytestmark = pytest.mark.slow

FACES = [(10, 20, 30), (60, 40, 50), (150, 90, 40)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve photographs of each emotion, half of them with three faces; two without a face, a crop, a broken file."""
    root = tmp_path_factory.mktemp("photos")
    for emotion, light in (("happy", 0), ("sad", 100)):
        for number in range(12):
            faces = FACES if number % 2 else FACES[1:2]
            draw_scene(root / emotion / f"{number:02d}.png", faces, seed=number + 100 * light, light=light)
        draw_scene(root / emotion / "nobody.png", [], seed=7 + light)
    Image.effect_noise((48, 48), 90).convert("RGB").save(root / "sad/crop.png")
    (root / "sad/broken.png").write_bytes(b"no picture")
    return root


def run(photos, out, crop, **options):
    return emoclass.run("tiny", data=photos, out=out, registry=scenes_registry(), crop=crop, epochs=3, **options)


@pytest.fixture(scope="module")
def largest(photos, tmp_path_factory):
    return run(photos, tmp_path_factory.mktemp("runs"), True)


@pytest.fixture(scope="module")
def every(photos, tmp_path_factory):
    return run(photos, tmp_path_factory.mktemp("runs"), {"largest": False, "detector": "red"})


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_photographs_without_a_face_are_left_out_counted_and_listed(largest):
    assert sum(largest.n_samples.values()) == 25
    assert {each.path: each.reason for each in largest.skipped} | {"sad/broken.png": ""} == {
        "happy/nobody.png": "no face found", "sad/nobody.png": "no face found", "sad/broken.png": "",
    }  # fmt: skip
    assert largest.cropped.model_dump() == {
        "detector": "red", "n_images": 28, "n_cropped": 24, "n_faces": 24, "n_ready_made": 1, "n_without_face": 2,
        "n_boxed": 0,
    }  # fmt: skip
    note = next(note for note in largest.notes if note.startswith("Faces cropped"))
    assert note == (
        "Faces cropped: 24 of 28 images (detector red). Used as they are, since they are face crops already: 1. Left "
        "out, since no face was found: 2."
    )
    assert "Skipped, since unreadable: 1 file, listed in skipped.csv." in largest.notes
    assert [row["path"] for row in rows(largest.folder / "skipped.csv")] == [each.path for each in largest.skipped]
    document = json.loads((largest.folder / "metrics.json").read_text())
    assert (document["cropped"]["n_without_face"], len(document["skipped"])) == (2, 3)
    assert RunFolder.open(largest.folder).result().cropped == largest.cropped


def test_the_bundle_names_the_detector_and_serves_faces(largest, photos):
    manifest = emoclass.load(largest.folder).bundle.manifest
    assert (manifest.expects, manifest.detector) == ("face_crop", "red")
    found = emoclass.load(largest.folder).with_faces(registry=scenes_registry()).find(photos / "happy/01.png")
    assert [face.box[:2] for face in found] == [(10, 20), (60, 40), (150, 90)]


def test_the_test_predictions_are_those_that_serving_gives(largest, photos):
    classifier = emoclass.load(largest.folder).with_faces(registry=scenes_registry(), largest=True)
    for row in rows(largest.folder / "predictions.csv"):
        (face,) = classifier.find(photos / row["path"])
        assert float(row["score_sad"]) == pytest.approx(face.scores["sad"], abs=2e-3)


def test_the_faces_of_a_photograph_stay_in_one_split(every):
    assert sum(every.n_samples.values()) == 12 + 12 * 3 + 1
    splits = {}
    for row in rows(every.folder / "split.csv"):
        splits.setdefault(row["path"], set()).add(row["split"])
    assert len(splits) == 25
    assert all(len(each) == 1 for each in splits.values())
    assert any("48 faces were cropped from 24 of 28 images" in note for note in every.notes)


def test_the_report_shows_boxes_and_what_was_learned_from(every):
    page = (every.folder / "report.html").read_text(encoding="utf-8")
    assert "Training photographs and how many faces were found in each: " in page
    assert "no face found" in page
    assert (every.folder / "plots/boxed.png").is_file()


def test_an_evaluation_crops_as_the_training_did(largest, photos, tmp_path):
    others = tmp_path / "others"
    for emotion, light in (("happy", 0), ("sad", 100)):
        for number in range(4):
            draw_scene(others / emotion / f"{number}.png", FACES, seed=900 + number + light, light=light)
        draw_scene(others / emotion / "nobody.png", [], seed=5 + light)
    settings = {"registry": scenes_registry(), "resamples": 20}
    [found] = emoclass.evaluate(largest.folder, {"folder": others}, crop=True, **settings)
    assert (found.n_samples, found.cropped.n_without_face, found.cropped.detector) == (8, 2, "red")
    assert [each.reason for each in found.skipped] == ["no face found"] * 2
    n_right = round(found.metrics["accuracy"].value * 8)
    assert f"the accuracy is {n_right / 10:.3f} of n = 10." in " ".join(found.notes)
    assert found.to_json()["cropped"]["n_images"] == 10
    [all_faces] = emoclass.evaluate(largest.folder, {"folder": others}, crop={"largest": False}, **settings)
    assert all_faces.n_samples == 24
    [without] = emoclass.evaluate(largest.folder, {"folder": others}, **settings)
    assert (without.n_samples, without.cropped) == (10, None)
    assert any("--crop finds and crops the faces first" in note for note in without.notes)


@pytest.mark.parametrize("crop", [True, {"largest": False}])
def test_what_the_model_has_seen_is_found_through_the_crops(largest, every, photos, crop, tmp_path):
    source = largest if crop is True else every
    settings = {"registry": scenes_registry(), "resamples": 0, "crop": crop}
    handed_on = shutil.copytree(source.folder / "bundle", tmp_path / "handed-on")
    for model in (source.folder, handed_on):  # by the photographs themselves, and by their hashes
        [found] = emoclass.evaluate(model, {"folder": photos}, **settings)
        assert found.n_samples - found.n_leaked == source.n_samples["test"]


def test_photographs_are_not_compared_with_the_hashes_of_ready_made_crops(largest, photos, tmp_path):
    of_photographs = shutil.copytree(largest.folder / "bundle", tmp_path / "photographs")
    of_crops = shutil.copytree(largest.folder / "bundle", tmp_path / "crops")
    manifest = json.loads((of_crops / "manifest.json").read_text())
    (of_crops / "manifest.json").write_text(json.dumps({**manifest, "detector": None}))
    for bundle, said in ((of_photographs, "It had seen none of the"), (of_crops, "It is not known whether that one")):
        result = run(photos, tmp_path / "runs", True, start=bundle)
        assert any(f"trained on folder). {said}" in note for note in result.notes), result.notes
        [found] = emoclass.evaluate(bundle, {"folder": photos}, crop=True, registry=scenes_registry(), resamples=0)
        assert any("which may be ready-made crops" in note for note in found.notes) == (bundle == of_crops), found.notes


def test_a_model_of_whole_photographs_is_evaluated_on_them(bundle, photos):
    [found] = emoclass.evaluate(bundle, {"folder": photos}, registry=scenes_registry(), resamples=0, crop=True)
    assert (found.n_samples, found.cropped) == (27, None)
    assert "Nothing was cropped: the model expects whole photographs." in found.notes


def test_the_folds_of_a_cross_validation_pool_the_faces(photos, tmp_path):
    found = emoclass.cross_validate("tiny", folds=2, data=photos, out=tmp_path, registry=scenes_registry(),
                                    crop={"largest": False}, epochs=1)  # fmt: skip
    assert found.pooled["accuracy"].n_samples == 49
    assert found.pooled["accuracy"].interval == "bootstrap"  # the faces of a photograph are no independent trials


def test_a_folder_without_faces_leaves_no_run(tmp_path):
    for emotion in ("happy", "sad"):
        for number in range(4):
            draw_scene(tmp_path / "photos" / emotion / f"{number}.png", [], seed=number)
    with pytest.raises(DataError, match="no face found in any of the 8 images"):
        run(tmp_path / "photos", tmp_path / "runs", True)
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("crop", [{"min_face": -1}, {"smallest": True}])
def test_a_wrong_key_is_refused(photos, tmp_path, bundle, crop):
    with pytest.raises(ConfigError, match="crop"):
        run(photos, tmp_path, crop)
    with pytest.raises(ConfigError, match="crop"):
        emoclass.evaluate(bundle, {"folder": photos}, crop=crop)


def test_a_missing_detector_is_told_before_anything_else(photos, tmp_path, crop_bundle):
    with pytest.raises(UnknownNameError, match="'blue'"):
        run(photos, tmp_path / "runs", {"detector": "blue"})
    assert not (tmp_path / "runs").exists()
    with pytest.raises(UnknownNameError, match="'blue'"):
        emoclass.evaluate(crop_bundle, {"folder": photos}, registry=scenes_registry(), crop={"detector": "blue"})
