"""How `emoclass predict` prints."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest
from click import unstyle
from predicting import ALL, listed, run

import emoclass
from emoclass.cli.output import printable
from emoclass.cli.predictions import MOST_PATH, Table
from emoclass.values.results import Prediction, Unreadable


def test_json_has_what_the_library_says(bundle, photos):
    assert listed(bundle, photos) == [each.to_json() for each in emoclass.load(bundle).predict(ALL)]
    lines = run(bundle, photos, "--jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == listed(bundle, photos)


def test_csv_has_a_column_an_emotion(crop_bundle, photos):
    Path("photos/bad, or not.png").write_text("no picture")
    rows = list(csv.DictReader(io.StringIO(run(crop_bundle, photos, "--csv", "--faces", "never").stdout)))
    assert list(rows[0]) == ["path", "label", "probability", "happy", "sad", "angry", "error"]
    assert rows[0]["probability"] == rows[0][rows[0]["label"]]
    assert sum(float(rows[0][emotion]) for emotion in ("happy", "sad", "angry")) == pytest.approx(1, abs=1e-5)
    assert (rows[2]["path"], rows[2]["label"]) == ("photos/bad, or not.png", "")
    assert rows[2]["error"].startswith("not an image")


def test_top_leaves_the_likeliest(crop_bundle, photos):
    (full,), (short,) = listed(crop_bundle, "photos/b.png"), listed(crop_bundle, "photos/b.png", "--top", 2)
    best = sorted(full["scores"].items(), key=lambda each: -each[1])[:2]
    assert list(short["scores"].items()) == best
    assert (
        run(crop_bundle, "photos/b.png", "--csv", "--top", 1, "--faces", "never").stdout.splitlines()[1].count(",,")
        == 1
    )
    assert len(run(crop_bundle, "photos/b.png", "--top", 2, "--faces", "never").stdout.splitlines()) == 4


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
    shown = table(emoclass.values.labels.EMOTIONS, longest=300)
    scores = {**dict.fromkeys(emoclass.values.labels.EMOTIONS, 0.01), "contemptuous": 0.6, "surprised": 0.34}
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
    assert capsys.readouterr().out.startswith(r"a\x1b[2Jb\n.png: sad" + "\n")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names that are no text")
def test_a_name_that_is_no_text_can_be_printed(bundle, photos):
    Path("photos/b.png").rename(os.fsdecode(b"photos/b\xe9.png"))
    assert [each["path"] for each in listed(bundle, "photos")] == [ALL[0], "photos/b\\udce9.png", ALL[2]]
    assert r"photos/b\udce9.png  " in run(bundle, "photos").stdout
    assert r"photos/b\udce9.png," in run(bundle, "photos", "--csv").stdout


def test_joined_emojis_and_spaces_of_all_kinds_are_shown_and_wide_characters_counted(capsys):
    shown = table(longest=8)
    for path in ("安娜.png", "at 10\u202fam", "\u202eanna"):
        shown.write(ROW.model_copy(update={"path": path}))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("安娜.png  sad")
    assert lines[2].startswith("at 10\u202fam  sad")
    assert lines[3].startswith(r"\u202eanna  sad")
    assert printable("\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}") == "👩‍💻"


@pytest.mark.parametrize(("columns", "others", "bar"), [("100", 2, True), ("70", 1, True), ("40", 0, False)])
def test_a_narrow_terminal_gets_fewer_emotions(capsys, monkeypatch, columns, others, bar):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", columns)
    shown = table(longest=30)
    shown.write(ROW.model_copy(update={"path": "x" * 30}))
    line = unstyle(capsys.readouterr().out.splitlines()[1])
    assert len(line) <= int(columns)
    assert (line.count(" 0.") - 1, "█" in line) == (others, bar)


def test_one_endless_name_does_not_widen_every_line_of_a_file(capsys):
    shown = table(longest=5000)
    shown.write(ROW)
    shown.write(ROW.model_copy(update={"path": "x" * 5000}))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines[1]) < 200 and lines[1].index("sad") == MOST_PATH + 2
    assert lines[2].startswith("x" * 5000 + "  sad")


def test_rows_end_without_spaces(capsys):
    shown = table(longest=5, top=1)
    shown.write(ROW)
    assert capsys.readouterr().out.splitlines()[0] == "image  emotion  score"
    shown.write(ROW)
    assert capsys.readouterr().out == "a.png  sad      0.750  ███████▌\n"
