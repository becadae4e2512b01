"""ExpW: several faces in a photograph, each cut out, and rows that repeat."""

import io
import shutil

import numpy as np
import pytest
from emoclass_datasets.crops import read_sample
from emoclass_datasets.expw import load, make_tiny
from PIL import Image

from emoclass.errors import DataError, UnreadableImageError


@pytest.fixture
def root(tmp_path):
    make_tiny(tmp_path)
    return tmp_path


def append(root, line):
    with (root / "label/label.lst").open("a") as file:
        file.write(line + "\n")


def listed(root):
    return {sample.id: sample for sample in load(root)}


def test_the_faces_of_a_photograph_are_a_group_and_differ_in_their_ids(root):
    samples = listed(root)
    assert len(samples) == 28  # the list has 29 lines, one of them twice
    first, second = samples["face_0.jpg#xywh=2,3,24,24"], samples["face_0.jpg#xywh=30,3,24,24"]
    assert (first.emotion, second.emotion) == ("angry", "happy")
    assert first.group == second.group == "face_0.jpg"
    assert first.path == second.path == "image/origin/face_0.jpg"
    assert first.split is None


def test_each_face_is_cut_out_by_its_own_box(root):
    with Image.open(root / "image/origin/face_0.jpg") as image:
        whole = np.asarray(image)
    for left in (2, 30):
        sample = listed(root)[f"face_0.jpg#xywh={left},3,24,24"]
        with Image.open(io.BytesIO(read_sample(root, sample))) as face:
            np.testing.assert_array_equal(np.asarray(face), whole[3:27, left : left + 24])


def test_the_columns_are_top_left_right_bottom(root):
    append(root, "face_1.jpg 2 1 10 40 20 9.5 3")
    assert listed(root)["face_1.jpg#xywh=10,1,30,19"].emotion == "happy"


def test_a_box_whose_right_is_left_of_its_left_is_unreadable_and_no_reason_to_stop(root):
    append(root, "face_1.jpg 2 1 40 10 20 9.5 3")
    with pytest.raises(
        UnreadableImageError, match=r"nothing of the picture \(56x30\) lies in its face box 40,1,-30,19"
    ):
        read_sample(root, listed(root)["face_1.jpg#xywh=40,1,-30,19"])


def test_a_face_that_is_listed_with_two_labels_is_conflicting(root):
    append(root, "face_0.jpg 5 3 2 26 27 12.5 1")
    samples = listed(root)
    assert len(samples) == 28
    assert samples["face_0.jpg#xywh=2,3,24,24"].emotion == "conflicting"


def test_list_and_images_may_lie_in_the_folder_itself(root):
    (root / "label/label.lst").rename(root / "label.lst")
    (root / "image/origin").rename(root / "origin")
    assert listed(root)["face_0.jpg#xywh=2,3,24,24"].path == "origin/face_0.jpg"


def test_the_folder_that_7_zip_makes_is_found(root):
    (root / "image/origin").rename(root / "moved")
    (root / "image/origin.7z").mkdir()
    (root / "moved").rename(root / "image/origin.7z/origin")
    rows = [line.split() for line in (root / "label/label.lst").read_text().splitlines()]
    words = ["angry", "disgusted", "scared", "happy", "sad", "surprised", "neutral"]
    assert {(s.path, s.emotion, s.group) for s in load(root)} == {
        (f"image/origin.7z/origin/{row[0]}", words[int(row[7])], row[0]) for row in rows
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "face_0.jpg 0 3 2 26 27 12.5",
            r"expected 8 fields \(image_name .* label\), got 7 \(label/label.lst, line 30\)",
        ),
        ("face_0.jpg 0 3 2 x 27 12.5 1", r"whole numbers for top left right bottom, got '3 2 x 27' \(.*lst, line 30\)"),
        ("face_0.jpg 0 3 2 26 27 12.5 7", r"expected a class among 0, 1, .*, got '7' \(label/label.lst, line 30\)"),
        ("/face_0.jpg 0 3 2 26 27 12.5 1", r"the name of an image in origin, got '/face_0.jpg' \(.*lst, line 30\)"),
        (
            "absent.jpg 0 3 2 26 27 12.5 1",
            r"label.lst names, got 1 that are not there, image/origin/absent.jpg for one",
        ),
    ],
)
def test_a_malformed_line_is_an_error(root, line, message):
    append(root, line)
    with pytest.raises(DataError, match=message):
        listed(root)


def test_a_missing_folder_of_images_is_an_error(root):
    shutil.rmtree(root / "image")
    with pytest.raises(
        DataError, match=r"expected image/origin or origin or image/origin.7z/origin in .*, got none of them"
    ):
        listed(root)
