"""Pictures that `emoclass predict` writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from predicting import ALL, run

from emoclass.errors import ConfigError, OutputError


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
def test_only_a_new_or_empty_folder_is_written_to(bundle, photos, option):
    for folder in ("photos", "photos/notes.txt"):
        with pytest.raises(OutputError, match=r"expected a new or empty folder.* Name another folder, or empty this"):
            run(bundle, "photos/deep", option, folder)


@pytest.mark.parametrize("option", ["--annotate", "--explain"])
def test_a_picture_that_is_given_twice_is_written_once(bundle, photos, option):
    result = run(bundle, "photos/a.JPG", "./photos/a.JPG", "photos", option, "out")
    assert (result.exit_code, "no image was written" in result.stderr) == (0, False)
    assert len([each for each in Path("out").rglob("*") if each.is_file()]) == 3


def test_no_file_is_ever_overwritten(bundle, photos):
    for name in ("c.gif", "c.gif.png"):  # the copy of the first is a PNG file, with the name of the second
        Image.new("RGB", (30, 20)).save(photos / name)
    result = run(bundle, "photos/c.gif", "photos/c.gif.png", "--annotate", "out")
    assert (result.exit_code, result.stderr.count("exists already")) == (1, 1)


def test_an_explanation_stands_beside_the_picture(bundle, photos):
    assert run(bundle, "photos", "--explain", "out").exit_code == 0
    written = sorted(str(path) for path in Path("out").rglob("*.png"))
    assert written == ["out/a.JPG.png", "out/b.png.png", "out/deep/er/c.webp.png"]
    with Image.open(written[0]) as image:
        assert image.width == 2 * 640 + 8


@pytest.mark.parametrize(
    ("annotate", "explain"), [("out", "out"), ("out", "photos/../out/"), ("out/in", "out"), ("out", "out/deep/in")]
)
def test_the_folders_of_both_kinds_of_pictures_are_kept_apart(bundle, photos, annotate, explain):
    with pytest.raises(ConfigError, match="--annotate and --explain: expected two folders, neither of them in the oth"):
        run(bundle, photos, "--annotate", annotate, "--explain", explain)
    assert not Path("out").exists()


def test_a_folder_that_cannot_be_made_is_told_before_the_model_is_loaded(photos):
    with pytest.raises(OutputError, match=r"folder photos/notes\.txt/out: cannot be written \(Not a directory\)\."):
        run("no-such-model", photos, "--annotate", "photos/notes.txt/out")


def test_a_picture_that_cannot_be_written_is_told_and_the_others_are(bundle, photos):
    long = Path("photos") / f"{'x' * 250}.gif"
    Image.new("RGB", (30, 20)).save(long)
    for option in ("--annotate", "--explain"):
        result = run(bundle, *ALL, long, option, f"out{option}", "--json")
        assert result.exit_code == 1
        assert [each["path"] for each in json.loads(result.stdout)] == [*ALL, str(long)]
        assert result.stderr.count("Note: ") == 1
        assert f"no image was written for {long}: " in result.stderr and "(File name too long)" in result.stderr
        assert len([each for each in Path(f"out{option}").rglob("*") if each.is_file()]) == 3


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("too large")], ids=str)
def test_no_half_a_picture_is_left(bundle, photos, monkeypatch, error):
    def save(self, file, *arguments, **options):
        file.write(b"half")
        raise error

    monkeypatch.setattr("PIL.Image.Image.save", save)
    result = run(bundle, photos, "--annotate", "out")
    assert (result.exit_code, result.stderr.count(f"({error.strerror if error.args[1:] else error})")) == (1, 3)
    assert not [each for each in Path("out").rglob("*") if each.is_file()]


def test_after_many_notes_pictures_are_only_counted(bundle, photos, monkeypatch):
    names = [f"photos/{number}.png" for number in range(30)]
    for name in names:
        Image.new("RGB", (30, 20)).save(name)

    def save(self, *arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("PIL.Image.Image.save", save)
    result = run(bundle, *names, "--annotate", "out")
    assert result.stderr.count("no image was written for photos/") == 20
    assert result.stderr.endswith("only counted.\nNote: 30 images could not be written.\n")
