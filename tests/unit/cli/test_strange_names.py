"""Names of files that would command a terminal, or run in a spreadsheet."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from tiny import draw_photographs

from emoclass import LabelScheme, Sample
from emoclass.cli import cli
from emoclass.cli.output import print_table, say, to_json
from emoclass.cli.progress import TerminalProgress
from emoclass.data.split import Split, to_csv
from emoclass.reporting.folders.run import RunFolder
from emoclass.values.cells import from_cell, from_cells, to_cell

RENAME = "\x1b]0;hacked\x07"
"""Renames the window of whoever sees it printed."""


@pytest.fixture
def photos(tmp_path):
    folder = draw_photographs(tmp_path / "photos", {"happy": 4, "sad": 4})
    (folder / "sad" / f"a{RENAME}.png").write_bytes(b"no picture")
    (folder / "sad" / "b\x9b31m\n.png").write_bytes(b"no picture")
    draw_photographs(folder, {f"fear{RENAME}": 2})
    return folder


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_evaluate_spells_control_codes_out(bundle, photos, arguments):
    word = f"fear{RENAME}=ignore"
    result = CliRunner().invoke(cli, ["evaluate", str(bundle), "--on", f"folder={photos}", "--map", word, *arguments])
    assert result.exit_code == 0, result.output
    assert "hacked" in result.stdout
    for text in (result.stdout, result.stderr):
        assert all(each.isprintable() or each == "\n" for each in text)
    if not arguments:
        assert "Skipped: 2 images: not an image" in result.stdout
        assert r": sad/a\x1b]0;hacked\x07.png, sad/b\x9b31m\n.png" in result.stdout
    else:
        told = str(json.loads(result.stdout))
        assert all(repr(path) in told for path in (f"sad/a{RENAME}.png", "sad/b\x9b31m\n.png"))


def test_audit_and_the_notes_of_runs_spell_control_codes_out(photos, capsys):
    result = CliRunner().invoke(cli, ["audit", str(photos)])
    assert "hacked" in result.stdout
    TerminalProgress().note(f"left out: {RENAME}")
    TerminalProgress().started(Path(f"/tmp/{RENAME}"))
    say(RENAME)
    print_table([(RENAME, "x")], header=("a", RENAME))
    told = capsys.readouterr()
    for text in (result.stdout, result.stderr, told.out, told.err):
        assert "\x1b]" not in text
        assert "\x07" not in text


def test_json_has_no_control_codes_and_the_same_text():
    text = to_json({"path": "a\x9b31m\x7f.png"})
    assert text.isprintable()
    assert json.loads(text) == {"path": "a\x9b31m\x7f.png"}


FORMULAS = ["=1+1.jpg", "+1.jpg", "-a.jpg", "@x.jpg", "\tx", "'=x", "''+x"]


@pytest.mark.parametrize("text", [*FORMULAS, "a=b", "'twas.jpg", "", "'", "-0.5", "1e-05"])
def test_a_cell_is_no_formula_and_is_read_back_as_it_was(text):
    cell = to_cell(text)
    assert from_cell(cell) == text
    assert cell == text or cell == f"'{text}"
    assert (cell != text) == (text in FORMULAS)


@pytest.mark.parametrize("value", [-0.5, None, 3])
def test_what_is_no_text_stays(value):
    assert to_cell(value) is value


def test_the_tables_of_a_run_hold_no_formulas(tmp_path):
    folder = RunFolder.create(tmp_path, "x")
    folder.write_rows("skipped.csv", ("path", "reason"), [("=cmd|' /C calc'!A0", "empty file")])
    folder.release()
    text = (folder.path / "skipped.csv").read_text()
    assert text == "path,reason\n'=cmd|' /C calc'!A0,empty file\n"
    [row] = map(from_cells, csv.DictReader(text.splitlines()))
    assert row == {"path": "=cmd|' /C calc'!A0", "reason": "empty file"}


def test_the_split_holds_no_formulas():
    sample = Sample(id="=a.png", path="@a.png", emotion="happy", group="-1+1")
    split = Split(samples=(sample,), sides=("test",))
    assert to_csv(split, LabelScheme(emotions="happysad")).splitlines()[1] == "'=a.png,'@a.png,happy,0,test,'-1+1"


def test_predictions_as_csv_hold_no_formulas(bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save("=1+1.png")
    result = CliRunner().invoke(cli, ["predict", str(bundle), "=1+1.png", "--csv"])
    [row] = csv.DictReader(result.stdout.splitlines())
    assert row["path"] == "'=1+1.png"
