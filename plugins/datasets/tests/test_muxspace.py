"""muxspace/facial_expressions: words in mixed case, commas and tabs, rows that repeat."""

import shutil
from collections import Counter

import pytest
from emoclass_datasets.muxspace import load, make_tiny
from emoclass_datasets.tiny import draw

from emoclass.errors import DataError

LEGEND = "facial_expressions/data/legend.csv"


@pytest.fixture
def root(tmp_path):
    make_tiny(tmp_path)
    return tmp_path


def append(root, line):
    with (root / LEGEND).open("a") as file:
        file.write(line + "\n")


def listed(root):
    return {sample.id: sample for sample in load(root)}


def test_words_in_any_case_are_one_class_each(root):
    counts = Counter(sample.emotion for sample in load(root))
    assert counts["contemptuous"] == counts["neutral"] == counts["conflicting"] == 3
    assert {counts[emotion] for emotion in ("happy", "sad", "angry", "scared", "surprised", "disgusted")} == {6}


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Ann_Van_Lee_0012.jpg", "Ann_Van_Lee"),
        ("AnnLee0012.jpg", "AnnLee"),
        ("AnnLee00012.jpg", "AnnLee"),
        ("AnnLee_1.jpg", "AnnLee"),
        ("AnnLee_12.jpg", "AnnLee"),
        ("AnnLee_123.JPG", "AnnLee"),
        ("Ann_Lee_123456.jpg", "Ann_Lee"),
        ("facial-expressions_12.jpg", None),
        ("face_2868588k.jpg", None),
        ("0012.jpg", None),
    ],
)
def test_photographs_of_one_name_are_a_group(root, name, group):
    draw(root / "facial_expressions/images" / name)
    append(root, f"7,{name},happy")
    assert listed(root)[name].group == group
    assert listed(root)[name].path == f"facial_expressions/images/{name}"


def test_tabs_and_quotes_separate_as_commas_do(root):
    for name in ("a.jpg", "b.jpg"):
        draw(root / "facial_expressions/images" / name)
    append(root, "7\ta.jpg\tFear")
    append(root, '"7","b.jpg","Fear"')
    samples = listed(root)
    assert samples["a.jpg"].emotion == samples["b.jpg"].emotion == "scared"


def test_a_name_that_repeats_stands_once_and_with_two_words_for_one_class_has_no_conflict(root):
    before = listed(root)
    append(root, "7,Ann_Lee_0000.jpg,ANGRY")  # listed as anger
    assert listed(root) == before
    append(root, "7,Ann_Lee_0000.jpg,fear")
    assert listed(root)["Ann_Lee_0000.jpg"].emotion == "conflicting"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7,a.jpg", r"expected user.id,image,emotion, got '7,a.jpg' \(data/legend.csv, line 51\)"),
        ("7,,fear", r"expected user.id,image,emotion, got '7,,fear' \(data/legend.csv, line 51\)"),
        ("7,a.jpg,bored", r"expected a class among anger, .*, got 'bored' \(data/legend.csv, line 51\)"),
        ("7,../a.jpg,fear", r"expected the name of an image in images, got '../a.jpg' \(data/legend.csv, line 51\)"),
        ("7,a.jpg,fear", r"got 1 that are not there, facial_expressions/images/a.jpg for one"),
    ],
)
def test_a_malformed_line_is_an_error(root, line, message):
    append(root, line)
    with pytest.raises(DataError, match=message):
        listed(root)


def test_a_missing_folder_of_images_is_an_error(root):
    shutil.rmtree(root / "facial_expressions/images")
    with pytest.raises(DataError, match=r"expected images/ in .*facial_expressions, got nothing of that name"):
        listed(root)
