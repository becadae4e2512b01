"""The audit of a dataset: groups, conflicts, leaks, what cannot be read, what looks wrong, and how it is told."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
from drawn_pictures import altered, encoded, photograph, write
from PIL import Image, ImageOps

import emoclass
from emoclass.auditing import flat
from emoclass.auditing.examine import examine, names, pictures
from emoclass.auditing.findings import LISTED, Audit, Copy, CopyPair
from emoclass.auditing.suspicious import suspicions
from emoclass.errors import ContractError, DataError
from emoclass.values.results import SkippedFile
from emoclass.values.specs import DatasetSpec, Sample

FILES = DatasetSpec(name="files", summary="Files.", load=lambda root: [])
ONE, TWO, THREE = (photograph(seed) for seed in (1, 2, 3))
COPY = altered(ONE)["half as large"][0]


def audited(root: Path, *samples: tuple[str, str] | Sample, threads: int | None = 2) -> Audit:
    """Audit files below a folder: each a path and its class word, or a sample."""
    listed = [s if isinstance(s, Sample) else Sample(id=s[0], path=s[0], emotion=s[1]) for s in samples]
    return examine(listed, FILES, root, threads=threads)


def on(split: str, path: str, emotion: str = "happy", group: str | None = None) -> Sample:
    return Sample(id=path, path=path, emotion=emotion, split=split, group=group)


def exact_and_near(root: Path) -> Audit:
    """Two copies of one file, an altered copy of it, two equal files of another, and a picture of its own."""
    write(root, {"a.png": ONE, "b.png": ONE, "c.png": COPY, "d.png": TWO, "e.png": TWO, "f.png": THREE})
    return audited(root, *((f"{letter}.png", "happy") for letter in "fbadce"))


# Groups


def test_near_groups_contain_the_exact_copies_of_their_images(tmp_path) -> None:
    found = exact_and_near(tmp_path)
    assert found.exact == (("a.png", "b.png"), ("d.png", "e.png"))
    assert found.near == (("a.png", "b.png", "c.png"),)
    assert found.clusters == (("a.png", "b.png", "c.png"), ("d.png", "e.png"))
    assert set(found.copies) == {f"{letter}.png" for letter in "abcde"}
    assert (found.label_conflicts, found.crossing, found.leaks) == ((), (), False)


def test_within_a_kind_no_image_is_in_two_groups(tmp_path) -> None:
    files = {f"{name}.png": data for name, (data, _) in altered(ONE).items()}
    more = {f"two/{name}.png": data for name, (data, _) in altered(TWO).items() if "JPEG" in name}
    write(tmp_path, {**files, **more, "one.png": ONE, "again.png": ONE, "two.png": TWO, "two again.png": TWO})
    paths = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")]
    samples = [on("test" if "JPEG" in path else "train", path, "sad" if "two" in path else "joy") for path in paths]
    found = audited(tmp_path, *samples)
    for kind in ("exact", "near", "label_conflicts", "crossing", "clusters"):
        groups = getattr(found, kind)
        assert all(len(group) >= 2 and list(group) == sorted(group) for group in groups)
        assert all(set(one).isdisjoint(other) for one, other in combinations(groups, 2))
        assert list(groups) == sorted(groups)
    assert (len(found.exact), len(found.near), len(found.crossing)) == (2, 2, 2)


def test_what_is_found_does_not_depend_on_the_order_of_the_samples(tmp_path) -> None:
    found = exact_and_near(tmp_path)
    again = audited(tmp_path, *((f"{letter}.png", "happy") for letter in "abcdef"), threads=1)
    fields = ("exact", "near", "clusters", "copies", "sizes", "modes", "formats")
    assert [getattr(found, field) for field in fields] == [getattr(again, field) for field in fields]


def test_copies_under_different_labels_are_a_conflict(tmp_path) -> None:
    write(tmp_path, {"a.png": ONE, "b.png": ONE, "c.png": TWO, "d.png": altered(TWO)["mirrored"][0], "e.png": THREE})
    found = audited(tmp_path, *zip([f"{x}.png" for x in "abcde"], ["joy", "sad", "sad", "boxer", "sad"], strict=True))
    assert found.label_conflicts == (("a.png", "b.png"), ("c.png", "d.png"))
    assert {path: copy.label for path, copy in found.copies.items()} == {
        "a.png": "joy", "b.png": "sad", "c.png": "sad", "d.png": "boxer",
    }  # fmt: skip


@pytest.mark.parametrize("words", [("joy", "happy"), ("Happy", "happiness"), ("Boxer", "boxer"), ("", "sad"), ("", "")])
def test_words_for_one_emotion_and_no_label_are_no_conflict(tmp_path, words: tuple[str, str]) -> None:
    write(tmp_path, {"a.png": ONE, "b.png": ONE})
    found = audited(tmp_path, ("a.png", words[0]), ("b.png", words[1]))
    assert found.exact == (("a.png", "b.png"),)
    assert found.label_conflicts == ()


def test_copies_in_two_official_splits_cross(tmp_path) -> None:
    write(tmp_path, {"a.png": ONE, "b.png": COPY, "c.png": TWO, "d.png": TWO, "e.png": THREE})
    found = audited(tmp_path, *(on("test" if x in "be" else "train", f"{x}.png") for x in "abcde"))
    assert found.crossing == (("a.png", "b.png"),)
    assert found.leaks
    assert found.splits == {"train": {"happy": 3}, "test": {"happy": 2}}


def test_a_copy_without_an_official_split_crosses_nothing(tmp_path) -> None:
    write(tmp_path, {"a.png": ONE, "b.png": ONE})
    found = audited(tmp_path, on("test", "a.png"), ("b.png", "happy"))
    assert (found.crossing, found.leaks) == ((), False)


def test_a_declared_group_in_two_official_splits_is_torn(tmp_path) -> None:
    write(tmp_path, {f"{seed}.png": photograph(seed) for seed in range(6)})
    places = [("test", "anna"), ("train", "anna"), ("train", "ben"), ("train", "ben"), ("test", None), ("train", None)]
    found = audited(tmp_path, *(on(split, f"{i}.png", group=group) for i, (split, group) in enumerate(places)))
    assert found.torn_groups == {"anna": ("train", "test")}
    assert (found.leaks, found.crossing) == (True, ())
    assert "Groups across splits  1 group\n" in found.summary()
    assert "  anna  train  test" in found.summary()


# Files


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path) -> None:
    write(tmp_path, {"a.png": ONE, "b.png": ONE, "broken.png": b"no picture", "empty.jpg": b""})
    found = audited(tmp_path, *((name, "sad") for name in ("broken.png", "a.png", "gone.png", "empty.jpg", "b.png")))
    reasons = {each.path: each.reason for each in found.unreadable}
    assert list(reasons) == ["broken.png", "gone.png", "empty.jpg"]
    assert reasons["empty.jpg"] == "empty file"
    assert "not an image" in reasons["broken.png"] and "cannot be opened" in reasons["gone.png"]
    assert (found.n_images, found.balance, found.exact) == (5, {"sad": 2}, (("a.png", "b.png"),))


def test_where_nothing_can_be_read_there_are_no_sizes(tmp_path) -> None:
    write(tmp_path, {"a.png": b"", "b.png": b""})
    found = audited(tmp_path, ("a.png", "sad"), ("b.png", "sad"))
    assert (found.sizes, found.modes, found.formats, found.balance, found.exact) == (None, {}, {}, {}, ())
    assert "2 images, 0 readable" in found.summary()


def test_no_image_at_all_is_an_audit_too(tmp_path) -> None:
    found = audited(tmp_path)
    assert (found.n_images, found.sizes, found.clusters) == (0, None, ())
    assert "0 images" in found.summary()


def test_what_looks_wrong_is_suspicious(tmp_path) -> None:
    write(
        tmp_path,
        {
            "flat.png": Image.new("RGB", (40, 40), "red"),
            "tiny.png": photograph(4, (15, 40)),
            "strip.png": photograph(5, (200, 40)),
            "wrong.png": encoded(photograph(6), "JPEG"),
            "good.png": photograph(7),
            "good.jpg": photograph(8),
        },
    )
    found = audited(tmp_path, *((path.name, "sad") for path in sorted(tmp_path.iterdir())))
    assert {each.path: each.reason for each in found.suspicious} == {
        "flat.png": "all one color",
        "strip.png": "extreme aspect ratio (5:1)",
        "tiny.png": "tiny (15x40)",
        "wrong.png": "named .png, but is a JPEG file",
    }


def test_suspicions_are_told_all_at_once() -> None:
    said = list(suspicions(width=10, height=100, flat=True, file_format="GIF", path="a.JPG"))
    assert said == ["all one color", "tiny (10x100)", "extreme aspect ratio (1:10)", "named .JPG, but is a GIF file"]


@pytest.mark.parametrize(
    ("size", "file_format", "path"),
    [
        ((16, 64), "PNG", "a.png"),
        ((64, 16), "JPEG", "a.jfif"),
        ((48, 48), "MPO", "a.jpeg"),
        ((48, 48), "TIFF", "a.TIF"),
        ((48, 48), "PNG", "no suffix"),
        ((48, 48), "PNG", None),
    ],
)
def test_what_is_just_as_it_should_is_not_suspicious(size, file_format, path) -> None:
    assert list(suspicions(width=size[0], height=size[1], flat=False, file_format=file_format, path=path)) == []


def test_classes_sizes_modes_and_formats_are_counted_the_most_frequent_first(tmp_path) -> None:
    sizes = [(40, 30), (60, 50), (60, 50), (80, 20)]
    write(tmp_path, {f"{i}.png": photograph(i, size) for i, size in enumerate(sizes)})
    write(tmp_path, {"4.jpg": photograph(4, (60, 50)).convert("L")})
    paths = [*(f"{i}.png" for i in range(4)), "4.jpg"]
    found = audited(tmp_path, *((path, word) for path, word in zip(paths, ["b", "a", "a", "c", "a"], strict=True)))
    assert list(found.balance.items()) == [("a", 3), ("b", 1), ("c", 1)]
    assert list(found.modes.items()) == [("RGB", 4), ("L", 1)]
    assert list(found.formats.items()) == [("PNG", 4), ("JPEG", 1)]
    assert found.splits == {}
    assert found.sizes.model_dump() == {
        "width": {"min": 40, "median": 60, "max": 80},
        "height": {"min": 20, "median": 50, "max": 50},
        "different": 3,
        "commonest": {"60x50": 3, "40x30": 1, "80x20": 1},
    }


# Documents


def test_the_document_has_the_documented_keys(tmp_path) -> None:
    write(tmp_path, {"a.png": ONE, "b.png": COPY, "c.png": TWO, "d.png": TWO, "e.png": b""})
    found = audited(
        tmp_path, on("train", "a.png"), on("test", "b.png", "sad"), *(on("train", f"{x}.png") for x in "cde")
    )
    document = json.loads(json.dumps(found.to_json()))
    assert set(document) == {
        "dataset", "root", "n_images", "exact", "near", "label_conflicts", "crossing", "torn_groups", "unreadable",
        "suspicious", "balance", "splits", "sizes", "modes", "formats", "pairs", "leaks", "unlisted",
        "notes",
    }  # fmt: skip
    assert (document["dataset"], document["root"], document["n_images"]) == ("files", str(tmp_path), 5)
    assert document["exact"] == [["c.png", "d.png"]]
    assert document["near"] == document["label_conflicts"] == document["crossing"] == [["a.png", "b.png"]]
    assert document["unreadable"] == [{"path": "e.png", "reason": "empty file"}]
    assert document["leaks"] is True
    near, same = document["pairs"]
    assert 0.75 <= near.pop("similarity") <= 1
    assert near == {
        "paths": ["a.png", "b.png"], "labels": ["happy", "sad"], "splits": ["train", "test"], "kind": "near",
        "change": "recompressed or rescaled",
    }  # fmt: skip
    assert same == {
        "paths": ["c.png", "d.png"], "labels": ["happy"] * 2, "splits": ["train"] * 2, "kind": "bytes",
        "similarity": 1.0, "change": None,
    }  # fmt: skip


def test_the_summary_says_how_much_of_each_and_names_the_first(tmp_path) -> None:
    write(tmp_path, {"a.png": ONE, "b.png": COPY, "c.png": TWO, "d.png": TWO, "e.png": b"", "f.png": b""})
    labels = ["joy", "sad", "sad", "sad", "sad", "sad"]
    lines = audited(tmp_path, *zip([f"{x}.png" for x in "abcdef"], labels, strict=True)).summary().splitlines()
    assert lines[0] == f"{tmp_path}: 6 images, 4 readable"
    for line in (
        "Label conflicts       1 group, 2 images",
        "Copies across splits  no official splits",
        "Exact duplicates      1 group, 2 images",
        "Near-duplicates       1 group, 2 images",
        "Unreadable files      2",
        "Suspicious files      none",
        "  a.png [joy]  b.png [sad]",
        "  c.png  d.png",
        "  a.png  b.png",
        "  e.png: empty file",
        "Classes: sad 3, joy 1",
        "Sizes: 48 to 96 wide, 48 to 96 high, median 96x96; 2 different, most often 96x96 3, 48x48 1",
        "Modes: RGB 4",
        "Formats: PNG 4",
    ):
        assert line in lines
    assert not any(line.startswith(("Groups across", "Split ")) for line in lines)


def test_a_clean_dataset_has_a_short_summary(tmp_path) -> None:
    write(tmp_path, {"a.png": ONE})
    text = audited(tmp_path, on("test", "a.png")).summary()
    assert text.startswith(f"{tmp_path}: 1 image, all readable\n")
    assert text.count("none") == 6
    assert "Split test: 1 (happy 1)" in text


def test_a_summary_stays_short_whatever_is_found() -> None:
    groups = tuple(tuple(f"{i}/{j}.png" for j in range(LISTED + 2)) for i in range(LISTED + 3))
    text = Audit(dataset="faces", n_images=1000, exact=groups).summary()
    assert text.startswith("dataset faces: 1,000 images")
    assert "Exact duplicates      8 groups, 56 images" in text
    assert "0/4.png  ... 2 more" in text and "0/5.png" not in text
    assert "  ... 3 more" in text and "5/0.png" not in text


def test_an_audit_is_read_back_from_its_own_json() -> None:
    one = Audit(
        dataset="faces",
        root=Path("photos"),
        n_images=2,
        copies={x: Copy(path=x, width=4, height=5) for x in "ab"},
        clusters=(("a", "b"),),
        pairs=(CopyPair(first="a", second="b", kind="bytes", similarity=1),),
    )
    assert Audit.model_validate_json(one.model_dump_json()) == one


# Tables and containers


def table() -> tuple[list[Sample], DatasetSpec]:
    """Four pictures in one file, as in a table of pixels: two are one picture, one is broken."""
    rows = {"row1": encoded(ONE), "row2": encoded(TWO), "row3": encoded(ONE), "row4": b"no picture"}
    samples = [Sample(id=row, path="faces.csv", emotion="sad" if row == "row3" else "happy") for row in rows]
    spec = DatasetSpec(
        name="table", summary="A table.", load=lambda root: samples, read_sample=lambda root, sample: rows[sample.id]
    )
    return samples, spec


def test_samples_that_share_one_path_are_called_by_their_ids() -> None:
    samples, spec = table()
    found = examine(samples, spec, Path("anywhere"), threads=2)
    assert found.exact == found.label_conflicts == (("row1", "row3"),)
    assert [each.path for each in found.unreadable] == ["row4"]
    assert found.to_json()["pairs"][0]["paths"] == ["row1", "row3"]
    assert found.suspicious == ()  # faces.csv is no picture's name
    assert names(samples) == ["row1", "row2", "row3", "row4"]
    assert pictures(samples, spec, None)("row2") == encoded(TWO)


def test_samples_with_paths_of_their_own_are_called_by_them(tmp_path) -> None:
    write(tmp_path, {"a.png": ONE, "b.png": ONE})
    samples = [Sample(id=f"#{x}", path=f"{x}.png", emotion="sad") for x in "ba"]
    found = audited(tmp_path, *samples)
    assert found.exact == (("a.png", "b.png"),)
    assert found.clusters == (("#a", "#b"),)
    assert {each.path for each in found.copies.values()} == {"a.png", "b.png"}
    assert pictures(samples, FILES, tmp_path)("a.png") == (tmp_path / "a.png").read_bytes()


def test_a_dataset_that_returns_no_bytes_breaks_its_contract() -> None:
    spec = DatasetSpec(name="bad", summary="Bad.", load=lambda root: [], read_sample=lambda root, sample: "text")
    with pytest.raises(ContractError, match="expected the bytes of 'a', got str"):
        examine([Sample(id="a", path="a", emotion="sad")], spec, None)


# Folders without classes


def test_a_flat_folder_is_audited_without_labels(tmp_path) -> None:
    write(tmp_path, {"a.png": ONE, "b.jpg": TWO, "c.png": COPY, "notes.txt": b"text", ".hidden.png": THREE})
    found = emoclass.audit(tmp_path, threads=2)
    assert (found.n_images, found.balance, found.splits) == (3, {}, {})
    assert found.near == (("a.png", "c.png"),)
    assert {copy.label for copy in found.copies.values()} == {None}
    assert "Label conflicts       no labels" in found.summary()
    assert "Classes" not in found.summary()


def test_split_folders_without_classes_are_flat_too(tmp_path) -> None:
    write(tmp_path, {"train/a.png": ONE, "Val/b.png": TWO, "test/c.png": ImageOps.mirror(ONE), "readme.png": THREE})
    assert flat.is_flat(tmp_path)
    found = emoclass.audit(tmp_path, threads=2)
    assert found.crossing == (("test/c.png", "train/a.png"),)
    assert found.leaks
    assert found.splits == {"train": {"": 1}, "validation": {"": 1}, "test": {"": 1}}
    assert "Split train: 1\n" in found.summary()


def test_what_is_a_flat_folder(tmp_path) -> None:
    assert flat.is_flat(write(tmp_path / "empty", {".git/a.png": ONE}))
    assert not flat.is_flat(write(tmp_path / "classes", {"happy/a.png": ONE, "b.png": ONE}))
    assert not flat.is_flat(write(tmp_path / "splits", {"train/happy/a.png": ONE}))
    assert not flat.is_flat(tmp_path / "none")
    assert not flat.is_flat(tmp_path / "splits" / "train" / "happy" / "a.png")


def test_a_folder_without_any_image_is_refused(tmp_path) -> None:
    write(tmp_path, {"notes.txt": b"text"})
    with pytest.raises(DataError, match="no images found"):
        emoclass.audit(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        emoclass.audit(tmp_path / "none")


def test_a_folder_that_vanished_is_told(tmp_path) -> None:
    with pytest.raises(DataError, match="cannot be listed"):
        list(flat.load(tmp_path / "none"))


def test_class_folders_may_have_any_names(tmp_path) -> None:
    write(tmp_path, {"boxer/a.png": ONE, "Poodle/b.png": ONE, "joy/c.png": TWO, "happy/d.png": TWO})
    found = emoclass.audit(tmp_path, threads=2)
    assert found.balance == {"Poodle": 1, "boxer": 1, "happy": 1, "joy": 1}
    assert found.label_conflicts == (("Poodle/b.png", "boxer/a.png"),)
    assert found.exact == (("Poodle/b.png", "boxer/a.png"), ("happy/d.png", "joy/c.png"))


def test_names_cannot_command_a_terminal_in_the_summary():
    found = Audit(
        dataset="folder",
        n_images=2,
        unreadable=(SkippedFile(path="happy/\x1b[31m\nfake: line.png", reason="empty file"),),
        balance={"ha\x07ppy": 1},
    )
    assert r"happy/\x1b[31m\nfake: line.png: empty file" in found.summary()
    assert r"ha\x07ppy 1" in found.summary()
    assert not {"\x1b", "\x07"} & set(found.summary())
