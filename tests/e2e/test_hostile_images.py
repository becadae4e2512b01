"""Hundreds of broken and malicious files through `predict`, `audit` and `run`: no crash, no hang, nothing unsaid."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import variants
from one_file import ONE_FILE
from tiny import draw_photographs

pytestmark = pytest.mark.slow

TIMEOUT_SECONDS = 300
"""Of each command: the slowest takes 14 seconds, with TensorFlow's start."""


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return variants()


@pytest.fixture(scope="module")
def folder(files, tmp_path_factory) -> Path:
    """Return a folder of two classes, in which all variants lie among sound images."""
    root = draw_photographs(tmp_path_factory.mktemp("hostile") / "data", {"happy": 20, "sad": 20})
    for number, (name, data) in enumerate(files.items()):
        (root / ("happy", "sad")[number % 2] / name).write_bytes(data)
    return root


@pytest.fixture(scope="module")
def names(folder) -> set[str]:
    """Return the paths of all files, relative to the folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def audited(folder) -> dict[str, str]:
    """Return what the audit cannot read -> why."""
    document = json.loads(ran("audit", folder, "--json", "--quiet").stdout)
    return {each["path"]: each["reason"] for each in document["unreadable"]}


def ran(*arguments: object, codes: tuple[int, ...] = (0,), cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "emoclass", *map(str, arguments)],
        capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, cwd=cwd,
    )  # fmt: skip
    assert done.returncode in codes, f"exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    assert "Traceback" not in done.stderr
    return done


def test_there_are_enough_of_them_and_they_are_the_same_each_time(files):
    assert len(files) >= 300
    assert variants() == files


def test_an_audit_reads_each_or_says_why_not(names, audited, files):
    assert set(audited) <= names
    assert all(audited.values())
    kept = [name for name in names if name not in audited]
    assert len(audited) > 100 and len(kept) > 100, "both kinds are among them"
    sound = {name for name in names if "-sound." in name or "/mode-" in name} - {"happy/mode-F.tiff", "sad/mode-F.tiff"}
    assert not sound & set(audited)


@pytest.mark.parametrize("model", ["a bundle", "faces"])
def test_predictions_read_each_or_say_why_not(folder, names, audited, bundle, model):
    source = bundle if model == "a bundle" else "faces"
    done = ran("predict", source, folder, "--jsonl", codes=(1,))
    rows = {Path(row["path"]).relative_to(folder).as_posix(): row for row in map(json.loads, done.stdout.splitlines())}
    assert set(rows) == names
    failed = {name: row["error"] for name, row in rows.items() if "error" in row}
    assert all(failed.values())
    if model == "a bundle":  # the other leaves pictures out in which nothing is to be seen
        assert failed == audited


def test_a_run_trains_on_what_can_be_read_and_lists_the_rest(folder, names, audited, tmp_path):
    (tmp_path / "small_plugin.py").write_text(ONE_FILE)
    plugin = tmp_path / "small_plugin.py"
    ran("run", "--plugin", plugin, "--data", folder, "--out", tmp_path / "runs", "--epochs", 1, "--quiet")
    [run] = (tmp_path / "runs").iterdir()
    with (run / "skipped.csv").open(encoding="utf-8", newline="") as file:
        skipped = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    with (run / "split.csv").open(encoding="utf-8", newline="") as file:
        used = {row["path"] for row in csv.DictReader(file)}
    assert skipped == audited
    assert used == names - set(skipped)
