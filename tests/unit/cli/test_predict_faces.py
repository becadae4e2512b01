"""`emoclass predict` on photographs: a line for each face."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from fake_detector import SPEC, picture
from PIL import Image
from predicting import listed, run

import emoclass
from emoclass.errors import OutputError

GPS = 0x8825


@pytest.fixture
def album(tmp_path, monkeypatch):
    """Go to a folder with two photographs, one without a face, a ready-made crop, and what is no picture."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("emoclass.inference.classifier.choose_detector", lambda *_: SPEC)
    Path("album").mkdir()
    picture(50, 300).save("album/a.png")
    exif = Image.Exif()
    exif[GPS] = {1: "N", 2: (48.0, 51.0, 29.0), 3: "E", 4: (2.0, 17.0, 40.0)}
    exif[0x010E] = "secret description"
    picture(400).save("album/b.jpg", exif=exif, comment=b"secret comment", quality=95)
    picture().save("album/c.png")
    Image.linear_gradient("L").resize((48, 48)).save("album/d.png")
    return Path("album")


def rows(*arguments, **options):
    return list(csv.DictReader(io.StringIO(run(*arguments, "--csv", **options).stdout)))


def test_a_line_for_each_face_from_left_to_right(crop_bundle, album):
    result = run(crop_bundle, album)
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0].split()[:6] == ["image", "face", "left,top", "size", "found", "emotion"]
    assert lines[1].startswith("album/a.png  1 of 2    50,100 80x80         0.90 ")
    assert lines[2].startswith("album/a.png  2 of 2    300,100 80x80        0.90 ")
    assert lines[3].startswith("album/b.jpg  1 of 1 ")
    assert lines[4] == "album/c.png  no face found"
    assert lines[5].startswith("album/d.png  crop ")
    assert lines[-1].startswith(
        "2 photographs with 3 faces, 1 ready-made crop (classified as it is), 1 photograph without a face: "
    )
    assert result.stderr == ""


def test_json_has_the_faces_of_each_picture(crop_bundle, album):
    a, _, c, d = listed(crop_bundle, album)
    assert a == next(emoclass.load(crop_bundle).find_batches(["album/a.png"])).to_json()
    assert list(a) == ["path", "width", "height", "ready_made", "n_left_out", "faces"]
    assert list(a["faces"][0]) == ["box", "landmarks", "detection", "label", "probability", "scores"]
    assert a["faces"][0]["box"] == [50, 100, 80, 80]
    assert c["faces"] == []
    assert d["label"] == d["faces"][0]["label"] and d["ready_made"]
    lines = run(crop_bundle, album, "--jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == listed(crop_bundle, album)
    top = listed(crop_bundle, album, "--top", 1)
    assert [len(face["scores"]) for each in top for face in each["faces"]] == [1] * 4
    assert len(top[3]["scores"]) == 1


def test_ready_made_crops_keep_the_keys_and_columns_that_they_had(crop_bundle, album):
    (before,), (now,) = (listed(crop_bundle, "album/d.png", "--faces", "never"), listed(crop_bundle, "album/d.png"))
    assert before.items() <= now.items()
    (before,), (now,) = (rows(crop_bundle, "album/d.png", "--faces", "never"), rows(crop_bundle, "album/d.png"))
    assert before.items() <= now.items()
    assert list(now)[: len(before)] == list(before)


def test_csv_has_a_row_for_each_face_and_says_why_there_is_none(crop_bundle, album):
    Path("album/e.png").write_text("no picture")
    found = rows(crop_bundle, album)
    assert [(each["path"], each["face"], each["faces"], each["note"]) for each in found] == [
        ("album/a.png", "1", "2", ""),
        ("album/a.png", "2", "2", ""),
        ("album/b.jpg", "1", "1", ""),
        ("album/c.png", "", "0", "no face found"),
        ("album/d.png", "1", "1", "ready-made crop"),
        ("album/e.png", "", "", ""),
    ]
    assert found[1]["left"] == "300.0" and found[1]["detection"] == "0.900"
    assert found[3]["label"] == "" and found[5]["error"].startswith("not an image")


@pytest.mark.parametrize("form", ["--json", "--jsonl", "--csv"])
def test_what_was_decided_is_told_once(crop_bundle, album, form):
    result = run(crop_bundle, album, form)
    assert result.stderr == (
        "Note: 2 photographs with 3 faces, 1 ready-made crop (classified as it is), 1 photograph without a face.\n"
    )


def test_a_single_picture(crop_bundle, album):
    one = run(crop_bundle, "album/b.jpg").stdout.splitlines()
    assert one[0].startswith("album/b.jpg: ")
    assert one[-1] == "One face, at 400,100 80x80, found with score 0.90."
    assert run(crop_bundle, "album/d.png").stdout.endswith("A ready-made crop: classified as it is.\n")
    assert run(crop_bundle, "album/c.png").stdout == "album/c.png  no face found\n"
    several = run(crop_bundle, "album/a.png").stdout.splitlines()
    assert (len(several), several[0].split()[0]) == (5, "image")
    assert several[-1].startswith("1 photograph with 2 faces: ")


def test_a_picture_without_a_face_is_an_error_only_on_demand(crop_bundle, album):
    assert run(crop_bundle, "album/c.png").exit_code == 0
    assert run(crop_bundle, "album/c.png", "--require-face").exit_code == 1
    assert run(crop_bundle, "album/a.png", "album/d.png", "--require-face").exit_code == 0


def test_options_choose_among_faces(crop_bundle, album):
    assert len(rows(crop_bundle, "album/a.png", "--largest")) == 1
    assert len(rows(crop_bundle, "album/a.png", "--max-faces", 1)) == 1
    for limit in (("--min-face", 81), ("--min-detection", 0.95)):
        assert rows(crop_bundle, "album/a.png", *limit)[0]["note"] == "no face within the limits (2 found)"
        told = run(crop_bundle, "album/a.png", "album/c.png", *limit).stdout
        assert "2 photographs without a face (1 of them with faces outside the limits)" in told
    both = run(crop_bundle, "album/a.png", "--largest", "--max-faces", 2)
    assert both.exit_code == 2
    assert "--max-faces: expected either --largest or --max-faces, got both" in both.stderr
    assert rows(crop_bundle, "album/d.png", "--faces", "find")[0]["note"] == "no face found"
    assert "faces" not in rows(crop_bundle, "album/d.png", "--faces", "never")[0]


def test_a_model_of_photographs_looks_for_faces_only_on_demand(bundle, album):
    assert "faces" not in listed(bundle, "album/a.png")[0]
    assert len(listed(bundle, "album/a.png", "--faces", "find")[0]["faces"]) == 2
    assert listed(bundle, "album/c.png", "--faces", "find")[0]["faces"] == []


@pytest.mark.parametrize("option", [["--largest"], ["--require-face"], ["--min-face", 0], ["--detector", "red"]])
def test_options_of_a_search_need_one(bundle, crop_bundle, album, option):
    for arguments in ([bundle, album], [crop_bundle, album, "--faces", "never"]):
        result = run(*arguments, *option)
        assert result.exit_code == 2
        assert f"{option[0]}: no faces are looked for" in result.stderr


@pytest.mark.parametrize("option", [["--min-face", -1], ["--min-detection", 2], ["--max-faces", 0], ["--faces", "all"]])
def test_values_out_of_range_are_wrong_usage(crop_bundle, album, option):
    assert run(crop_bundle, album, *option).exit_code == 2


def test_without_a_detector_crops_are_still_classified(crop_bundle, album, monkeypatch):
    from emoclass.inference.face_search import choose_detector

    monkeypatch.setattr("emoclass.inference.classifier.choose_detector", choose_detector)
    monkeypatch.setattr("emoclass.plugin.registry.Registry.discover", classmethod(lambda cls: cls()))
    result = run(crop_bundle, "album/d.png", "--json")
    assert result.exit_code == 0 and "label" in json.loads(result.stdout)[0]
    assert result.stderr.count("Note: No face detector is installed") == 1
    with pytest.raises(emoclass.EmoclassError, match="pip install emoclass-yunet"):
        run(crop_bundle, "album/d.png", "--faces", "auto")


def test_a_black_crop_is_not_judged(crop_bundle, album):
    Image.new("L", (48, 48)).save("black.png")
    for mode in ("auto", "never"):
        result = run(crop_bundle, "black.png", "--json", "--faces", mode)
        assert result.exit_code == 1
        assert json.loads(result.stdout)[0]["error"] == "shows no face: all pixels have nearly the same color"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mp4", b"\0\0\0\x18ftypmp42" + bytes(50)),
        ("a.mov", b"\0\0\0\x14ftypqt  " + bytes(50)),
        ("a.mkv", b"\x1a\x45\xdf\xa3" + bytes(50)),
        ("a.avi", b"RIFF\0\0\0\0AVI LIST" + bytes(50)),
        ("a.jpg", b"\0\0\0\x18ftypisom" + bytes(50)),
        ("a.WEBM", b"damaged"),
    ],
)
def test_a_video_is_called_one(bundle, crop_bundle, album, name, content):
    Path(name).write_bytes(content)
    for model in (bundle, crop_bundle):
        result = run(model, name, "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)[0]["error"] == "a video, expected an image; for videos: emoclass video"


def test_a_narrow_terminal_gets_no_places(crop_bundle, album, monkeypatch):
    from emoclass.cli.face_predictions import FaceCounts, FaceTable

    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    labels = emoclass.LabelScheme(emotions=("happy", "sad", "angry"))
    (found,) = emoclass.load(crop_bundle).find_batches(["album/a.png"])
    table = FaceTable(labels, longest=40, single=False, counts=FaceCounts())
    out = io.StringIO()
    monkeypatch.setattr("click.echo", lambda text="", **_: out.write(f"{text}\n"))
    table.write(found)
    from click import unstyle

    lines = unstyle(out.getvalue()).splitlines()
    assert all(len(line) <= 60 for line in lines), lines
    assert all("of 2" in line for line in lines[-2:])


# Pictures and pages.


def metadata_of(path: Path) -> bytes:
    """Return what a picture's file holds beside its pixels."""
    with Image.open(path) as image:
        return repr((dict(image.getexif()), image.info)).encode()


def test_annotated_photographs_carry_nothing_of_the_file(crop_bundle, album):
    assert b"secret" in metadata_of(Path("album/b.jpg"))
    assert run(crop_bundle, album, "--annotate", "out", "--report", "page.html").exit_code == 0
    written = sorted(path.name for path in Path("out").iterdir())
    assert written == ["a.png", "b.jpg", "c.png", "d.png"]
    for path in Path("out").iterdir():
        content = path.read_bytes()
        assert b"Exif" not in content and b"secret" not in content and b"eXIf" not in content, path
    page = Path("page.html").read_bytes()
    import base64
    import re

    embedded = [base64.b64decode(each) for each in re.findall(rb"data:image/jpeg;base64,([^\"]+)", page)]
    assert len(embedded) == 4 + 3, "four pictures, three faces"
    for content in (page, *embedded):
        assert b"Exif" not in content and b"secret" not in content


def test_a_box_is_drawn_around_each_face(crop_bundle, album):
    run(crop_bundle, album, "--annotate", "out")
    with Image.open("out/a.png") as drawn, Image.open("album/a.png") as before:
        assert drawn.width >= before.width
        scale = drawn.width / before.width
        pixels = np.asarray(drawn.convert("RGB")).astype(int)
    for left in (50, 300):
        middle = pixels[round(140 * scale), round((left - 12) * scale) : round((left - 0.5) * scale)]
        assert (abs(middle - [120, 130, 140]).max(axis=-1) > 40).any(), "the left edge of the box"


def test_each_face_is_explained(crop_bundle, album):
    assert run(crop_bundle, album, "--explain", "out").exit_code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "a.png.face-1.png",
        "a.png.face-2.png",
        "b.jpg.face-1.png",
        "d.png.png",
    ]


def test_the_page_shows_all_there_is_to_say(crop_bundle, album):
    Path("album/e<b>.png").write_text("no picture")
    assert run(crop_bundle, album, "--report", "page.html").exit_code == 1
    page = Path("page.html").read_text()
    assert "Emotions in 4 images" in page
    assert "2 photographs with 3 faces, 1 ready-made crop (classified as it is), 1 photograph without a face" in page
    assert "An expression is not a feeling" in page and "No person is recognized or remembered" in page
    assert "No face found." in page and "A ready-made face crop, classified as it is." in page
    assert page.count('<div class="box"') == 3
    assert "e&lt;b&gt;.png" in page and "not an image" in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")


def test_the_page_carries_the_notes_of_the_terminal(crop_bundle, album):
    result = run(crop_bundle, "album/a.png", "--faces", "never", "--report", "page.html")
    note = result.stderr.removeprefix("Note: t").strip()
    assert "looks like a whole photograph" in note
    assert note in Path("page.html").read_text()


def test_no_page_is_overwritten(crop_bundle, album):
    Path("page.html").write_text("mine")
    with pytest.raises(OutputError, match=r"page page\.html: exists already, and is not overwritten"):
        run(crop_bundle, album, "--report", "page.html")
    assert Path("page.html").read_text() == "mine"
    with pytest.raises(OutputError, match=r"page album/a\.png/page\.html: cannot be written"):
        run(crop_bundle, album, "--report", "album/a.png/page.html")


def test_a_page_of_many_pictures_shows_the_first_and_counts_all(crop_bundle, album, monkeypatch):
    monkeypatch.setattr("emoclass.reporting.pages.faces.SHOWN", 2)
    run(crop_bundle, album, "--report", "page.html")
    page = Path("page.html").read_text()
    assert page.count('<section class="picture') == 2
    assert "The first 2 of 4 images are shown; the counts are of all." in page
    assert "4 predictions" in page


def test_a_page_of_a_model_of_photographs_has_no_boxes(bundle, album):
    assert run(bundle, album, "--report", "page.html").exit_code == 0
    page = Path("page.html").read_text()
    assert page.count('<section class="picture') == 4 and '<div class="box"' not in page
    assert "4 images" in page
