"""JAFFE: names say it all."""

import pytest
from emoclass_datasets.jaffe import load, make_tiny

from emoclass.errors import DataError


@pytest.fixture
def root(tmp_path):
    make_tiny(tmp_path)
    return tmp_path


def test_the_first_two_letters_are_group_and_subject(root):
    samples = {sample.id: sample for sample in load(root)}
    assert {sample.group for sample in samples.values()} == {"KA", "UY", "YM"}
    face = samples["UY.FE1.10.tiff"]
    assert (face.emotion, face.attributes, face.path) == ("scared", {"subject": "UY"}, "UY.FE1.10.tiff")


def test_files_may_lie_deeper_and_be_written_in_another_case_beside_other_files(root):
    (root / "jaffe/more").mkdir(parents=True)
    (root / "KA.AN1.1.tiff").rename(root / "jaffe/more/ka.an1.1.TIF")
    (root / "README_FIRST.txt").write_text("ratings")
    samples = {sample.id: sample for sample in load(root)}
    face = samples["ka.an1.1.TIF"]
    assert (face.emotion, face.group, face.path) == ("angry", "KA", "jaffe/more/ka.an1.1.TIF")
    assert len(samples) == 21


@pytest.mark.parametrize("name", ["KA.AN1.tiff", "KAA.AN1.1.tiff", "face.tiff", "KA.AN1.png"])
def test_another_name_is_an_error(root, name):
    (root / name).touch()
    with pytest.raises(DataError, match=rf"expected a name such as KA.AN1.39.tiff, got '{name}' \({name}\)"):
        list(load(root))


def test_unknown_letters_are_an_error(root):
    (root / "KA.BO1.50.tiff").touch()
    with pytest.raises(DataError, match=r"expected a class among AN, DI, .*, got 'BO' \(KA.BO1.50.tiff\)"):
        list(load(root))


def test_a_photograph_in_two_folders_is_an_error(root):
    (root / "copy").mkdir()
    (root / "copy/ka.an1.1.TIFF").touch()
    with pytest.raises(DataError, match=r"expected ka.an1.1.TIFF once, got it in KA.AN1.1.tiff too \(copy/ka.an1"):
        list(load(root))


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "png", "bmp", "tif"])
def test_copies_in_other_formats_keep_labels_and_persons(root, ending):
    words = {"AN": "angry", "DI": "disgusted", "FE": "scared", "HA": "happy", "NE": "neutral", "SA": "sad"}
    for file in list(root.iterdir()):
        file.rename(file.with_suffix(f".{ending}"))
    assert {s.path: (s.group, s.emotion) for s in load(root)} == {
        file.name: (file.name[:2], words.get(file.name[3:5], "surprised")) for file in root.iterdir()
    }
