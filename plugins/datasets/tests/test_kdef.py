"""KDEF: names say session, sex, person, expression and angle."""

from collections import Counter

import pytest
from emoclass_datasets.kdef import load, make_tiny

from emoclass.errors import ConfigError, DataError


@pytest.fixture
def root(tmp_path):
    make_tiny(tmp_path)
    return tmp_path


def listed(root, **options):
    return {sample.id: sample for sample in load(root, **options)}


def test_person_sex_and_angle_are_attributes_and_the_person_is_the_group(root):
    face = listed(root)["BF02DIFR.JPG"]
    assert (face.emotion, face.group, face.path) == ("disgusted", "F02", f"KDEF/BF02/{face.id}")
    assert face.attributes["subject"] == "F02"
    assert face.attributes["sex"] == "female"
    assert listed(root)["AM01AFFR.JPG"].attributes == {"subject": "M01", "sex": "male", "angle": "full right"}


def test_both_sessions_of_a_person_are_one_group_and_a_man_of_the_same_number_is_another(root):
    (root / "KDEF/BF01HAS.JPG").touch()
    samples = listed(root)
    assert samples["BF01HAS.JPG"].group == samples["AF01AFS.JPG"].group == "F01"
    assert samples["AM01AFFR.JPG"].group == "M01"


def test_all_angles_are_listed_unless_some_are_chosen(root):
    assert Counter(sample.attributes["angle"] for sample in listed(root).values()) == {
        "straight": 5, "half left": 4, "half right": 4, "full left": 4, "full right": 4
    }  # fmt: skip
    assert {sample.attributes["angle"] for sample in listed(root, angles=["S"]).values()} == {"straight"}
    assert {sample.attributes["angle"] for sample in listed(root, angles="S").values()} == {"straight"}
    halves = listed(root, angles=("HL", "HR")).values()
    assert {sample.attributes["angle"] for sample in halves} == {"half left", "half right"}


@pytest.mark.parametrize("angles", [[], ["s"], ["S", "X"], "HLHR", [3]])
def test_an_angle_that_there_is_not_is_refused(root, angles):
    with pytest.raises(ConfigError, match=r"option angles: expected some of S, HL, HR, FL, FR, got") as caught:
        list(load(root, angles=angles))
    assert "[data.options]" in caught.value.hint


def test_the_two_names_that_are_cut_off_are_no_emotion(root):
    (root / "KDEF/AF31").mkdir()
    (root / "KDEF/AF31/AF31V.JPG").touch()
    (root / "KDEF/am31h.jpg").touch()
    samples = listed(root)
    assert (samples["AF31V.JPG"].emotion, samples["AF31V.JPG"].group) == ("misnamed", "F31")
    assert samples["am31h.jpg"].attributes == {"subject": "M31", "sex": "male"}
    assert not {"AF31V.JPG", "am31h.jpg"} & listed(root, angles=["S"]).keys()


def test_names_may_be_written_in_lower_case_and_lie_in_the_root(root):
    (root / "af09sus.jpeg").touch()
    face = listed(root)["af09sus.jpeg"]
    assert (face.emotion, face.group, face.attributes["angle"]) == ("surprised", "F09", "straight")


@pytest.mark.parametrize("name", ["AF01ANX.JPG", "CF01ANS.JPG", "AF1ANS.JPG", "AF32V.JPG"])
def test_another_name_is_an_error(root, name):
    (root / "KDEF" / name).touch()
    with pytest.raises(DataError, match=rf"expected a name such as AF01ANS.JPG, got '{name}' \(KDEF/{name}\)"):
        list(load(root))


def test_unknown_letters_are_an_error(root):
    (root / "KDEF/AF01BOS.JPG").touch()
    with pytest.raises(DataError, match=r"expected a class among AF, AN, .*, got 'BO' \(KDEF/AF01BOS.JPG\)"):
        list(load(root))


def test_a_photograph_in_two_folders_is_an_error(root):
    (root / "KDEF/AF01AFS.JPG").touch()
    with pytest.raises(DataError, match=r"expected AF01AFS.JPG once, got it in KDEF/AF01AFS.JPG too"):
        list(load(root))


def test_the_owners_archive_has_averaged_faces_beside_the_photographs(tmp_path):
    names = ("AF01AFS.JPG", "BF01AFS.JPG", "AM02HAHL.JPG", "AM02NEFR.JPG")
    words = {"AF": "scared", "HA": "happy", "NE": "neutral"}
    for name in names:
        (tmp_path / "KDEF_and_AKDEF/KDEF" / name[:4]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "KDEF_and_AKDEF/KDEF" / name[:4] / name).touch()
    (tmp_path / "KDEF_and_AKDEF/AKDEF").mkdir()
    for name in ("FAFFL.JPG", "MHAS.JPG", "FNEHR.JPG"):
        (tmp_path / "KDEF_and_AKDEF/AKDEF" / name).touch()
    assert {s.path: (s.emotion, s.group) for s in load(tmp_path)} == {
        f"KDEF_and_AKDEF/KDEF/{name[:4]}/{name}": (words[name[4:6]], name[1:4]) for name in names
    }


def test_class_folders_say_nothing_that_the_names_do_not(tmp_path):
    for folder, name in (("afraid", "AF01AFS.JPG"), ("happy", "BM02HAS.png")):
        (tmp_path / "KDEF" / folder).mkdir(parents=True)
        (tmp_path / "KDEF" / folder / name).touch()
    assert {s.path: (s.emotion, s.group) for s in load(tmp_path)} == {
        "KDEF/afraid/AF01AFS.JPG": ("scared", "F01"), "KDEF/happy/BM02HAS.png": ("happy", "M02"),
    }  # fmt: skip
