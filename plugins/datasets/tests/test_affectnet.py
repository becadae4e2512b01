"""AffectNet: both releases, the split, the crops, and labels that are no emotion."""

import io
import shutil
from collections import Counter

import numpy as np
import pytest
from emoclass_datasets.affectnet import load, make_tiny
from emoclass_datasets.crops import read_sample
from emoclass_datasets.tiny import draw
from PIL import Image

from emoclass.errors import DataError

TRAINING = "Manually_Annotated_file_lists/training.csv"
IMAGES = "Manually_Annotated/Manually_Annotated_Images"
ORDER = ["neutral", "happy", "sad", "surprised", "scared", "disgusted", "angry", "contemptuous"]


@pytest.fixture
def root(tmp_path):
    make_tiny(tmp_path)
    return tmp_path


@pytest.fixture
def arrays(tmp_path):
    """Write the release of 2021: a training face of each class, and a validation face; numbers of several types."""
    types = [str, int, float, np.uint8]
    for number in range(8):
        write_array(tmp_path / "train_set", number, types[number % 4](number))
    write_array(tmp_path / "val_set", 5, "5")
    return tmp_path


def write_array(folder, number, value):
    draw(folder / f"images/{number}.jpg", mode="RGB")
    (folder / "annotations").mkdir(exist_ok=True)
    np.save(folder / f"annotations/{number}_exp.npy", value)


def append(root, *lines):
    with (root / TRAINING).open("a") as file:
        file.writelines(line + "\n" for line in lines)


def listed(root):
    return {sample.id: sample for sample in load(root)}


def test_the_validation_set_is_the_test_set(root):
    samples = listed(root)
    assert Counter(sample.split for sample in samples.values()) == {"train": 33, "test": 11}
    face = samples["1/0034.jpg#xywh=8,3,24,24"]
    assert (face.emotion, face.split, face.path) == ("happy", "test", f"{IMAGES}/1/0034.jpg")
    assert face.group is None


def test_one_of_the_lists_is_enough(root):
    (root / TRAINING).unlink()
    assert {sample.split for sample in load(root)} == {"test"}
    (root / TRAINING.replace("training", "validation")).unlink()
    with pytest.raises(DataError, match=r"expected training.csv or validation.csv in .*_file_lists, got neither"):
        listed(root)


def test_the_line_of_column_names_may_be_absent(root):
    before = listed(root)
    _, _, rows = (root / TRAINING).read_text().partition("\n")
    (root / TRAINING).write_text(rows)
    assert listed(root) == before


def test_the_images_may_lie_beside_the_lists(root):
    (root / IMAGES).rename(root / "Manually_Annotated_Images")
    assert listed(root)["1/0034.jpg#xywh=8,3,24,24"].path == "Manually_Annotated_Images/1/0034.jpg"
    shutil.rmtree(root / "Manually_Annotated_Images")
    with pytest.raises(
        DataError, match=r"expected Manually_Annotated/.* or Manually_Annotated_Images in .*, got none of them"
    ):
        listed(root)


def test_the_face_is_cut_out_of_the_image(root):
    sample = listed(root)["1/0034.jpg#xywh=8,3,24,24"]
    with Image.open(root / sample.path) as image, Image.open(io.BytesIO(read_sample(root, sample))) as face:
        np.testing.assert_array_equal(np.asarray(face), np.asarray(image)[3:27, 8:32])


@pytest.mark.parametrize("box", [",,,", "NULL,NULL,NULL,NULL", "nan,nan,nan,nan", "8,3,NULL,24", "8,3,24,"])
def test_without_a_box_the_whole_image_is_taken(root, box):
    draw(root / IMAGES / "9/whole.jpg")
    append(root, f"9/whole.jpg,{box},,1,0.1,0.1")
    sample = listed(root)["9/whole.jpg"]
    assert read_sample(root, sample) == (root / IMAGES / "9/whole.jpg").read_bytes()


def test_labels_that_are_no_emotion_are_words(root):
    words = Counter(sample.emotion for sample in load(root))
    assert {words[word] for word in ("none", "uncertain", "non-face")} == {4}


def test_a_repeated_row_counts_once_and_one_with_another_label_is_conflicting(root):
    rows = (root / TRAINING).read_text().splitlines()
    append(root, rows[1], rows[2].replace(",1,0.1", ",2,0.1"))
    samples = listed(root)
    assert len(samples) == 44
    assert samples["0/0000.jpg#xywh=8,3,24,24"].emotion == "neutral"
    assert samples["1/0001.jpg#xywh=8,3,24,24"].emotion == "conflicting"


def test_an_image_in_both_lists_is_a_test_image(root):
    held_out = (root / TRAINING.replace("training", "validation")).read_text().splitlines()[1]
    append(root, held_out)
    samples = listed(root)
    image = held_out.partition(",")[0]
    assert len(samples) == 44
    assert [each.split for each in samples.values() if each.path.endswith(image)] == ["test"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "0/0000.jpg,8,3,24,24,,11,0,0",
            r"expected a class among 0, .*, got '11' \(Manually.*/training.csv, line 35\)",
        ),
        ("0/0000.jpg,8,3,24,24,,0,0", r"expected 9 fields \(subDirectory_filePath,.*\), got 8 \(.*csv, line 35\)"),
        ("0/0000.jpg,8,3,wide,24,,0,0,0", r"whole numbers for face_x,.*, got '8,3,wide,24' \(.*csv, line 35\)"),
        ("0/0000.jpg,8,3,inf,24,,0,0,0", r"expected whole numbers"),
        (
            "../0000.jpg,8,3,24,24,,0,0,0",
            r"expected the name of an image in Manually_Annotated_Images, got '../0000.jpg",
        ),
        ("9/9.jpg,8,3,24,24,,0,0,0", rf"got 1 that are not there, {IMAGES}/9/9.jpg for one"),
    ],
)
def test_a_malformed_row_is_an_error(root, row, message):
    append(root, row)
    with pytest.raises(DataError, match=message):
        listed(root)


@pytest.mark.parametrize(("name", "other"), [("expression", "emo"), ("face_x,face_y", "face_y,face_x")])
def test_other_columns_are_an_error(root, name, other):
    text = (root / TRAINING).read_text()
    (root / TRAINING).write_text(text.replace(name, other, 1))
    with pytest.raises(DataError, match=rf"expected the columns sub.*, got sub.*{other}.* \(Manually.*csv, line 1\)"):
        listed(root)


def test_a_table_that_is_no_text_is_an_error(root):
    append(root, "x" * 200_000)
    with pytest.raises(DataError, match=r"expected a table, got field larger .*/training\.csv, line 35\)"):
        listed(root)
    (root / TRAINING).write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"expected UTF-8 text, got other bytes \(Manually.*/training\.csv, line 1\)"):
        listed(root)


def test_the_release_of_2021_has_the_same_classes_and_splits(arrays):
    samples = listed(arrays)
    for number, emotion in enumerate(ORDER):
        face = samples[f"train_set/images/{number}.jpg"]
        assert (face.emotion, face.split, face.path) == (emotion, "train", face.id)
        assert read_sample(arrays, face) == (arrays / face.path).read_bytes()
    assert (samples["val_set/images/5.jpg"].emotion, samples["val_set/images/5.jpg"].split) == ("disgusted", "test")
    assert len(samples) == 9


def test_one_of_the_sets_is_enough(arrays):
    shutil.rmtree(arrays / "train_set")
    assert [sample.id for sample in load(arrays)] == ["val_set/images/5.jpg"]


def test_images_without_annotations_are_an_error(arrays):
    (arrays / "train_set/annotations/3_exp.npy").unlink()
    with pytest.raises(
        DataError, match=r"the folder train_set/images names, got 1 that are not there, 3_exp.npy for on"
    ):
        listed(arrays)
    shutil.rmtree(arrays / "train_set/annotations")
    with pytest.raises(DataError, match=r"expected images/ and annotations/ in .*train_set, got no annotations/"):
        listed(arrays)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([1, 2]), r"expected an array of one number, got another \(train_set/annotations/3_exp.npy\)"),
        ("11", r"expected a class among 0, .*, got '11' \(train_set/annotations/3_exp.npy\)"),
        (1.5, r"got '1.5'"),
        (np.array([None]), r"expected an array of one number, got something else .*allow_pickle=False.*3_exp.npy\)"),
    ],
)
def test_an_array_of_something_else_is_an_error_and_nothing_is_unpickled(arrays, value, message):
    np.save(arrays / "train_set/annotations/3_exp.npy", value, allow_pickle=True)
    with pytest.raises(DataError, match=message):
        listed(arrays)


HUGE = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,)}".ljust(117) + b"\n"


@pytest.mark.parametrize("data", [b"", b"3", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x01\x00\x76\x00" + HUGE])
def test_a_file_that_is_no_array_is_an_error(arrays, data):
    (arrays / "train_set/annotations/3_exp.npy").write_bytes(data)
    with pytest.raises(DataError, match=r"expected an array of one number, got something else"):
        listed(arrays)


@pytest.mark.parametrize(
    ("images", "lists"),
    [
        ("Manually_Annotated_compressed/Manually_Annotated_Images", "Manually_Annotated_file_lists"),
        ("Manually_Annotated_compressed", "Manually_Annotated_file_lists"),
        ("Manually_Annotated_Images", "."),
        (".", "."),
    ],
)
def test_the_images_and_the_lists_may_lie_as_the_owners_archives_unpack_them(root, images, lists):
    before = listed(root)
    (root / IMAGES).rename(root / "moved")
    (root / "Manually_Annotated").rmdir()
    for file in list((root / "moved").rglob("*.jpg")):
        (root / images / file.relative_to(root / "moved")).parent.mkdir(parents=True, exist_ok=True)
        file.rename(root / images / file.relative_to(root / "moved"))
    for file in list((root / "Manually_Annotated_file_lists").iterdir()):
        file.rename(root / lists / file.name)
    samples = listed(root)
    assert {name: (s.emotion, s.split) for name, s in samples.items()} == {
        name: (s.emotion, s.split) for name, s in before.items()
    }
    assert all((root / sample.path).is_file() for sample in samples.values())
    assert {s.path for s in samples.values()} == {
        (root / images / s.path.removeprefix(f"{IMAGES}/")).relative_to(root).as_posix() for s in before.values()
    }


@pytest.mark.parametrize(
    "words",
    [
        tuple("01234567"),
        ("Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt"),
        ("neutral", "happy", "sad", "suprise", "fear", "disgust", "anger", "contempt"),
    ],
)
@pytest.mark.parametrize(
    ("places", "splits"),
    [
        (("archive (3)/Train", "archive (3)/Test"), {"Train": "train", "Test": "test"}),
        (("train", "val"), {"train": "train", "val": "test"}),
        (("train", "valid", "test"), {"train": "train", "valid": "validation", "test": "test"}),
        (("faces",), {"faces": None}),
    ],
)
def test_copies_in_class_folders_have_the_same_classes(words, places, splits, tmp_path):
    for place in places:
        for number, word in enumerate(words):
            draw(tmp_path / place / word / f"image{number}.jpg", mode="RGB")
    assert {s.path: (s.emotion, s.split) for s in load(tmp_path)} == {
        file.relative_to(tmp_path).as_posix(): (ORDER[words.index(file.parent.name)], splits[file.parent.parent.name])
        for file in tmp_path.rglob("*.jpg")
    }
