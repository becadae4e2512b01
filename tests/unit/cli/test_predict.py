"""`emoclass predict`: what is found, how it is printed, and what is written."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click import unstyle
from click.testing import CliRunner
from PIL import Image

import emoclass
from emoclass.cli import cli, main
from emoclass.cli.inputs import Inputs
from emoclass.cli.predictions import Table
from emoclass.errors import BundleError, ConfigError, DataError, OutputError
from emoclass.results import Prediction, Unreadable


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Go to a folder of pictures, some of them below others, with what is no picture among them."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("photos/b.png", "photos/a.JPG", "photos/deep/er/c.webp", "photos/.hidden.png", "photos/.git/d.png"):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)).save(path)
    Path("photos/notes.txt").write_text("no picture")
    return Path("photos")


def run(*arguments, **options):
    result = CliRunner().invoke(cli, ["predict", *map(str, arguments)], **options)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def listed(*arguments, **options):
    return json.loads(run(*arguments, "--json", **options).stdout)


ALL = ["photos/a.JPG", "photos/b.png", "photos/deep/er/c.webp"]


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        (["photos"], ALL),
        (["photos/b.png"], ["photos/b.png"]),
        (["photos/*.png", "photos/a.JPG"], ["photos/b.png", "photos/a.JPG"]),
        (["photos/**/*.webp"], ["photos/deep/er/c.webp"]),
        (["photos/dee*"], ["photos/deep/er/c.webp"]),
        (["photos/deep", "photos/deep"], ["photos/deep/er/c.webp"] * 2),
        (["photos/.hidden.png"], ["photos/.hidden.png"]),
    ],
    ids=str,
)
def test_files_folders_and_patterns_are_found_in_order(bundle, photos, inputs, found):
    assert [each["path"] for each in listed(bundle, *inputs)] == found


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_and_links_to_folders_are_passed_over_and_broken_links_told(bundle, photos):
    os.mkfifo("photos/pipe.png")
    Path("photos/link.png").symlink_to("deep")
    Path("photos/broken.png").symlink_to("nowhere")
    found = {each["path"]: each for each in listed(bundle, "photos")}
    assert sorted(found) == sorted([*ALL, "photos/broken.png"])
    assert "error" in found["photos/broken.png"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(bundle, photos):
    (photos / "b.png").rename(photos / "[b].png")
    assert [each["path"] for each in listed(bundle, "photos/[b].png")] == ["photos/[b].png"]


def test_paths_come_on_stdin_a_line_each(bundle, photos):
    found = listed(bundle, "-", input="photos/b.png\r\n\nphotos/absent.png\nphotos/a.JPG")
    assert [each["path"] for each in found] == ["photos/b.png", "photos/absent.png", "photos/a.JPG"]
    assert found[1]["error"] == "cannot be opened (No such file or directory)"
    with pytest.raises(DataError, match="stdin: expected a path a line, got none"):
        run(bundle, "-", input="\n")


def test_json_has_what_the_library_says(bundle, photos):
    assert listed(bundle, photos) == [each.to_json() for each in emoclass.load(bundle).predict(ALL)]
    lines = run(bundle, photos, "--jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == listed(bundle, photos)


def test_csv_has_a_column_an_emotion(crop_bundle, photos):
    Path("photos/bad, or not.png").write_text("no picture")
    rows = list(csv.DictReader(io.StringIO(run(crop_bundle, photos, "--csv").stdout)))
    assert list(rows[0]) == ["path", "label", "probability", "happy", "sad", "angry", "error"]
    assert rows[0]["probability"] == rows[0][rows[0]["label"]]
    assert sum(float(rows[0][emotion]) for emotion in ("happy", "sad", "angry")) == pytest.approx(1, abs=1e-5)
    assert (rows[2]["path"], rows[2]["label"]) == ("photos/bad, or not.png", "")
    assert rows[2]["error"].startswith("not an image")


def test_top_leaves_the_likeliest(crop_bundle, photos):
    (full,), (short,) = listed(crop_bundle, "photos/b.png"), listed(crop_bundle, "photos/b.png", "--top", 2)
    best = sorted(full["scores"].items(), key=lambda each: -each[1])[:2]
    assert list(short["scores"].items()) == best
    assert run(crop_bundle, "photos/b.png", "--csv", "--top", 1).stdout.splitlines()[1].count(",,") == 1
    assert len(run(crop_bundle, "photos/b.png", "--top", 2).stdout.splitlines()) == 4


def test_labels_leave_a_choice_among_some(crop_bundle, photos):
    (full,), (short,) = (
        listed(crop_bundle, "photos/b.png"),
        listed(crop_bundle, "photos/b.png", "--labels", "anger,happy"),
    )
    assert list(short["scores"]) == ["happy", "angry"]
    assert sum(short["scores"].values()) == pytest.approx(1)
    assert short["scores"]["happy"] / short["scores"]["angry"] == pytest.approx(
        full["scores"]["happy"] / full["scores"]["angry"]
    )


@pytest.mark.parametrize(("labels", "got"), [("happy,bored", "bored"), ("happy,scared", "scared"), ("sad", "sad")])
def test_labels_that_the_model_has_not_are_refused(crop_bundle, photos, labels, got):
    with pytest.raises(ConfigError, match=rf"--labels: .* the model's happy, sad, angry, got {got}\."):
        run(crop_bundle, photos, "--labels", labels)


def test_what_cannot_be_read_gets_a_row_and_the_rest_goes_on(bundle, photos):
    Path("photos/broken.jpg").write_text("no picture")
    result = run(bundle, "photos", "none/*.png")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[1].startswith("none/*.png ") and "not read: matches nothing" in lines[1]
    assert "not read: not an image" in lines[4]
    assert lines[-1].startswith("5 images: ") and lines[-1].endswith(", 2 not read")
    assert run(bundle, "photos", "--json").exit_code == 1
    assert run(bundle, "photos/b.png").exit_code == 0


def test_nothing_to_look_at_is_an_error(bundle, photos):
    Path("empty").mkdir()
    with pytest.raises(DataError, match=r"images: found none \(empty holds no image; \*\.bmp matches nothing\)\."):
        run(bundle, "empty", "*.bmp")


def test_a_folder_that_cannot_be_listed_is_told(photos, monkeypatch):
    real = os.scandir
    refusal = PermissionError(13, "Permission denied")

    def scandir(path):
        if str(path).endswith("er"):
            raise refusal
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    survey = Inputs(("photos",)).survey()
    assert (survey.count, survey.longest) == (2, len("photos/a.JPG"))
    assert survey.problems == (Unreadable(path="photos/deep/er", reason="cannot be listed (Permission denied)"),)


def test_wrong_usage_exits_with_2(bundle, photos):
    assert run(bundle).exit_code == 2
    result = run(bundle, "photos", "--csv", "--json")
    assert (result.exit_code, "exclude each other" in result.stderr) == (2, True)
    assert run(bundle, "photos", "--top", 0).exit_code == 2
    with pytest.raises(SystemExit, match="2"):
        main(["predict", "no-such-plugin", "photos"])
    with pytest.raises(BundleError):
        run("photos", "photos")


def table(labels=("happy", "sad", "angry"), **options):
    return Table(emoclass.LabelScheme(emotions=labels), **{"longest": 20, "single": False, **options})


ROW = Prediction(path="a.png", label="sad", probability=0.75, scores={"happy": 0.05, "sad": 0.75, "angry": 0.2})


def test_the_table_is_aligned_and_ranked(capsys):
    shown = table(longest=5)
    shown.write(ROW)
    shown.write(Unreadable(path="b", reason="empty file"))
    shown.close()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "image  emotion  score              others"
    assert lines[1].split() == ["a.png", "sad", "0.750", "███████▌", "angry", "0.200", "happy", "0.050"]
    assert lines[1].index("0.750") == lines[0].index("score")
    assert lines[2] == "b      not read: empty file"
    assert lines[4] == "2 images: 1 sad, 1 not read"


def test_a_terminal_gets_lines_that_fit(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    shown = table(emoclass.labels.EMOTIONS, longest=300)
    scores = {**dict.fromkeys(emoclass.labels.EMOTIONS, 0.01), "contemptuous": 0.6, "surprised": 0.34}
    shown.write(Prediction(path="x" * 300 + ".png", label="contemptuous", probability=0.6, scores=scores))
    line = unstyle(capsys.readouterr().out.splitlines()[1])
    assert len(line) <= 100
    assert line.startswith("…xx") and "x.png  contemptuous  0.600" in line


def test_a_single_image_is_shown_with_all_its_scores(capsys):
    table(single=True, longest=5).write(ROW)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a.png: sad"
    assert [line.split()[:2] for line in lines[2:]] == [["sad", "0.750"], ["angry", "0.200"], ["happy", "0.050"]]


def test_names_cannot_command_the_terminal(capsys):
    table(single=True).write(ROW.model_copy(update={"path": "a\x1b[2Jb\n.png"}))
    assert capsys.readouterr().out.startswith("a?[2Jb?.png: sad\n")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are no text")
def test_a_name_that_is_no_text_can_be_printed(bundle, photos):
    Path("photos/b.png").rename(os.fsdecode(b"photos/b\xe9.png"))
    assert [each["path"] for each in listed(bundle, "photos")] == [ALL[0], "photos/b\\udce9.png", ALL[2]]
    assert "b?.png" in run(bundle, "photos").stdout


def test_annotated_copies_keep_folders_and_stand_upright(bundle, photos):
    lying = Image.Exif()
    lying[0x0112] = 6
    Image.new("RGB", (300, 200), "white").save("photos/lying.jpg", exif=lying)
    Image.new("L", (30, 20)).save("photos/deep/still.gif")
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    assert run(bundle, photos, "--annotate", "photos/out").exit_code == 0
    written = sorted(str(path.relative_to("photos/out")) for path in Path("photos/out").rglob("*") if path.is_file())
    assert written == ["a.JPG", "b.png", "deep/er/c.webp", "deep/still.gif.png", "lying.jpg"]
    assert all(path.read_bytes() == content for path, content in before.items())
    with Image.open("photos/out/lying.jpg") as image:
        assert (image.width, image.format) == (240, "JPEG")
        assert image.height > 300
    with Image.open("photos/out/deep/still.gif.png") as image:
        assert image.width == 240


def test_copies_of_several_inputs_keep_apart(bundle, photos):
    Path("other").mkdir()
    (photos / "b.png").rename("other/a.JPG")
    run(bundle, "photos/a.JPG", "other/*.JPG", "--annotate", "out")
    assert sorted(map(str, Path("out").rglob("*.JPG"))) == ["out/other/a.JPG", "out/photos/a.JPG"]
    run(bundle, "-", "--annotate", "out2", input=f"photos/a.JPG\n{Path.cwd().parent / 'x.png'}\n")
    assert list(map(str, Path("out2").rglob("*.*"))) == ["out2/photos/a.JPG"]


@pytest.mark.parametrize("option", ["--annotate", "--explain"])
def test_no_file_is_ever_overwritten(bundle, photos, option):
    for folder in ("photos", "photos/notes.txt"):
        with pytest.raises(OutputError, match="expected a new or empty folder"):
            run(bundle, "photos/deep", option, folder)
    with pytest.raises(OutputError, match="exists already"):
        run(bundle, "photos/a.JPG", "photos/a.JPG", option, "out")


def test_an_explanation_stands_beside_the_picture(bundle, photos):
    assert run(bundle, "photos", "--explain", "out").exit_code == 0
    written = sorted(str(path) for path in Path("out").rglob("*.png"))
    assert written == ["out/a.JPG.png", "out/b.png.png", "out/deep/er/c.webp.png"]
    with Image.open(written[0]) as image:
        assert image.width == 2 * 640 + 8


def test_whole_photographs_are_told_once_to_a_model_of_crops(bundle, crop_bundle, photos):
    result = run(crop_bundle, photos, "--csv")
    assert result.stderr.count("expects aligned face crops") == 1
    assert "photos/a.JPG (60x40) looks like a whole photograph" in result.stderr
    assert run(bundle, photos, "--csv").stderr == ""
    Image.new("L", (48, 48)).save("crop.png")
    assert run(crop_bundle, "crop.png").stderr == ""
    Image.new("L", (600, 600)).save("square.png")
    assert "(600x600)" in run(crop_bundle, "square.png").stderr


def test_the_command_starts_nothing_slow_and_says_nothing_else(bundle, photos):
    code = (
        "import sys\nfrom emoclass.cli import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit as done:\n"
        "    assert done.code == 0\n"
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib', 'pluggy') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, "predict", str(bundle), "photos/b.png", "--jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == ["[]"]
    assert done.stderr == ""
