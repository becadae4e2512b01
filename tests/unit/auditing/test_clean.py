"""What a clean dataset leaves out, as a list and as a copy, and where neither is written."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from drawn_pictures import altered, contents, photograph, write

from emoclass.auditing import clean
from emoclass.auditing.clean import (
    Exclusion,
    check_target,
    describe,
    exclusions,
    is_list,
    read_exclusions,
    write_copy,
    write_list,
)
from emoclass.auditing.examine import examine
from emoclass.auditing.findings import Audit
from emoclass.errors import ConfigError, DataError, OutputError
from emoclass.values.specs import DatasetSpec, Sample

FILES = DatasetSpec(name="files", summary="Files.", load=lambda root: [])
ONE, TWO = photograph(1), photograph(2)


def listed(root: Path, *, splits: bool = False) -> list[Sample]:
    """List files below class folders, which stand below split folders where there are any."""
    samples = []
    for path in sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file()):
        split = path.parts[0] if splits else None
        samples.append(Sample(id=path.as_posix(), path=path.as_posix(), emotion=path.parts[-2], split=split))
    return samples


def left_out(root: Path, *, splits: bool = False) -> dict[str, tuple[str, str | None]]:
    found = examine(listed(root, splits=splits), FILES, root, threads=2)
    return {each.path: (each.why, each.kept) for each in exclusions(found)}


def copied(out: Sequence[Exclusion], root: Path, target: Path) -> list[str]:
    return list(write_copy(out, listed(root), root, target))


# What is left out


def test_of_copies_the_largest_picture_stays(tmp_path) -> None:
    small, large = (altered(ONE)[name][0] for name in ("half as large", "twice as large"))
    write(tmp_path, {"sad/a.png": small, "sad/b.png": ONE, "sad/c.png": large, "sad/d.png": TWO})
    why = ("copy", "sad/c.png")
    assert left_out(tmp_path) == {"sad/a.png": why, "sad/b.png": why}


def test_of_copies_as_large_as_each_other_the_first_path_stays(tmp_path) -> None:
    write(tmp_path, {f"sad/{x}.png": ONE for x in "cab"})
    assert left_out(tmp_path) == {f"sad/{x}.png": ("copy", "sad/a.png") for x in "bc"}


def test_across_official_splits_the_copy_in_the_test_set_stays_even_if_it_is_smaller(tmp_path) -> None:
    small = altered(ONE)["half as large"][0]
    write(tmp_path, {"test/sad/z.png": small, "train/sad/a.png": ONE, "validation/sad/a.png": ONE})
    write(tmp_path, {"train/sad/b.png": TWO, "validation/sad/b.png": TWO})
    assert left_out(tmp_path, splits=True) == {
        "train/sad/a.png": ("copy across splits", "test/sad/z.png"),
        "validation/sad/a.png": ("copy across splits", "test/sad/z.png"),
        "train/sad/b.png": ("copy across splits", "validation/sad/b.png"),
    }


def test_all_copies_under_different_labels_go(tmp_path) -> None:
    write(tmp_path, {"happy/a.png": ONE, "happy/b.png": ONE, "sad/c.png": ONE, "sad/d.png": TWO})
    assert left_out(tmp_path) == dict.fromkeys(["happy/a.png", "happy/b.png", "sad/c.png"], ("label conflict", None))


def test_copies_under_two_words_for_one_label_are_copies(tmp_path) -> None:
    write(tmp_path, {"happy/a.png": ONE, "joy/b.png": ONE})
    assert left_out(tmp_path) == {"joy/b.png": ("copy", "happy/a.png")}


def test_what_cannot_be_read_goes_and_what_is_suspicious_stays(tmp_path) -> None:
    write(tmp_path, {"sad/broken.png": b"no picture", "sad/tiny.png": photograph(3, (8, 40)), "sad/a.png": ONE})
    assert left_out(tmp_path) == {"sad/broken.png": ("unreadable", None)}


def test_a_clean_dataset_loses_nothing(tmp_path) -> None:
    write(tmp_path, {"happy/a.png": ONE, "sad/b.png": TWO})
    assert left_out(tmp_path) == {}


def test_a_clean_copy_has_nothing_left_to_clean(tmp_path) -> None:
    root = tmp_path / "photos"
    write(root, {f"sad/{name}.png": data for name, (data, _) in altered(ONE).items()})
    write(root, {"happy/a.png": TWO, "sad/two.png": TWO, "happy/b.png": photograph(3), "happy/broken.png": b""})
    found = examine(listed(root), FILES, root, threads=2)
    copied(exclusions(found), root, tmp_path / "clean")
    again = examine(listed(tmp_path / "clean"), FILES, tmp_path / "clean", threads=2)
    assert (again.n_images, exclusions(again)) == (2, ())


def test_what_is_left_out_is_told_by_reason() -> None:
    out = [
        Exclusion(path="a", why="unreadable"),
        *(Exclusion(path=x, why="copy", kept="z") for x in "bc"),
        Exclusion(path="d", why="copy across splits", kept="z"),
        *(Exclusion(path=x, why="label conflict") for x in "ef"),
    ]
    assert describe(out) == (
        "6 images left out: 1 unreadable, 2 copies of an image that stays, 1 copy across official splits "
        "(one in the test set stays), 2 of images that appear under different labels."
    )
    assert describe(out[:1]) == "1 image left out: 1 unreadable."
    assert describe([]) == "0 images left out."


# The list


def test_a_list_is_read_back_whatever_the_names(tmp_path) -> None:
    names = ["#1.png", "./a.png", "sad/b.png", "sad/#c.png", "sad/ d .png", "sad/ü日本.png", " e.png", "f.png "]
    out = [Exclusion(path=name, why="unreadable") for name in names]
    target = tmp_path / "new" / "exclude.txt"
    write_list(out, Audit(dataset="files", root=Path("pho\ntos"), n_images=9), target)
    assert read_exclusions(target) == set(names)
    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# Images that emoclass audit leaves out of pho tos (9 images), relative to the root."
    assert lines[1] == "# 8 images left out: 8 unreadable."
    assert lines[2] == "./#1.png"


def test_an_empty_list_excludes_nothing(tmp_path) -> None:
    target = tmp_path / "exclude.txt"
    write_list([], Audit(dataset="files", n_images=0), target)
    assert read_exclusions(target) == set()


def test_a_list_written_by_hand_may_have_comments_empty_lines_and_other_line_ends(tmp_path) -> None:
    target = tmp_path / "exclude.txt"
    target.write_bytes("\ufeff# mine\r\n\r\nsad/a.png\r\n./happy/b.png\n#happy/c.png\n   \nhappy/d.png".encode())
    assert read_exclusions(target) == {"sad/a.png", "happy/b.png", "happy/d.png"}


@pytest.mark.parametrize("name", ["a\nb.png", "a\rb.png"])
def test_a_name_with_a_line_break_is_refused(tmp_path, name: str) -> None:
    with pytest.raises(OutputError, match="contains a line break"):
        write_list([Exclusion(path=name, why="copy")], Audit(dataset="files", n_images=1), tmp_path / "a.txt")
    assert not (tmp_path / "a.txt").exists()


def test_a_list_that_is_no_text_or_missing_is_told(tmp_path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not UTF-8 text"):
        read_exclusions(tmp_path / "a.txt")
    with pytest.raises(DataError, match="cannot be read"):
        read_exclusions(tmp_path / "b.txt")
    with pytest.raises(OutputError, match="cannot be written"):
        write_list([], Audit(dataset="files", n_images=1), tmp_path / "a.txt" / "b.txt")


def test_a_name_that_ends_in_txt_asks_for_a_list() -> None:
    assert is_list(Path("a.txt")) and is_list(Path("a.TXT"))
    assert not is_list(Path("clean")) and not is_list(Path("a.txt/clean"))


# The copy


def photos(tmp_path: Path) -> Path:
    return write(tmp_path / "photos", {"sad/a.png": ONE, "sad/deep/b.png": TWO, "happy/c.png": ONE})


def test_a_copy_holds_what_stays_as_hard_links_and_the_source_is_untouched(tmp_path) -> None:
    root = photos(tmp_path)
    samples, target = listed(root), tmp_path / "new" / "clean"
    write(root, {"notes.txt": b"no sample"})
    before = contents(root)
    written = list(write_copy([Exclusion(path="happy/c.png", why="copy")], samples, root, target))
    assert written == ["sad/a.png", "sad/deep/b.png"]
    assert contents(root) == before
    assert contents(target) == {name: before[name] for name in ("sad", "sad/a.png", "sad/deep", "sad/deep/b.png")}
    assert all((target / name).samefile(root / name) for name in written)


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_where_there_can_be_no_hard_links_files_are_copied(tmp_path, monkeypatch, number: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(clean.os, "link", refuse)
    root, target = photos(tmp_path), tmp_path / "clean"
    copied([], root, target)
    assert contents(target) == contents(root)
    assert not (target / "sad/a.png").samefile(root / "sad/a.png")


def test_a_link_in_the_source_becomes_the_file_that_it_points_to(tmp_path) -> None:
    root, target = photos(tmp_path), tmp_path / "clean"
    (root / "sad/link.png").symlink_to("a.png")
    copied([], root, target)
    assert not (target / "sad/link.png").is_symlink()
    assert (target / "sad/link.png").read_bytes() == (root / "sad/a.png").read_bytes()


def test_a_file_that_is_there_already_is_never_overwritten(tmp_path) -> None:
    root, target = photos(tmp_path), write(tmp_path / "clean", {"sad/a.png": b"mine"})
    with pytest.raises(OutputError, match="cannot be written"):
        copied([], root, target)
    assert (target / "sad/a.png").read_bytes() == b"mine"


# Refusals


@pytest.mark.parametrize("name", ["photos", "photos/clean", "photos/exclude.txt", "out/../photos/sad/clean", "link/x"])
def test_nothing_is_written_inside_the_audited_folder(tmp_path, name: str) -> None:
    root = photos(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(root / "sad")
    with pytest.raises(OutputError, match="inside the audited folder"):
        check_target(tmp_path / name, root, FILES)


def test_a_link_to_the_audited_folder_is_that_folder(tmp_path) -> None:
    root = photos(tmp_path)
    (tmp_path / "link").symlink_to(root)
    with pytest.raises(OutputError, match="inside the audited folder"):
        check_target(root / "clean", tmp_path / "link", FILES)


def test_a_list_overwrites_only_an_earlier_list(tmp_path) -> None:
    root, target = photos(tmp_path), tmp_path / "exclude.txt"
    check_target(target, root, FILES)
    write_list([], Audit(dataset="files", n_images=1), target)
    check_target(target, root, FILES)
    for other in (b"my notes\n", b"", b"\xff\xff", b" # Images that emoclass audit leaves out"):
        target.write_bytes(other)
        with pytest.raises(OutputError, match="is not an audit's list"):
            check_target(target, root, FILES)
    target.unlink()
    target.mkdir()
    with pytest.raises(OutputError, match="is not an audit's list"):
        check_target(target, root, FILES)


def test_a_copy_is_written_to_a_new_or_an_empty_folder_only(tmp_path) -> None:
    root = photos(tmp_path)
    check_target(tmp_path / "clean", root, FILES)
    (tmp_path / "clean").mkdir()
    check_target(tmp_path / "clean", root, FILES)
    write(tmp_path, {"clean/.hidden": b"", "file": b""})
    for taken in ("clean", "file"):
        with pytest.raises(OutputError, match="expected a new or an empty folder"):
            check_target(tmp_path / taken, root, FILES)


def test_what_is_no_file_of_its_own_is_listed_and_not_copied(tmp_path) -> None:
    table = DatasetSpec(name="table", summary="A.", load=lambda root: [], read_sample=lambda root, sample: b"")
    for spec, root in ((table, tmp_path / "photos"), (FILES, None)):
        with pytest.raises(ConfigError, match="not separate files"):
            check_target(tmp_path / "clean", root, spec)
        check_target(tmp_path / "exclude.txt", root, spec)
