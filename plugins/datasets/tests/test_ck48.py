"""CK+48: persons stay together, and folders and names are as the copy has them."""

from dataclasses import replace

import pytest
from emoclass_datasets.ck48 import CODES, load, make_tiny
from emoclass_datasets.tiny import draw

from emoclass import LabelScheme
from emoclass.data.split import split as draw_split
from emoclass.errors import DataError
from emoclass.values.config import DataConfig


@pytest.fixture
def root(tmp_path):
    make_tiny(tmp_path)
    return tmp_path


def test_the_person_is_group_and_attribute(root):
    samples = {sample.id: sample for sample in load(root)}
    face = samples["happy/S010_005_00000014.png"]
    assert (face.emotion, face.group, face.attributes, face.split) == ("happy", "S010", {"subject": "S010"}, None)
    assert face.path == "CK+48/happy/S010_005_00000014.png"
    assert {sample.group for sample in samples.values()} == {"S010", "S011", "S999"}


def independent(root):
    """Read CK+48 by its files' names alone: path -> class folder, person, folder above the class."""
    return {
        file.relative_to(root).as_posix(): (file.parent.name, file.name[:4], file.parent.parent.name)
        for file in root.rglob("*.png")
    }


@pytest.mark.parametrize("classes", [("anger", "fear", "happy", "sadness", "surprise"), ("Happy", "Anger", "Surprise")])
def test_copies_with_fewer_classes_keep_persons_together(tmp_path, classes):
    for number, word in enumerate(classes):
        for person in ("S010", "S011", "S999"):
            draw(tmp_path / f"ck/CK+48/{word}/{person}_00{number}_00000014.png")
    samples = list(load(tmp_path))
    expected = independent(tmp_path)
    assert {sample.path for sample in samples} == expected.keys()
    for sample in samples:
        word, person, _ = expected[sample.path]
        assert (sample.emotion, sample.group, sample.split) == (CODES[word.lower()], person, None)


def test_split_folders_are_the_split_and_a_person_in_both_is_told(tmp_path):
    for folder, person in (("train", "S010"), ("train", "S011"), ("test", "S011"), ("val", "S012")):
        for number, word in enumerate(("anger", "happy")):
            draw(tmp_path / f"CK48/{folder}/{word}/{person}_00{number}_000000{len(folder)}0.png")
    samples = list(load(tmp_path))
    expected = independent(tmp_path)
    split = {"train": "train", "test": "test", "val": "validation"}
    assert {s.path: (s.group, s.split) for s in samples} == {
        path: (person, split[above]) for path, (_, person, above) in expected.items()
    }
    drawn = draw_split(
        [replace(sample, emotion=CODES[sample.path.split("/")[2]]) for sample in samples],
        LabelScheme(emotions=("angry", "happy")),
        DataConfig(dataset="ck48", root=tmp_path),
        seed=0,
    )
    assert any("1 groups (persons or sources) are in more than one" in note for note in drawn.notes)


def test_class_folders_without_faces_are_an_error(root):
    for file in root.rglob("*.png"):
        file.unlink()
    with pytest.raises(DataError, match=r"expected faces in .*CK\+48, got empty class folders\. Its layout is"):
        list(load(root))


def test_a_folder_that_is_no_class_is_an_error(root):
    (root / "CK+48/bored").mkdir()
    with pytest.raises(DataError, match=r"expected folders called angry, .*, got 'bored' \(bored\)"):
        list(load(root))


@pytest.mark.parametrize("name", ["face.png", "S10_005_00000014.png", "S010_005_00000014.txt"])
def test_a_name_that_says_no_person_is_an_error(root, name):
    (root / "CK+48/happy" / name).touch()
    with pytest.raises(DataError, match=rf"expected a name such as S010_.*, got '{name}' \(happy/{name}\)"):
        list(load(root))
