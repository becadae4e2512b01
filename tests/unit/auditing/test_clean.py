"""What a clean dataset leaves out, the list of it, and the copy without it."""

from __future__ import annotations

import os

import pytest

from emoclass.auditing.clean import (
    check_target,
    describe,
    exclusions,
    read_exclusions,
    write_copy,
    write_list,
)
from emoclass.auditing.findings import Audit, Copy
from emoclass.auditing.suspicious import suspicions
from emoclass.errors import ConfigError, DataError, OutputError
from emoclass.results import SkippedFile
from emoclass.specs import DatasetSpec, Sample

FILES = DatasetSpec(name="files", summary="Files.", load="emoclass.data.folder:load")


def audited(*clusters, unreadable=(), conflicts=(), crossing=()) -> Audit:
    """Return an audit of groups of copies, each given as (path, split, width)."""
    copies = {
        path: Copy(path=path, label="happy", split=split, width=width, height=10)
        for cluster in clusters
        for path, split, width in cluster
    }
    groups = tuple(tuple(path for path, _, _ in cluster) for cluster in clusters)
    return Audit(
        dataset="files",
        n_images=9,
        clusters=groups,
        copies=copies,
        near=groups,
        unreadable=tuple(SkippedFile(path=path, reason="empty file") for path in unreadable),
        label_conflicts=tuple(groups[number] for number in conflicts),
        crossing=tuple(groups[number] for number in crossing),
    )


def left(found: Audit) -> dict[str, tuple[str, str | None]]:
    return {each.path: (each.why, each.kept) for each in exclusions(found)}


def test_of_copies_the_largest_stays_and_then_the_first():
    found = audited([("a", None, 5), ("b", None, 9), ("c", None, 9)], unreadable=["x"])
    assert left(found) == {"a": ("copy", "b"), "c": ("copy", "b"), "x": ("unreadable", None)}


def test_where_official_splits_cross_one_in_the_test_set_stays():
    found = audited([("a", "train", 99), ("b", "test", 5), ("c", "test", 7)], crossing=[0])
    assert left(found) == {"a": ("copy across splits", "c"), "b": ("copy across splits", "c")}
    assert "2 copies across official splits (one in the test set stays)" in describe(exclusions(found))


def test_of_copies_under_different_labels_none_stays():
    found = audited([("a", None, 5), ("b", None, 9)], conflicts=[0])
    assert left(found) == {"a": ("label conflict", None), "b": ("label conflict", None)}


def test_nothing_is_left_out_of_a_clean_dataset():
    assert exclusions(audited()) == ()
    assert describe(()) == "0 images left out."


def test_a_list_begins_with_a_comment_and_is_read_back(tmp_path):
    target = tmp_path / "lists" / "out.txt"
    odd = ["#1.jpg", "./x.jpg", "a b.jpg", "ü/é.jpg", " begins.jpg"]
    found = audited(unreadable=odd)
    write_list(exclusions(found), found, target)
    text = target.read_text(encoding="utf-8")
    assert text.startswith("# Images that emoclass audit leaves out")
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == len(odd)
    assert read_exclusions(target) == frozenset(odd)
    check_target(target, None, FILES)  # it may be written anew


def test_a_list_from_another_editor_is_read(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf# said\r\n\r\nhappy/a.jpg\r\n./sad/b.jpg")
    assert read_exclusions(tmp_path / "a.txt") == {"happy/a.jpg", "sad/b.jpg"}


def test_a_list_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "picture.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DataError, match="no UTF-8 text"):
        read_exclusions(tmp_path / "picture.jpg")
    with pytest.raises(DataError, match="No such file"):
        read_exclusions(tmp_path / "missing.txt")


def test_a_path_with_a_line_break_cannot_stand_in_a_list(tmp_path):
    found = audited(unreadable=["a\nb.jpg"])
    with pytest.raises(OutputError, match="line break"):
        write_list(exclusions(found), found, tmp_path / "out.txt")


def test_a_clean_copy_is_made_of_hard_links(tmp_path):
    root, target = tmp_path / "in", tmp_path / "out"
    (root / "happy").mkdir(parents=True)
    for name in "ab":
        (root / "happy" / name).write_text(name)
    (root / "happy" / "link").symlink_to("a")
    samples = [Sample(id=path, path=path, emotion="happy") for path in ("happy/a", "happy/b", "happy/link")]
    written = list(write_copy(exclusions(audited(unreadable=["happy/b"])), samples, root, target))
    assert written == ["happy/a", "happy/link"]
    assert (target / "happy/a").samefile(root / "happy/a")
    assert (target / "happy/link").read_text() == "a" and not (target / "happy/link").is_symlink()
    assert not (target / "happy/b").exists()


def test_files_are_copied_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_text("a")
    list(write_copy((), [Sample(id="a", path="a", emotion="happy")], tmp_path, tmp_path / "out"))
    assert (tmp_path / "out/a").read_text() == "a"
    assert not (tmp_path / "out/a").samefile(tmp_path / "a")


def test_nothing_is_written_into_the_folder_or_over_other_files(tmp_path):
    root, full = tmp_path / "in", tmp_path / "full"
    for folder in (root, full):
        folder.mkdir()
    (full / "mine").touch()
    (tmp_path / "diary.txt").write_text("mine")
    for target, said in (
        (root / "clean", "lies inside"),
        (root / "x.txt", "lies inside"),
        (full, "new or an empty folder"),
        (tmp_path / "diary.txt", "not an audit's list"),
    ):
        with pytest.raises(OutputError, match=said):
            check_target(target, root, FILES)


def test_images_that_are_no_files_cannot_be_copied_as_files(tmp_path):
    table = DatasetSpec(name="table", summary="A table.", load="a:b", read_sample="a:c")
    with pytest.raises(ConfigError, match="no files of their own"):
        check_target(tmp_path / "out", tmp_path / "in", table)
    check_target(tmp_path / "out.txt", tmp_path / "in", table)


@pytest.mark.parametrize(
    ("size", "flat", "file_format", "path", "said"),
    [
        ((48, 48), False, "JPEG", "a.JPG", []),
        ((48, 48), False, "MPO", "a.jpg", []),
        ((48, 48), False, "PNG", None, []),
        ((48, 48), False, "PNG", "no-suffix", []),
        ((400, 100), False, "PNG", "a.png", []),
        ((100, 401), False, "PNG", "a.png", ["extreme aspect ratio (1:4.01)"]),
        ((15, 30), True, "WEBP", "a.gif", ["all one color", "tiny (15x30)", "named .gif, but is a WEBP file"]),
    ],
)
def test_what_makes_a_file_suspicious(size, flat, file_format, path, said):
    width, height = size
    assert list(suspicions(width=width, height=height, flat=flat, file_format=file_format, path=path)) == said
