"""RAF-DB: the owner's layout and the copy's, the official split, and what the owner says of people."""

import shutil
from collections import Counter

import pytest
from emoclass_datasets.rafdb import load, make_tiny
from emoclass_datasets.tiny import draw

from emoclass.errors import ConfigError, DataError

LIST = "basic/EmoLabel/list_patition_label.txt"
NOTE = "basic/Annotation/manual/train_00003_manu_attri.txt"


@pytest.fixture
def root(tmp_path):
    make_tiny(tmp_path)
    return tmp_path


@pytest.fixture
def copy(tmp_path):
    """Write the copy's layout: one image a class and side."""
    for side, stem in (("train", "train_0000"), ("test", "test_000")):
        for code in range(1, 8):
            draw(tmp_path / f"archive/DATASET/{side}/{code}/{stem}{code}_aligned.jpg", mode="RGB")
    (tmp_path / "archive/train_labels.csv").write_text("image,label\n")
    return tmp_path


def listed(root, **options):
    return {sample.id: sample for sample in load(root, **options)}


def test_the_split_is_the_official_one(root):
    samples = listed(root)
    assert Counter(sample.split for sample in samples.values()) == {"train": 21, "test": 7}
    face = samples["test_0021.jpg"]
    assert (face.emotion, face.split, face.path) == ("surprised", "test", "basic/Image/aligned/test_0021_aligned.jpg")


def test_gender_race_and_age_are_words(root):
    (root / NOTE).write_text("1.0 2.0\n" * 5 + "1\n0\n2\n")
    assert listed(root)["train_00003.jpg"].attributes == {"gender": "female", "race": "Caucasian", "age": "20-39"}
    (root / NOTE).write_text("1.0 2.0\n" * 5 + "2\n1\n4\n")
    assert listed(root)["train_00003.jpg"].attributes == {"gender": "unsure", "race": "African-American", "age": "70+"}
    (root / NOTE).write_text("1.0 2.0\n" * 5 + "0\n2\n0\n")
    assert listed(root)["train_00003.jpg"].attributes == {"gender": "male", "race": "Asian", "age": "0-3"}
    assert listed(root)["train_00003.jpg"].group is None


def test_without_the_annotations_there_are_no_attributes(root):
    shutil.rmtree(root / "basic/Annotation")
    assert {len(sample.attributes) for sample in load(root)} == {0}


def test_an_annotation_of_an_image_that_is_missing_is_an_error(root):
    (root / NOTE).unlink()
    with pytest.raises(DataError, match=r"expected Annotation/manual/train_00003_manu_attri.txt, got a file that"):
        listed(root)


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        ("1\n0\n", r"expected 8 lines: five landmarks, gender, race, age, got 7 \(Annotation/manual/train_00003_manu"),
        (
            "3\n0\n0\n",
            r"expected a number for gender among 0, 1, 2, got '3' \(Annotation/manual/train_00003.*txt, line 6\)",
        ),
        ("0\n3\n0\n", r"expected a number for race among 0, 1, 2, got '3' \(.*, line 7\)"),
        ("0\n0\nold\n", r"expected a number for age among 0, 1, 2, 3, 4, got 'old' \(.*, line 8\)"),
    ],
)
def test_a_malformed_annotation_is_an_error(root, tail, message):
    (root / NOTE).write_text("1.0 2.0\n" * 5 + tail)
    with pytest.raises(DataError, match=message):
        listed(root)


def test_the_original_photographs_are_an_option(root):
    with pytest.raises(DataError, match=r"got 28 that are not there, Image/original/train_00000.jpg for one"):
        listed(root, images="original")
    for face in (root / "basic/Image/aligned").iterdir():
        draw(root / "basic/Image/original" / face.name.replace("_aligned", ""))
    assert listed(root, images="original")["train_00003.jpg"].path == "basic/Image/original/train_00003.jpg"


def test_other_images_are_refused(root):
    with pytest.raises(ConfigError, match="option images: expected aligned or original, got 'cropped'"):
        listed(root, images="cropped")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "train_00099.jpg",
            r"expected a line such as 'train_00001.jpg 5', got 'train_00099.jpg' \(EmoLabel/.*, line 29",
        ),
        ("valid_00099.jpg 5", r"expected a line such as .*, got 'valid_00099.jpg 5' \(.*txt, line 29\)"),
        ("train_00099.jpg 8", r"expected a class among 1, 2, .*, got '8' \(.*txt, line 29\)"),
        ("train_00003.jpg 4", r"expected each image once, got train_00003.jpg again \(.*txt, line 29\)"),
        ("train_00099.jpg 5", r"got 1 that are not there, Image/aligned/train_00099_aligned.jpg for one"),
    ],
)
def test_a_malformed_line_is_an_error(root, line, message):
    with (root / LIST).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=message):
        listed(root)


def test_above_the_basic_and_the_compound_emotions_the_basic_ones_are_taken(root):
    (root / "compound/EmoLabel").mkdir(parents=True)
    (root / "compound/EmoLabel/list_patition_label.txt").write_text("train_0001.jpg 11\n")
    assert len(listed(root)) == 28


def test_the_copy_has_the_same_classes_and_splits(copy):
    expected = ["surprised", "scared", "disgusted", "happy", "sad", "angry", "neutral"]
    for root in (copy, copy / "archive", copy / "archive/DATASET"):
        samples = listed(root)
        assert len(samples) == 14
        for code, emotion in enumerate(expected, start=1):
            for side, name in (("train", f"train_0000{code}"), ("test", f"test_000{code}")):
                face = samples[f"{side}/{code}/{name}_aligned.jpg"]
                assert (face.emotion, face.split, face.attributes) == (emotion, side, {})
                assert (root / face.path).is_file()


def test_the_copy_has_no_original_photographs(copy):
    with pytest.raises(ConfigError, match=r"option images: .*DATASET holds the aligned faces alone") as caught:
        listed(copy, images="original")
    assert "whdeng.cn" in caught.value.hint


def test_a_missing_or_odd_folder_of_the_copy_is_an_error(copy):
    (copy / "archive/DATASET/test/8").mkdir()
    with pytest.raises(DataError, match=r"expected a class among 1, .*, got '8' \(.*test\)"):
        listed(copy)
    shutil.rmtree(copy / "archive/DATASET/test/4")
    with pytest.raises(DataError, match=r"expected the class folders 1, .*test, got no 4"):
        listed(copy)
    shutil.rmtree(copy / "archive/DATASET/test")
    with pytest.raises(DataError, match=r"expected train/ and test/ in .*DATASET, got no test/"):
        listed(copy)


def test_a_class_folder_of_the_copy_without_faces_is_an_error(copy):
    (copy / "archive/DATASET/test/3/test_0003_aligned.jpg").unlink()
    with pytest.raises(DataError, match=r"expected faces in .*test/3, got none\. Its layout is"):
        listed(copy)
