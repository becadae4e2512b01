"""The `folder` dataset: what it lists, what it passes over, and what it says where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from emoclass.data.folder import load, make_tiny
from emoclass.errors import ConfigError, DataError
from emoclass.values.labels import EMOTIONS


def touch(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")
    return root


def paths(root: Path) -> list[str]:
    return [sample.path for sample in load(root)]


def refusal(root: Path | None) -> str:
    with pytest.raises(DataError) as caught:
        list(load(root))
    return str(caught.value)


def test_a_folder_per_class_is_listed_in_the_order_of_the_paths(tmp_path: Path) -> None:
    touch(tmp_path, "sad/b.jpg", "happy/b.jpg", "happy/a.PNG", "sad/10.jpg", "sad/9.jpg")
    samples = list(load(tmp_path))
    assert [sample.id for sample in samples] == ["happy/a.PNG", "happy/b.jpg", "sad/10.jpg", "sad/9.jpg", "sad/b.jpg"]
    assert [sample.emotion for sample in samples] == ["happy", "happy", "sad", "sad", "sad"]
    assert all(sample.id == sample.path and sample.split is None and sample.group is None for sample in samples)


def test_no_folder_says_how_to_name_one() -> None:
    assert refusal(None) == "dataset 'folder': expected a folder of images, got none. Name it with --data DIR."


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "photos"
    assert refusal(missing) == (
        f"data folder {missing}: no such folder. Check the path: --data, or data.root in a config file."
    )


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "photos.zip"
    file.write_bytes(b"PK")
    assert refusal(file).startswith(f"data folder {file}: expected a folder, got a file.")


def test_a_name_too_long_for_the_system_is_no_crash(tmp_path: Path) -> None:
    assert "cannot be listed (File name too long)" in refusal(tmp_path / ("x" * 300))


@pytest.mark.parametrize("stray", [(), ("photo.jpg", "readme.txt"), (".hidden/a.jpg",)])
def test_a_folder_without_class_folders_says_what_to_do(tmp_path: Path, stray: tuple[str, ...]) -> None:
    message = refusal(touch(tmp_path, *stray))
    assert message.startswith(f"data folder {tmp_path}: expected one subfolder per class, found none.")
    assert "subfolders named after their emotion, such as happy/ and sad/" in message


def test_empty_class_folders_list_nothing(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    assert paths(tmp_path) == []


@pytest.mark.parametrize(
    ("folder", "side"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("val", "validation"),
        ("VALID", "validation"),
        ("Validation", "validation"),
        ("TEST", "test"),
        ("testing", "test"),
    ],
)
def test_split_folders_are_known_in_any_case(tmp_path: Path, folder: str, side: str) -> None:
    touch(tmp_path, f"{folder}/happy/a.jpg", f"{folder}/sad/deep/b.jpg")
    samples = list(load(tmp_path))
    assert [(sample.path, sample.emotion, sample.split) for sample in samples] == [
        (f"{folder}/happy/a.jpg", "happy", side),
        (f"{folder}/sad/deep/b.jpg", "sad", side),
    ]


def test_the_three_official_splits_are_read_together(tmp_path: Path) -> None:
    touch(tmp_path, "train/happy/a.jpg", "val/happy/a.jpg", "test/happy/a.jpg")
    assert {sample.path: sample.split for sample in load(tmp_path)} == {
        "train/happy/a.jpg": "train",
        "val/happy/a.jpg": "validation",
        "test/happy/a.jpg": "test",
    }


def test_images_beside_the_classes_of_a_split_folder_are_passed_over(tmp_path: Path) -> None:
    assert paths(touch(tmp_path, "train/a.jpg", "train/happy/b.jpg")) == ["train/happy/b.jpg"]


def test_split_folders_beside_class_folders_are_refused(tmp_path: Path) -> None:
    message = refusal(touch(tmp_path, "train/happy/a.jpg", "test/happy/a.jpg", "happy/a.jpg", "sad/a.jpg"))
    assert message == (
        f"data folder {tmp_path}: split folders (test, train) stand beside others (happy, sad). "
        "Use either one subfolder per class, or train/, validation/ and test/ with the class folders below them."
    )


def test_nested_folders_belong_to_the_class_above(tmp_path: Path) -> None:
    touch(tmp_path, "happy/2019/spring/a.jpg", "happy/sad/b.jpg", "happy/c.jpg")
    assert [(sample.path, sample.emotion) for sample in load(tmp_path)] == [
        ("happy/2019/spring/a.jpg", "happy"),
        ("happy/c.jpg", "happy"),
        ("happy/sad/b.jpg", "happy"),
    ]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "happy/.DS_Store", "happy/.thumbs/a.jpg", ".git/a.jpg", ".train/happy/a.jpg", "happy/a.jpg")
    assert paths(tmp_path) == ["happy/a.jpg"]


def test_files_that_are_no_images_are_listed_for_the_decoder_to_refuse(tmp_path: Path) -> None:
    assert paths(touch(tmp_path, "happy/notes.txt", "happy/no_extension")) == ["happy/no_extension", "happy/notes.txt"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may list every folder")
@pytest.mark.parametrize("folder", [".", "happy", "happy/deep"])
def test_a_folder_that_may_not_be_listed_is_named(tmp_path: Path, folder: str) -> None:
    touch(tmp_path, "happy/deep/a.jpg")
    locked = tmp_path / folder
    locked.chmod(0)
    try:
        message = refusal(tmp_path)
    finally:
        locked.chmod(0o700)
    assert message == f"data folder {locked}: cannot be listed (Permission denied)."


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may search every folder")
def test_a_root_below_a_folder_that_may_not_be_searched_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "locked/photos/happy/a.jpg")
    (tmp_path / "locked").chmod(0)
    try:
        message = refusal(tmp_path / "locked" / "photos")
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert "cannot be listed (Permission denied)" in message


def test_a_folder_that_fails_while_it_is_listed_is_named_for_root_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "happy/deep/a.jpg")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert refusal(tmp_path) == f"data folder {tmp_path / 'happy' / 'deep'}: cannot be listed (Permission denied)."


def test_links_to_images_and_to_class_folders_are_followed(tmp_path: Path) -> None:
    touch(tmp_path, "store/a.jpg", "photos/sad/b.jpg")
    (tmp_path / "photos" / "happy").symlink_to(tmp_path / "store", target_is_directory=True)
    (tmp_path / "photos" / "sad" / "c.jpg").symlink_to(tmp_path / "store" / "a.jpg")
    assert paths(tmp_path / "photos") == ["happy/a.jpg", "sad/b.jpg", "sad/c.jpg"]


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "photos/sad/b.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "photos", target_is_directory=True)
    assert paths(tmp_path / "link") == ["sad/b.jpg"]


def test_a_broken_link_is_listed_so_that_it_is_reported_as_skipped(tmp_path: Path) -> None:
    touch(tmp_path, "happy/a.jpg")
    (tmp_path / "happy" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "happy" / "self.jpg").symlink_to("self.jpg")
    assert paths(tmp_path) == ["happy/a.jpg", "happy/gone.jpg", "happy/self.jpg"]


def test_a_link_that_leads_back_up_does_not_loop_or_mix_the_classes(tmp_path: Path) -> None:
    touch(tmp_path, "happy/a.jpg", "sad/b.jpg")
    (tmp_path / "happy" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "missing").symlink_to(tmp_path / "nowhere", target_is_directory=True)
    assert paths(tmp_path) == ["happy/a.jpg", "sad/b.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_file_and_never_opened(tmp_path: Path) -> None:
    touch(tmp_path, "happy/a.jpg")
    os.mkfifo(tmp_path / "happy" / "pipe.jpg")
    (tmp_path / "happy" / "link.jpg").symlink_to("pipe.jpg")
    assert paths(tmp_path) == ["happy/a.jpg"]


@pytest.mark.parametrize("name", ["a photo.jpg", "größe 日本.jpg", "two\nlines.jpg", "-rf", "a,b;\"c'.jpg", "n" * 250])
def test_odd_file_names_are_kept_as_they_are(tmp_path: Path, name: str) -> None:
    if sys.platform == "win32" and not name.isprintable():
        pytest.skip("Windows allows no such name")
    assert paths(touch(tmp_path, f"very happy/{name}")) == [f"very happy/{name}"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps file names that are no text")
def test_a_file_name_that_is_no_utf8_is_refused_with_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "happy/a.jpg")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/happy/gr\xfcn.jpg")).write_bytes(b"x")
    message = refusal(tmp_path)
    assert message.encode()  # can be shown
    assert "'happy/gr\\udcfcn.jpg' cannot be read: its name is not UTF-8. Rename it." in message


@pytest.mark.skipif(sys.platform != "linux", reason="other systems read file names as UTF-8 anyway")
def test_utf8_names_under_another_locale_are_not_told_to_be_renamed(tmp_path: Path) -> None:
    """Python takes the names of files for ASCII there, and spells the other bytes out."""
    touch(tmp_path, "fröhlich/ä.jpg", "sad/b.jpg")
    code = (
        "import sys; from pathlib import Path; from emoclass.data.folder import load\n"
        "try:\n    list(load(Path(sys.argv[1])))\nexcept Exception as error:\n    print(ascii(str(error)))"
    )
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, **ascii_only}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "its name is UTF-8, and this environment's encoding of file names is ascii" in told
    assert "PYTHONUTF8=1" in told and "LC_ALL=C.UTF-8" in told and "Rename" not in told
    listed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, **ascii_only, "PYTHONUTF8": "1"}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert listed == ""


def test_the_order_does_not_depend_on_how_the_disk_lists_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{emotion}/{folder}/{number}.jpg" for emotion in ("a", "b") for folder in "xy" for number in range(5)]
    touch(tmp_path, *names)
    walk = os.walk

    def backwards(*args: object, **options: object) -> object:
        for parent, folders, files in walk(*args, **options):  # type: ignore[call-overload]
            folders.sort(reverse=True)
            yield parent, folders, sorted(files, reverse=True)

    monkeypatch.setattr(os, "walk", backwards)
    assert paths(tmp_path) == sorted(names)


def test_the_tiny_dataset_reads_like_a_real_one(tmp_path: Path) -> None:
    written = make_tiny(tmp_path)
    assert {sample.id: sample.emotion for sample in load(tmp_path)} == written
    assert Counter(written.values()) == dict.fromkeys(EMOTIONS, 6)


@pytest.mark.parametrize("below", ["images", "archive (3)", "data/faces"])
def test_classes_up_to_two_levels_below_the_folder_are_found(tmp_path: Path, below: str) -> None:
    touch(tmp_path, f"{below}/happy/a.jpg", f"{below}/Sadness/b.jpg", "readme.txt", "docs/notes.txt")
    assert [(sample.id, sample.path, sample.emotion, sample.split) for sample in load(tmp_path)] == [
        (f"{below}/Sadness/b.jpg", f"{below}/Sadness/b.jpg", "Sadness", None),
        (f"{below}/happy/a.jpg", f"{below}/happy/a.jpg", "happy", None),
    ]


def test_split_folders_below_the_folder_are_found(tmp_path: Path) -> None:
    touch(tmp_path, "archive (3)/Train/Anger/a.jpg", "archive (3)/Test/images/Anger/b.jpg")
    assert [(sample.path, sample.emotion, sample.split) for sample in load(tmp_path)] == [
        ("archive (3)/Test/images/Anger/b.jpg", "Anger", "test"),
        ("archive (3)/Train/Anger/a.jpg", "Anger", "train"),
    ]


def test_what_macos_adds_to_archives_is_passed_over(tmp_path: Path) -> None:
    touch(
        tmp_path, "train/happy/a.jpg", "test/happy/b.jpg", "__MACOSX/train/happy/._a.jpg", "train/happy/__MACOSX/c.jpg"
    )
    assert paths(tmp_path) == ["test/happy/b.jpg", "train/happy/a.jpg"]


def test_folders_with_images_are_classes_whatever_they_are_called(tmp_path: Path) -> None:
    touch(tmp_path, "smile/a.jpg", "frown/b.jpg", "frown/sad/c.jpg")
    assert [(sample.path, sample.emotion) for sample in load(tmp_path)] == [
        ("frown/b.jpg", "frown"),
        ("frown/sad/c.jpg", "frown"),
        ("smile/a.jpg", "smile"),
    ]


def test_classes_in_several_folders_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "anna/happy/a.jpg", "anna/sad/b.jpg", "ben/happy/c.jpg", "ben/sad/d.jpg")
    assert refusal(tmp_path) == (
        f"data folder {tmp_path}: expected one folder with the class folders, found 2: {tmp_path}/anna, "
        f"{tmp_path}/ben. Name one of them, or put the images of each class into one folder."
    )


def test_the_group_is_found_in_the_path_by_a_regular_expression(tmp_path, caplog):
    for name in ("happy/S010_1.png", "sad/S010_2.png", "sad/S011_1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = {sample.path: sample.group for sample in load(tmp_path, group=r"(S\d+)_")}
    assert found == {"happy/S010_1.png": "S010", "sad/S010_2.png": "S010", "sad/S011_1.png": "S011"}
    assert {sample.group for sample in load(tmp_path, group=r"S\d+")} == {"S010", "S011"}
    assert caplog.messages == []
    (tmp_path / "sad/x.png").touch()
    assert [sample.group for sample in load(tmp_path, group=r"(S\d+)_")][-1] is None
    assert caplog.messages == [r"The group '(S\\d+)_' matches 3 of 4 paths; others, such as 'sad/x.png', have none."]
    with pytest.raises(DataError, match=r"matches none of the 4 paths, such as 'happy/S010_1\.png'"):
        list(load(tmp_path, group=r"(T\d+)_"))
    with pytest.raises(ConfigError, match=r"data\.options\.group: '\(S' is no regular expression"):
        list(load(tmp_path, group="(S"))


def test_a_link_to_a_folder_above_is_no_class(tmp_path: Path) -> None:
    touch(tmp_path, "photos/happy/a.jpg", "photos/sad/b.jpg")
    (tmp_path / "photos" / "above").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "photos" / "self").symlink_to(".", target_is_directory=True)
    assert paths(tmp_path / "photos") == ["happy/a.jpg", "sad/b.jpg"]
