"""What all loaders of image folders do alike."""

import os
from pathlib import Path

import pytest
from emoclass_datasets.folders import FOLDERS
from emoclass_datasets.release import Release, without_repeats

from emoclass.errors import DataError
from emoclass.values.references import resolve
from emoclass.values.specs import Sample

RELEASE = Release(name="some", url="https://owner.example/", layout="faces/ beside list.txt")

every = pytest.mark.parametrize("spec", FOLDERS, ids=lambda spec: spec.name)


@pytest.fixture
def tiny(tmp_path):
    """Return a function that writes a dataset's tiny edition and returns its root and what was written."""

    def write(spec):
        root = tmp_path / "data"
        root.mkdir()
        return root, resolve(spec.make_tiny)(root)

    return write


def found(spec, root):
    return {sample.id: sample for sample in resolve(spec.load)(root)}


@every
def test_a_root_that_is_no_folder_is_an_error_that_says_what_the_layout_is_and_who_has_the_data(spec, tmp_path):
    (tmp_path / "file").touch()
    for root in (None, tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(DataError, match=f"dataset '{spec.name}': expected a folder, got") as caught:
            found(spec, root)
        assert "Its layout is " in caught.value.hint
        assert f"Nothing is downloaded: its owner distributes it at {spec.url}." in caught.value.hint


@every
def test_an_empty_folder_is_an_error(spec, tmp_path):
    with pytest.raises(DataError, match=f"dataset '{spec.name}': expected .* in {tmp_path}, got (none|nothing)"):
        found(spec, tmp_path)


@every
def test_the_folder_above_the_owners_serves_too_with_the_same_ids(spec, tiny, tmp_path):
    root, written = tiny(spec)
    inner, outer = found(spec, root), found(spec, tmp_path)
    assert inner.keys() == outer.keys() == written.keys()
    for name, sample in outer.items():
        assert sample.path == f"data/{inner[name].path}"
        assert (tmp_path / sample.path).is_file()


@every
def test_what_systems_leave_in_folders_is_passed_over(spec, tiny):
    root, written = tiny(spec)
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "._AF01ANS.JPG"):
            (folder / name).write_bytes(b"\0")
    (root / "__MACOSX/1").mkdir(parents=True)
    (root / "__MACOSX/1/odd.png").touch()
    assert found(spec, root).keys() == written.keys()


@every
def test_every_code_is_in_the_tiny_edition(spec, tiny):
    root, _ = tiny(spec)
    emotions = {sample.emotion for sample in found(spec, root).values()}
    assert set(spec.codes.values()) <= emotions
    assert set(spec.codes.values()) <= {*spec.emotions, *spec.not_emotions}
    assert set(spec.emotions) == emotions - set(spec.not_emotions)


@every
def test_terms_citation_and_address_are_given(spec):
    assert spec.license and spec.license.endswith(".")
    assert spec.citation and spec.citation.endswith(".")
    assert spec.url and spec.url.startswith("http")


def test_two_fitting_folders_are_an_error_that_names_both(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name / "faces").mkdir(parents=True)
    with pytest.raises(DataError, match=r"expected one folder with faces, got .*first, .*second") as caught:
        RELEASE.find(tmp_path, "faces")
    assert caught.value.hint == "Name one of them."
    assert RELEASE.find(tmp_path / "second", "faces") == tmp_path / "second"


def test_a_folder_three_levels_down_is_not_looked_for(tmp_path):
    (tmp_path / "a/b/c/faces").mkdir(parents=True)
    assert RELEASE.find(tmp_path / "a", "faces") == tmp_path / "a/b/c"
    with pytest.raises(DataError, match=r"expected faces or list in .*, got nothing of that name"):
        RELEASE.find(tmp_path, "faces", "list")


def test_a_link_that_leads_back_up_is_not_followed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").symlink_to(tmp_path, target_is_directory=True)
    for name in ("a/2.PNG", "1.jpg", "3.txt"):
        (tmp_path / name).touch()
    assert list(RELEASE.pictures_below(tmp_path)) == [tmp_path / "1.jpg", tmp_path / "a/2.PNG"]


def test_absent_files_are_counted_and_the_first_is_named(tmp_path):
    (tmp_path / "there").touch()
    RELEASE.require(tmp_path, ["there"], "list.txt")
    with pytest.raises(DataError, match=r"expected all files that list.txt names, got 2 that are not there, b for one"):
        RELEASE.require(tmp_path, ["there", "b", "a"], "list.txt")
    with pytest.raises(DataError, match=r"got 1 that are not there, x{120} for one"):  # too long for any file
        RELEASE.require(tmp_path, ["x" * 5000], "list.txt")
    with pytest.raises(DataError, match=r"expected images, got none \(list\.txt\)"):
        RELEASE.require(tmp_path, [], "list.txt")


def test_lines_have_their_numbers_and_a_mark_at_the_beginning_is_no_part_of_them(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbfone\r\n\r\n  two \r\n")
    assert list(RELEASE.lines(tmp_path / "list.txt", "list.txt")) == [(1, "one"), (3, "two")]


def test_a_list_that_is_no_text_or_no_file_is_an_error(tmp_path):
    (tmp_path / "list.txt").write_bytes("räuber\n".encode() + b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"expected UTF-8 text, got other bytes \(list.txt, line 2\)"):
        list(RELEASE.lines(tmp_path / "list.txt", "list.txt"))
    with pytest.raises(DataError, match=r"expected list.txt, got a file that cannot be read"):
        list(RELEASE.lines(tmp_path, "list.txt"))


@pytest.mark.parametrize("name", ["/etc/hostname", "../a.jpg", "a/../../b.jpg", "."])
def test_a_name_that_leads_out_of_the_folder_is_an_error(name, tmp_path):
    with pytest.raises(DataError, match=r"expected the name of an image in faces, got .* \(list.txt, line 3\)"):
        RELEASE.inside(tmp_path / "faces", name, "list.txt", 3)
    assert RELEASE.inside(tmp_path, "a/b.jpg", "list.txt", 3) == tmp_path / "a/b.jpg"


def test_a_repeated_sample_stands_once_and_one_of_two_classes_is_conflicting():
    def sample(name, emotion):
        return Sample(id=name, path=name, emotion=emotion)

    rows = [sample("a", "happy"), sample("b", "sad"), sample("a", "happy"), sample("c", "sad"), sample("c", "angry")]
    rows.append(sample("c", "sad"))
    kept = [(each.id, each.emotion) for each in without_repeats(rows)]
    assert kept == [("a", "happy"), ("b", "sad"), ("c", "conflicting")]


def test_a_folder_beside_the_dataset_that_may_not_be_read_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "inner" / "some").mkdir(parents=True)
    (tmp_path / "inner" / "some" / "list.txt").touch()
    exists, scandir = Path.exists, os.scandir

    def closed(real):
        def asked(path, *more, **options):
            if "lost+found" in str(path):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *more, **options)

        return asked

    monkeypatch.setattr(Path, "exists", closed(exists))
    monkeypatch.setattr(os, "scandir", closed(scandir))
    assert RELEASE.find(tmp_path, "list.txt") == tmp_path / "inner" / "some"
    with pytest.raises(DataError, match=r"lost\+found, got one that cannot be listed \(Permission denied\)"):
        RELEASE.find(tmp_path / "lost+found", "list.txt")
