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
from emoclass.errors import ConfigError, DataError, OutputError
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
    before = {name: data for name, data in contents(out).items() if name.endswith(".png")}
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
    assert "5 photographs" in ended.stdout and "4 faces" in ended.stdout
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
    with pytest.raises(OutputError, match="another file has the name of a crop"):
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
        ({"min_face": -1}, "min_face"),
        ({"min_face": "x"}, "min_face: expected a number of pixels from 0, got 'x'"),
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
