"""`emoclass.crop` and its command: a folder of photographs as a folder of crops."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from scenes import draw_scene, find_red, scenes_registry

import emoclass
from emoclass.cli import cli
from emoclass.data.folder import load
from emoclass.data.table import load as load_table
from emoclass.errors import ConfigError, DataError, OutputError
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress

TESTS = Path(__file__).parents[2]


@pytest.fixture
def photos(tmp_path):
    root = tmp_path / "photos"
    exif = Image.Exif()
    exif[0x010E] = "secret"
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    draw_scene(root / "happy/group.png", [(10, 20, 30), (60, 40, 50), (150, 90, 40)], exif=exif)
    draw_scene(root / "happy/deep/one.png", [(70, 20, 60)], seed=1, exif=exif)
    draw_scene(root / "sad/nobody.png", [], seed=2)
    Image.new("RGB", (48, 48), "blue").save(root / "sad/crop.png", exif=exif)
    (root / "sad/broken.png").write_bytes(b"no picture")
    (root / "sad/notes.txt").write_text("no photograph")
    (root / ".hidden").mkdir()
    draw_scene(root / ".hidden/one.png", [(70, 20, 60)])
    return root


def crop(photos, out, *, find=find_red, **options):
    return emoclass.crop(photos, out, registry=scenes_registry(find), detector="red", **options)


def table(out):
    with (out / "crops.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_each_face_becomes_a_crop_in_the_same_structure(photos, tmp_path):
    out = tmp_path / "crops"
    found = crop(photos, out, framing={"side": 1})
    assert sorted(path for path in contents(out) if path.endswith(".png")) == [
        "happy/deep/one.png.png", "happy/group.png-1.png", "happy/group.png-2.png", "happy/group.png-3.png",
        "sad/crop.png.png",
    ]  # fmt: skip
    assert (found.n_photographs, found.n_faces, found.n_ready_made) == (5, 4, 1)
    assert (found.n_without_face, found.n_unreadable, found.n_left_out, found.n_before) == (1, 1, 0, 0)
    assert {each.path: each.reason for each in found.skipped}["sad/nobody.png"] == "no face found"
    rows = {row["crop"]: row for row in table(out)}
    second = rows["happy/group.png-2.png"]
    assert [second[name] for name in ("source", "face", "faces", "left", "top", "width", "height", "detection")] == [
        "happy/group.png", "2", "3", "60.0", "40.0", "50.0", "50.0", "0.900",
    ]  # fmt: skip
    with Image.open(photos / "happy/group.png") as whole, Image.open(out / "happy/group.png-2.png") as face:
        np.testing.assert_array_equal(np.asarray(face), np.asarray(whole)[40:90, 60:110])
    assert rows["sad/crop.png.png"]["note"] == "ready-made crop"


def test_nothing_but_pixels_is_copied(photos, tmp_path):
    crop(photos, tmp_path / "crops")
    for path in (tmp_path / "crops").rglob("*.png"):
        with Image.open(path) as image:
            assert image.info == {} and not image.getexif()
        assert b"secret" not in path.read_bytes()


@pytest.mark.parametrize(
    ("options", "crops", "left_out"),
    [
        ({"largest": True}, ["happy/deep/one.png.png", "happy/group.png.png"], 2),
        ({"max_faces": 2}, ["happy/deep/one.png.png", "happy/group.png-1.png", "happy/group.png-2.png"], 1),
        ({"min_face": 45}, ["happy/deep/one.png.png", "happy/group.png.png"], 2),
        ({"min_face": 55}, ["happy/deep/one.png.png"], 3),
        ({"min_detection": 0.95}, [], 4),
    ],
)
def test_what_limits_leave_out_is_counted(photos, tmp_path, options, crops, left_out):
    found = crop(photos, tmp_path / "crops", **options)
    assert sorted(row["crop"] for row in table(found.folder) if row["detection"]) == crops
    assert found.n_left_out == left_out
    assert found.n_faces == len(crops)


@pytest.mark.parametrize(
    ("options", "sides"),
    [
        ({"framing": {"side": 1}}, {30, 40, 50, 60, 48}),
        ({"framing": {"side": 1}, "size": 35}, {30, 35}),
        ({"framing": {"side": 1.5}}, {45, 60, 75, 90, 48}),
    ],
)
def test_crops_keep_the_faces_resolution_up_to_a_size(photos, tmp_path, options, sides):
    crop(photos, tmp_path / "crops", **options)
    sizes = set()
    for path in (tmp_path / "crops").rglob("*.png"):
        with Image.open(path) as image:
            sizes.add(image.size)
    assert sizes == {(side, side) for side in sides}


def test_a_model_determines_the_framing(photos, tmp_path, crop_bundle):
    crop(photos, tmp_path / "crops", model="tiny")
    assert json.loads((tmp_path / "crops/crop.json").read_text())["framing"] == {"side": 1.2, "upright": True}
    crop(photos, tmp_path / "others", model=crop_bundle)
    with pytest.raises(ConfigError, match="either a model or a framing"):
        crop(photos, tmp_path / "more", model="tiny", framing={"side": 2})


KILLED = """
import os, signal, sys
from scenes import find_red, scenes_registry
import emoclass
calls = []
def find(picture):
    calls.append(1)
    if len(calls) == 12:
        os.kill(os.getpid(), signal.SIGKILL)
    return find_red(picture)
emoclass.crop(sys.argv[1], sys.argv[2], registry=scenes_registry(find), detector="red", threads=1)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have SIGKILL")
def test_a_killed_process_is_continued_without_doing_anything_twice(tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "crops"
    for number in range(20):
        draw_scene(photos / f"{number:02d}.png", [(10, 20, 30), (60, 40, 50)], seed=number)
    command = [sys.executable, "-c", KILLED, str(photos), str(out)]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(TESTS)}, capture_output=True, check=False)
    assert ended.returncode == -9, ended.stderr.decode()
    finished = {row["source"] for row in table(out)}
    # A file that the process was writing when it was killed is written again.
    written = {name: data for name, data in contents(out).items() if ".partial-" not in name}
    before = {name: data for name, data in written.items() if name.endswith(".png")}
    assert 0 < len(finished) < 20
    calls = []
    found = crop(photos, out, find=lambda picture: [calls.append(1), *find_red(picture)][1:])
    assert len(calls) == 20 - len(finished)
    assert (found.n_photographs, found.n_before, found.n_faces) == (20, len(finished), 40)
    after = contents(out)
    assert before.items() <= after.items()
    assert [row["source"] for row in table(out)] == [f"{number:02d}.png" for number in range(20) for _ in "12"]
    whole = tmp_path / "whole"
    crop(photos, whole)
    assert {**contents(whole), "crop.json": b""} == {**after, "crop.json": b""}


@pytest.mark.parametrize("cut", range(1, 200, 13))
def test_a_table_that_ends_anywhere_is_continued(photos, tmp_path, cut):
    out = tmp_path / "crops"
    crop(photos, out)
    whole = contents(out)
    (out / "crops.csv").write_bytes(whole["crops.csv"][:-cut])
    assert crop(photos, out).n_photographs == 5
    assert contents(out) == whole


def test_ctrl_c_says_how_to_continue(photos, tmp_path, monkeypatch):
    from emoclass.plugin.registry import Registry

    calls = []

    def interrupted(picture):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return find_red(picture)

    arguments = ["crop", str(photos), "--out", str(tmp_path / "crops"), "--detector", "red", "--threads", "1"]
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: scenes_registry(interrupted)))
    ended = CliRunner().invoke(cli, arguments)
    assert ended.exit_code == 130
    assert "Cropping 5 images" in ended.stderr
    assert "Interrupted. The same command continues: emoclass" in ended.stderr
    ended = CliRunner().invoke(cli, arguments)
    assert ended.exit_code == 1  # a photograph cannot be read
    assert "5 files" in ended.stdout and "4 faces" in ended.stdout
    assert "1 unreadable" in ended.stdout and "1 without a face" in ended.stdout
    assert "Unreadable: sad/broken.png: not an image" in ended.stderr


def test_the_command_prints_json(photos, tmp_path, monkeypatch):
    from emoclass.plugin.registry import Registry

    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: scenes_registry()))
    (photos / "sad/broken.png").unlink()
    arguments = ["crop", str(photos), "--out", str(tmp_path / "crops"), "--largest", "--framing", "1.5", "--json"]
    ended = CliRunner().invoke(cli, [*arguments, "--quiet"])
    assert ended.exit_code == 0
    document = json.loads(ended.stdout)
    assert (document["n_faces"], document["n_left_out"], document["n_without_face"]) == (2, 2, 1)
    assert document["skipped"] == [{"path": "sad/nobody.png", "reason": "no face found"}]


def test_a_folder_of_others_is_not_touched(photos, tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "diary.txt").write_text("mine")
    for target in (out, photos):
        before = contents(target)
        with pytest.raises(OutputError, match="expected a new or an empty folder"):
            crop(photos, target)
        assert contents(target) == before


def test_crops_with_other_settings_are_not_mixed(photos, tmp_path):
    crop(photos, tmp_path / "crops")
    before = contents(tmp_path / "crops")
    with pytest.raises(OutputError, match=r"other settings \(size: 1024, now 64\)"):
        crop(photos, tmp_path / "crops", size=64)
    assert contents(tmp_path / "crops") == before


def test_a_file_with_the_name_of_a_crop_is_not_overwritten(photos, tmp_path):
    out = tmp_path / "crops"
    crop(photos, out)
    lines = (out / "crops.csv").read_text().splitlines(keepends=True)
    (out / "crops.csv").write_text(lines[0])
    (out / "happy/group.png-2.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match="another file or folder has the name of a crop"):
        crop(photos, out)
    assert (out / "happy/group.png-2.png").read_bytes() == b"mine"


def test_two_processes_do_not_write_one_folder(photos, tmp_path):
    pytest.importorskip("fcntl", reason="only POSIX systems have locks of this kind")

    class Meanwhile(Progress):
        def track(self, items, **_):
            with pytest.raises(OutputError, match="another process is writing it"):
                crop(photos, tmp_path / "crops")
            return items

    crop(photos, tmp_path / "crops", progress=Meanwhile())


def test_crops_inside_the_photographs_are_not_cropped_again(photos):
    assert crop(photos, photos / "crops").n_photographs == 5
    assert crop(photos, photos / "crops").n_photographs == 5


def test_a_single_file_is_cropped(photos, tmp_path):
    assert crop(photos / "happy/group.png", tmp_path / "crops").n_faces == 3
    assert (tmp_path / "crops/group.png-1.png").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size"),
        ({"largest": True, "max_faces": 5}, "max_faces: expected either largest or max_faces, got both"),
        ({"largest": True, "max_faces": 1}, "max_faces: expected either largest or max_faces, got both"),
        ({"size": 7}, "size: expected 8 to 4096 pixels, got 7"),
        ({"framing": {"side": 0.2}}, "framing: expected a side of at least 0.3"),
        ({"min_face": -1}, "min_face"),
        ({"min_face": "x"}, "min_face: expected a number of pixels from 0, got 'x'"),
        ({"options": 3}, "options: expected"),
        ({"largest": "no"}, "largest: expected"),
        ({"max_faces": 1.5}, "max_faces: expected a whole number from 1, or None, got 1.5"),
        ({"framing": {"side": 9}}, "framing: expected a side"),
    ],
)
def test_values_out_of_range_are_refused(photos, tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        crop(photos, tmp_path / "crops", **options)
    assert not (tmp_path / "crops").exists()


def test_no_photographs_are_an_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="found none"):
        crop(tmp_path / "empty", tmp_path / "crops")
    with pytest.raises(DataError, match="no such folder"):
        crop(tmp_path / "missing", tmp_path / "crops")


def test_the_crops_of_a_photograph_are_a_group_of_the_folder_dataset(photos, tmp_path):
    crop(photos, tmp_path / "crops")
    groups = {sample.id: sample.group for sample in load(tmp_path / "crops")}
    assert groups == {
        "happy/deep/one.png.png": None, "happy/group.png-1.png": "happy/group.png",
        "happy/group.png-2.png": "happy/group.png", "happy/group.png-3.png": "happy/group.png",
        "sad/crop.png.png": None,
    }  # fmt: skip


def test_missing_crops_are_made_again(photos, tmp_path):
    out = tmp_path / "crops"
    crop(photos, out)
    before = contents(out)
    (out / "happy/group.png-2.png").unlink()
    (out / "sad/crop.png.png").unlink()
    found = crop(photos, out)
    assert (found.n_photographs, found.n_restored, found.n_before, found.n_faces) == (5, 2, 3, 4)
    assert {**contents(out), "crops.csv": b""} == {**before, "crops.csv": b""}
    assert sorted((out / "crops.csv").read_bytes().splitlines()) == sorted(before["crops.csv"].splitlines())


def test_changed_photographs_are_cropped_again(photos, tmp_path):
    out = tmp_path / "crops"
    crop(photos, out)
    draw_scene(photos / "happy/group.png", [(30, 40, 64)], seed=9)
    found = crop(photos, out)
    assert (found.n_photographs, found.n_changed, found.n_before, found.n_faces) == (5, 1, 4, 2)
    fresh = tmp_path / "fresh"
    crop(photos, fresh)
    assert {**contents(out), "crops.csv": b""} == {**contents(fresh), "crops.csv": b""}
    assert crop(photos, out).n_changed == 0


def test_photographs_that_are_gone_are_not_counted_and_their_crops_stay(photos, tmp_path):
    out = tmp_path / "crops"
    crop(photos, out)
    (photos / "happy/group.png").unlink()
    (photos / "sad/nobody.png").unlink()
    found = crop(photos, out)
    assert (found.n_photographs, found.n_gone, found.n_before, found.n_faces) == (3, 2, 3, 1)
    assert found.n_without_face == 0
    assert (out / "happy/group.png-2.png").is_file()
    for path in (out / "happy").glob("group*"):
        path.unlink()
    crop(photos, out)
    assert "group" not in (out / "crops.csv").read_text()


def test_what_changed_is_printed(photos, tmp_path, monkeypatch):
    from emoclass.plugin.registry import Registry

    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: scenes_registry()))
    arguments = ["crop", str(photos), "--out", str(tmp_path / "crops")]
    CliRunner().invoke(cli, arguments)
    (photos / "sad/nobody.png").unlink()
    (tmp_path / "crops/sad/crop.png.png").unlink()
    draw_scene(photos / "happy/group.png", [(30, 40, 64)], seed=9)
    printed = CliRunner().invoke(cli, arguments).stdout
    assert "Cropped again, since the files changed: 1 photograph\n" in printed
    assert "Cropped again, since crops were missing: 1 photograph\n" in printed
    assert "Not counted, since they are gone: 1 photograph. Crops of them stay" in printed


def test_a_table_does_not_lead_outside_the_folder(photos, tmp_path):
    out = tmp_path / "crops"
    crop(photos, out)
    (tmp_path / "mine.png").write_bytes(b"mine")
    text = (out / "crops.csv").read_text().replace("happy/deep/one.png.png", "../mine.png")
    (out / "crops.csv").write_text(text)
    draw_scene(photos / "happy/deep/one.png", [(30, 40, 64)], seed=9)
    with pytest.raises(OutputError, match="is damaged"):
        crop(photos, out)
    assert (tmp_path / "mine.png").read_bytes() == b"mine"


@pytest.mark.parametrize("text", ["[]", "3", "null", '{"settings": 3}', "{}", "", "{", b"\xff", "[" * 100_000])
def test_a_damaged_file_of_settings_is_said_to_be_damaged(photos, tmp_path, text):
    crop(photos, tmp_path / "crops")
    (tmp_path / "crops/crop.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(OutputError, match=r"crop\.json: is damaged"):
        crop(photos, tmp_path / "crops")


@pytest.mark.parametrize("size", [(60, 60), (20, 3), (1, 1), (100, 100)])
def test_blank_images_are_left_out(photos, tmp_path, monkeypatch, size):
    from emoclass.plugin.registry import Registry

    Image.new("RGB", size).save(photos / "sad/blank.png")
    found = crop(photos, tmp_path / "crops")
    assert (found.n_ready_made, found.n_unreadable, found.n_photographs) == (1, 2, 6)
    reason = {each.path: each.reason for each in found.skipped}["sad/blank.png"]
    assert reason == "shows no face: all pixels have nearly the same color"
    assert not (tmp_path / "crops/sad/blank.png.png").exists()
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: scenes_registry()))
    ended = CliRunner().invoke(cli, ["crop", str(photos), "--out", str(tmp_path / "others")])
    assert ended.exit_code == 1
    assert "2 unreadable or blank" in ended.stdout
    assert "Blank: sad/blank.png: shows no face" in ended.stderr


@pytest.mark.parametrize(
    ("folder", "named"),
    [
        ("happy/group.png.png", ["happy/group.png.png/", "crop of happy/group.png"]),
        ("happy/group.png-2.png/deep", ["happy/group.png-2.png/", "crop of happy/group.png"]),
        ("crops.csv", ["crops.csv/"]),
        ("crop.json", ["crop.json/"]),
    ],
)
def test_folders_with_the_names_of_files_are_named_before_anything_is_written(photos, tmp_path, folder, named):
    draw_scene(photos / folder / "q.png", [(70, 20, 60)])
    with pytest.raises(OutputError) as caught:
        crop(photos, tmp_path / "crops")
    assert all(each in str(caught.value) for each in named)
    assert "Rename" in str(caught.value.hint)
    assert not (tmp_path / "crops").exists()


def test_what_is_in_the_way_is_named(photos, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="file: expected a folder, got a file"):
        crop(photos, tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        crop(photos, tmp_path / "file/crops")
    assert "Move it away" in str(caught.value.hint)
    out = tmp_path / "crops"
    crop(photos, out)
    draw_scene(photos / "two.png", [(10, 20, 30), (60, 40, 50)])
    (out / "two.png-2.png").mkdir()
    with pytest.raises(OutputError, match=r"two\.png-2\.png: another file or folder has the name of a crop"):
        crop(photos, out)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_file_where_a_folder_of_crops_belongs_is_named(photos, tmp_path):
    out = tmp_path / "crops"
    crop(photos, out)
    draw_scene(photos / "new/one.png", [(70, 20, 60)])
    (out / "new").write_text("mine")
    with pytest.raises(OutputError, match=r"new: cannot be written \(File exists\)") as caught:
        crop(photos, out)
    assert "Move it away" in str(caught.value.hint)


def test_the_summary_counts_in_the_singular_and_names_the_folder(photos, tmp_path, monkeypatch):
    from emoclass.plugin.registry import Registry

    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: scenes_registry()))
    out = tmp_path / "crops"
    arguments = ["crop", str(photos / "happy/deep"), "--out", str(out)]
    ended = CliRunner().invoke(cli, arguments)
    assert ended.stdout == f"1 file, 1 face\nCrops: {out}\nTable: {out / 'crops.csv'}\n"
    assert "Cropping 1 image\n" in ended.stderr
    again = CliRunner().invoke(cli, arguments)
    assert again.stdout.startswith("1 file (1 of them before), 1 face\n")
    assert "Cropping" not in again.stderr
    ended = CliRunner().invoke(cli, ["crop", str(photos), "--out", str(tmp_path / "all"), "--largest"])
    assert ended.stdout.startswith("5 files, 2 faces\n")
    assert "1 face crop already, written as it is\n" in ended.stdout
    assert "2 faces\n" in ended.stdout


@pytest.mark.parametrize("option", [["--size", "7"], ["--framing", "0.2"]])
def test_options_that_would_give_no_face_are_refused(photos, tmp_path, option):
    ended = CliRunner().invoke(cli, ["crop", str(photos), "--out", str(tmp_path / "crops"), *option])
    assert ended.exit_code == 2
    assert option[0] in ended.stderr


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have control codes in file names")
def test_control_codes_are_spelled_out_and_formulas_are_quoted(photos, tmp_path):
    out = tmp_path / "crops"
    strange = ["=1+1.png", "a\x1b]0;hacked\x07.png", "b\x9b31m\n.png"]
    for number, name in enumerate(strange):
        draw_scene(photos / "sad" / name, [(10, 20, 30), (60, 40, 50)], seed=number)
        draw_scene(photos / name, [], seed=number)
    crop(photos, out)
    text = (out / "crops.csv").read_text(encoding="utf-8")
    assert all(each.isprintable() or each == "\n" for each in text)
    assert r"sad/a\x1b]0;hacked\x07.png" in text and r"sad/b\x9b31m\n.png" in text
    assert "\n'=1+1.png," in text
    again = crop(photos, out)
    assert (again.n_photographs, again.n_before, again.n_gone, again.n_faces) == (11, 11, 0, 10)
    assert {"a\x1b]0;hacked\x07.png", "=1+1.png"} <= {each.path for each in again.skipped}
    assert all((out / row["crop"]).is_file() for row in table(out) if row["crop"])
    groups = {sample.id: sample.group for sample in load(out)}
    assert groups[r"sad/a\x1b]0;hacked\x07.png-2.png"] == r"sad/a\x1b]0;hacked\x07.png"


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems have control codes in file names")
def test_two_photographs_do_not_get_one_name(photos, tmp_path):
    draw_scene(photos / "a\x1b.png", [])
    draw_scene(photos / r"a\x1b.png", [])
    with pytest.raises(OutputError, match="two photographs with this one"):
        crop(photos, tmp_path / "crops")


def test_a_table_with_other_columns_is_refused(photos, tmp_path):
    crop(photos, tmp_path / "crops")
    table_path = tmp_path / "crops/crops.csv"
    table_path.write_text(table_path.read_text().replace(",bytes,modified", "", 1))
    with pytest.raises(OutputError, match="expected the columns that this version of emoclass writes"):
        crop(photos, tmp_path / "crops")


def table_of(photos, rows, header="path,label,split,person"):
    table = photos / "labels.csv"
    table.write_text("\n".join([header, *rows]) + "\n")
    return table


def test_the_photographs_of_a_table_are_cropped_with_their_labels(photos, tmp_path):
    rows = ["happy/group.png,happy,train,p1", f"{photos}/happy/deep/one.png,sad,test,", "sad/nobody.png,sad,test,p2"]
    found = emoclass.crop(table_of(photos, rows), tmp_path / "crops", registry=scenes_registry())
    assert (found.n_photographs, found.n_faces, found.n_without_face) == (3, 4, 1)
    with (tmp_path / "crops/labels.csv").open(newline="") as file:
        written = list(csv.reader(file))
    assert written == [
        ["path", "label", "split", "group"],
        ["happy/group.png-1.png", "happy", "train", "p1"],
        ["happy/group.png-2.png", "happy", "train", "p1"],
        ["happy/group.png-3.png", "happy", "train", "p1"],
        ["happy/deep/one.png.png", "sad", "test", ""],
    ]
    samples = list(load_table(found.labels))
    assert all((tmp_path / "crops" / sample.path).is_file() for sample in samples)
    assert [[each.emotion, each.split, each.group or ""] for each in samples] == [row[1:] for row in written[1:]]


def test_the_boxes_of_a_table_are_the_faces_and_each_has_its_own_label(photos, tmp_path):
    rows = [
        "happy/group.png,sad,60,40,110,90",
        "happy/group.png,happy,10,20,40,50",
        "sad/nobody.png,sad,900,900,950,950",
    ]
    table = table_of(photos, rows, "path,label,left,top,right,bottom")
    found = emoclass.crop(table, tmp_path / "crops", registry=Registry.discover())
    assert (found.n_faces, found.n_unreadable) == (2, 1)
    with (tmp_path / "crops/labels.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["path", "label", "group"],
            ["happy/group.png-1.png", "happy", "happy/group.png"],
            ["happy/group.png-2.png", "sad", "happy/group.png"],
        ]
    with Image.open(tmp_path / "crops/happy/group.png-2.png") as crop:
        assert crop.size == (60, 60)  # 1.2 times the height of the box
    table_of(photos, [rows[0].replace("60,40", "50,40"), *rows[1:]], "path,label,left,top,right,bottom")
    with pytest.raises(OutputError, match="its crops were made with other settings"):
        emoclass.crop(table, tmp_path / "crops", registry=Registry.discover())


def test_photographs_of_a_table_that_lie_elsewhere_are_told(photos, tmp_path):
    table = tmp_path / "else/labels.csv"
    table.parent.mkdir()
    table.write_text(
        f"path,label,x,y,w,h\n{photos}/happy/group.png,happy,9,9,40,40\n../photos/happy/deep/one.png,sad,9,9,40,40\n"
    )
    result = CliRunner().invoke(cli, ["crop", str(table), "--out", str(tmp_path / "crops"), "--quiet"])
    assert result.exit_code == 0, result.output
    assert "2 of the 2 images lie outside the folder of the table" in result.stderr
    assert f"Labels: {tmp_path}/crops/labels.csv" in result.stdout
    assert (tmp_path / "crops/deep/one.png.png").is_file()
    with pytest.raises(ConfigError, match="data_options: expected a table of photographs"):
        emoclass.crop(photos, tmp_path / "other", data_options={"label": "x"}, registry=scenes_registry())
