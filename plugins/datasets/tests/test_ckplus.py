"""CK+ as its owner gives it out: the peak of each sequence that has an emotion."""

import shutil

import pytest
from emoclass_datasets.ckplus import load, make_tiny

from emoclass.errors import ConfigError, DataError

LABEL = "Emotion/S005/006/S005_006_00000003_emotion.txt"


@pytest.fixture
def root(tmp_path):
    make_tiny(tmp_path)
    return tmp_path


def listed(root, **options):
    return {sample.id: sample for sample in load(root, **options)}


def test_the_last_frame_of_a_labeled_sequence_is_listed_with_its_person(root):
    samples = listed(root)
    peak = samples["S005/006/S005_006_00000003.png"]
    assert (peak.emotion, peak.group, peak.attributes) == ("happy", "S005", {"subject": "S005"})
    assert peak.path == "cohn-kanade-images/S005/006/S005_006_00000003.png"
    assert len(samples) == 3 * 8  # the ninth sequence of each person has no emotion file


def test_more_frames_are_counted_from_the_end(root):
    two = {name for name in listed(root, peak_frames=2) if name.startswith("S005/006")}
    assert two == {"S005/006/S005_006_00000002.png", "S005/006/S005_006_00000003.png"}
    assert len(listed(root, peak_frames=99)) == 3 * 8 * 3


def test_the_peak_is_the_highest_frame_number(root):
    shutil.copy(
        root / "cohn-kanade-images/S005/006/S005_006_00000001.png",
        root / "cohn-kanade-images/S005/006/S005_006_00000012.png",
    )
    assert "S005/006/S005_006_00000012.png" in listed(root)


@pytest.mark.parametrize("value", [0, -1, 1.0, "2", True])
def test_a_number_of_frames_that_is_none_is_refused(root, value):
    with pytest.raises(ConfigError, match=r"option peak_frames: expected an integer >= 1, got"):
        list(load(root, peak_frames=value))


def test_the_folders_of_the_archives_are_found_too(root):
    for old, new in (("cohn-kanade-images", "extended-cohn-kanade-images"), ("Emotion", "Emotion_labels")):
        (root / new).mkdir()
        (root / old).rename(root / new / old)
    samples = listed(root)
    assert len(samples) == 3 * 8
    path = "extended-cohn-kanade-images/cohn-kanade-images/S005/006/S005_006_00000003.png"
    assert samples["S005/006/S005_006_00000003.png"].path == path


@pytest.mark.parametrize("name", ["cohn-kanade-images", "Emotion"])
def test_one_of_the_two_folders_is_not_enough(root, name):
    shutil.rmtree(root / name)
    with pytest.raises(DataError, match=rf"expected {name} or .* in .*, got nothing of that name"):
        list(load(root))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("   8.0000000e+00\n", r"expected a class among 0, 1, .*, got '8' \(Emotion/S005/006/.*txt, line 1\)"),
        ("\n 1.5\n", r"got '1.5' \(Emotion/.*, line 2\)"),
        ("happy", r"got 'happy' \(Emotion/.*, line 1\)"),
        ("nan", r"got 'nan'"),
        ("", r"expected one line with a number, got 0 lines \(Emotion/"),
        ("1\n2\n", r"expected one line with a number, got 2 lines"),
    ],
)
def test_a_file_that_holds_no_known_number_is_an_error(root, text, message):
    (root / LABEL).write_text(text)
    with pytest.raises(DataError, match=message):
        list(load(root))


def test_an_emotion_file_of_another_name_is_an_error(root):
    (root / LABEL).rename(root / "Emotion/S005/006/label.txt")
    with pytest.raises(DataError, match=r"expected a name such as S005_.*, got 'label.txt' \(Emotion/S005/006/label"):
        list(load(root))


def test_a_frame_of_another_name_is_an_error(root):
    (root / "cohn-kanade-images/S005/006/peak.png").touch()
    with pytest.raises(DataError, match=r"expected a name such as S005_.*png, got 'peak.png' \(.*S005.006\)"):
        list(load(root))


def test_a_labeled_sequence_without_frames_is_an_error(root):
    folder = root / "cohn-kanade-images/S005/006"
    for frame in folder.iterdir():
        frame.unlink()
    with pytest.raises(DataError, match=rf"expected the frames of the sequence that {LABEL} labels, got an empty"):
        list(load(root))
    folder.rmdir()
    with pytest.raises(DataError, match=rf"expected the frames of the sequence that {LABEL} labels, got no folder"):
        list(load(root))


@pytest.mark.parametrize("labels", ["emotion", "Emotion_labels", "Emotion_labels/Emotion"])
def test_the_folder_of_the_labels_has_several_names(root, labels):
    before = listed(root)
    (root / "Emotion").rename(root / "moved")
    (root / labels).parent.mkdir(exist_ok=True)
    (root / "moved").rename(root / labels)
    assert listed(root) == before
    words = ["neutral", "angry", "contemptuous", "disgusted", "scared", "happy", "sad", "surprised"]
    assert {(s.group, s.path.split("/")[2], s.emotion) for s in before.values()} == {
        (file.parts[-3], file.parts[-2], words[int(float(file.read_text()))]) for file in root.rglob("*_emotion.txt")
    }
