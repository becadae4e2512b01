"""Finding wrong labels by cross-validation, from a folder to a list and pictures."""

from __future__ import annotations

import csv
import shutil

import pytest
from PIL import Image
from tiny import draw_photographs, tiny_registry

import emoclass
from emoclass.errors import ConfigError, OutputError

FLIPPED = {"sad/flipped-0.png", "sad/flipped-1.png", "happy/flipped-0.png"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two emotions of different colors; three labels are wrong."""
    root = draw_photographs(tmp_path_factory.mktemp("photos"), {"happy": 32, "sad": 31})
    for number in range(2):
        (root / "happy" / f"{number:03d}.png").rename(root / "sad" / f"flipped-{number}.png")
    (root / "sad" / "000.png").rename(root / "happy" / "flipped-0.png")
    return root


@pytest.fixture(scope="module")
def found(photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return emoclass.suspected_labels(photos, plugin="tiny", folds=2, epochs=8, out=out, registry=tiny_registry())


def test_wrong_labels_come_first(found):
    assert {each.path for each in found.suspects[:3]} == FLIPPED
    assert all(each.issue for each in found.suspects[:3])
    assert (found.n_images, found.labels) == (63, ("happy", "sad"))


def test_the_list_and_the_pictures_are_written_into_the_study(found):
    with found.table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [each.path for each in found.suspects]
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    assert found.sheet is not None and found.table.parent == found.sheet.parent == found.study
    with Image.open(found.sheet) as sheet:
        assert min(sheet.size) > 200


def test_a_finished_study_is_ranked_again_without_training(found):
    again = emoclass.suspected_labels(study=found.study, registry=tiny_registry())
    assert again == found


def test_a_study_takes_no_other_settings(tmp_path):
    with pytest.raises(ConfigError, match="uses the data and settings it was started with"):
        emoclass.suspected_labels("photos", study=tmp_path, registry=tiny_registry())


def test_without_the_default_plugin_the_error_says_how_to_get_one(tmp_path):
    with pytest.raises(ConfigError, match="plugin 'happysad': expected to be installed") as caught:
        emoclass.suspected_labels(tmp_path, registry=tiny_registry())
    assert "pip install emoclass-happysad" in str(caught.value.hint)


def test_one_emotion_is_not_enough(tmp_path):
    draw_photographs(tmp_path, {"happy": 3})
    with pytest.raises(ConfigError, match="expected images of at least two emotions, got only happy"):
        emoclass.suspected_labels(tmp_path, plugin="tiny", registry=tiny_registry())


def test_a_table_of_a_stranger_leads_to_no_file_outside_the_data(found, tmp_path):
    study = shutil.copytree(found.study, tmp_path / "study")
    table = study / "predictions.csv"
    for path in ("../secret.png", "/etc/passwd"):
        table.write_text((found.study / "predictions.csv").read_text().replace("sad/flipped-0.png", path))
        with pytest.raises(OutputError) as caught:
            emoclass.suspected_labels(study=study, registry=tiny_registry())
        assert f"predictions.csv cannot be read (expected paths inside the data folder, got '{path}')" in str(
            caught.value
        )
