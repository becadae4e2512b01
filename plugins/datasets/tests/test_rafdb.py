"""RAF-DB: the owner's layout and the copy's, the official split, and what the owner says of people."""

import shutil
from collections import Counter

import pytest
from emoclass_datasets.folders import FOLDERS
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


@pytest.mark.parametrize(
    ("notes", "reason"),
    [
        (None, "expected Annotation/manual/train_00003_manu_attri.txt, got a file that cannot be read"),
        ("1\n0\n", "expected 8 lines: five landmarks, gender, race, age, got 7 (Annotation/manual/train_00003"),
        ("3\n0\n0\n", "expected a number for gender among 0, 1, 2, got '3' (Annotation/manual/train_00003"),
        ("0\n3\n0\n", "expected a number for race among 0, 1, 2, got '3'"),
        ("0\n0\nold\n", "expected a number for age among 0, 1, 2, 3, 4, got 'old'"),
    ],
)
def test_a_missing_or_malformed_annotation_stops_nothing_and_is_told(root, notes, reason, caplog):
    if notes is None:
        (root / NOTE).unlink()
    else:
        (root / NOTE).write_text("1.0 2.0\n" * 5 + notes)
    samples = listed(root)
    assert [name for name, sample in samples.items() if not sample.attributes] == ["train_00003.jpg"]
    [record] = caplog.records
    assert record.getMessage().startswith("1 images have no gender, race and age")
    assert reason in record.getMessage()


@pytest.mark.parametrize(
    ("images", "list_", "notes"),
    [
        ("basic/Image/aligned/aligned", LIST, "basic/Annotation/manual/manual"),
        ("basic/Image/aligned", LIST, None),
        ("basic/Image/aligned", "basic/Image/list_patition_label.txt", None),
        ("raf/aligned", "raf/list_patition_label.txt", None),
        ("raf/aligned/aligned", "raf/list_patition_label.txt", None),
    ],
)
def test_the_folders_that_the_archives_unpack_to_are_read(root, images, list_, notes):
    rows = dict(line.split() for line in (root / LIST).read_text().splitlines())
    if images != "basic/Image/aligned":
        (root / "basic/Image/aligned").rename(root / "moved")
        (root / images).parent.mkdir(parents=True, exist_ok=True)
        (root / "moved").rename(root / images)
    if list_ != LIST:
        (root / list_).parent.mkdir(parents=True, exist_ok=True)
        (root / LIST).rename(root / list_)
    if notes:
        (root / "basic/Annotation/manual").rename(root / "moved")
        (root / notes).parent.mkdir(parents=True)
        (root / "moved").rename(root / notes)
    else:
        for file in (root / "basic/Annotation/manual").iterdir():
            file.unlink()  # an empty folder stops nothing
    order = ["surprised", "scared", "disgusted", "happy", "sad", "angry", "neutral"]
    samples = listed(root)
    assert {name: (s.emotion, s.split, s.path) for name, s in samples.items()} == {
        name: (order[int(code) - 1], name[:-4].split("_")[0], f"{images}/{name[:-4]}_aligned.jpg")
        for name, code in rows.items()
    }
    assert {bool(sample.attributes) for sample in samples.values()} == {bool(notes)}


def test_compound_emotions_have_their_own_words(tmp_path):
    words = [
        "happily surprised",
        "happily disgusted",
        "sadly fearful",
        "sadly angry",
        "sadly surprised",
        "sadly disgusted",
        "fearfully angry",
        "fearfully surprised",
        "angrily surprised",
        "angrily disgusted",
        "disgustedly surprised",
    ]
    rows = ""
    for number in range(11):
        draw(tmp_path / f"compound/Image/aligned/train_{number:04d}_aligned.jpg", mode="RGB")
        rows += f"train_{number:04d}.jpg {number + 1}\n"
    (tmp_path / "compound/EmoLabel").mkdir()
    (tmp_path / "compound/EmoLabel/list_patition_label.txt").write_text(rows)
    assert [sample.emotion for sample in load(tmp_path)] == words
    spec = next(spec for spec in FOLDERS if spec.name == "rafdb")
    assert set(words) <= set(spec.not_emotions)


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


@pytest.mark.parametrize("folder", ["val", "validation"])
def test_a_validation_folder_of_a_copy_is_read(copy, folder):
    for code in range(1, 8):
        draw(copy / f"archive/DATASET/{folder}/{code}/train_1000{code}_aligned.jpg", mode="RGB")
    samples = listed(copy)
    assert Counter(sample.split for sample in samples.values()) == {"train": 7, "validation": 7, "test": 7}
    assert samples[f"{folder}/4/train_10004_aligned.jpg"].emotion == "happy"


def test_a_copy_of_one_split_is_read(copy):
    shutil.rmtree(copy / "archive/DATASET/test")
    assert {sample.split for sample in load(copy)} == {"train"}


def test_a_missing_or_odd_folder_of_the_copy_is_an_error(copy):
    (copy / "archive/DATASET/test/8").mkdir()
    with pytest.raises(DataError, match=r"expected folders called surprised, .*, got '8' \(test/8\)"):
        listed(copy)
    shutil.rmtree(copy / "archive/DATASET/test/4")
    (copy / "archive/DATASET/test/8").rmdir()
    with pytest.raises(DataError, match=r"expected a folder for each class in .*test, got none for happy"):
        listed(copy)
