"""CK+48: persons stay together, and folders and names are as the copy has them."""

import shutil

import pytest
from emoclass_datasets.ck48 import load, make_tiny

from emoclass.errors import DataError


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


def test_a_missing_class_folder_is_named(root):
    shutil.rmtree(root / "CK+48/fear")
    shutil.rmtree(root / "CK+48/anger")
    with pytest.raises(DataError, match=r"expected the class folders anger, contempt, .*, got no anger, fear"):
        list(load(root))


def test_class_folders_without_faces_are_an_error(root):
    for file in root.rglob("*.png"):
        file.unlink()
    with pytest.raises(DataError, match=r"expected faces in .*CK\+48, got empty class folders\. Its layout is"):
        list(load(root))


def test_a_folder_that_is_no_class_is_an_error(root):
    (root / "CK+48/bored").mkdir()
    with pytest.raises(DataError, match=r"expected a class among anger, .*, got 'bored' \(.*CK\+48\)"):
        list(load(root))


@pytest.mark.parametrize("name", ["face.png", "S10_005_00000014.png", "S010_005_00000014.txt"])
def test_a_name_that_says_no_person_is_an_error(root, name):
    (root / "CK+48/happy" / name).touch()
    with pytest.raises(DataError, match=rf"expected a name such as S010_.*, got '{name}' \(happy/{name}\)"):
        list(load(root))
