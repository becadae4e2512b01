"""`emoclass audit`: what is printed, written and refused, and the exit codes."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from emoclass.auditing.clean import read_exclusions
from emoclass.cli import cli
from emoclass.errors import ConfigError, OutputError


def run(*arguments):
    result = CliRunner().invoke(cli, ["audit", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def photos(tmp_path):
    """Return a folder of three different pictures, one of them twice."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    for name in ("glad/a", "glad/b", "blue/c"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)).save(folder / f"{name}.png")
    shutil.copy(folder / "glad/a.png", folder / "glad/copy.png")
    return folder


def test_the_findings_are_printed_and_work_is_told_on_stderr(photos):
    result = run(photos)
    assert result.exit_code == 0
    assert "4 images, all readable" in result.stdout
    assert "glad/a.png  glad/copy.png" in result.stdout
    assert "Classes: glad 3, blue 1" in result.stdout
    assert "--report" in result.stdout
    assert "Reading 4 images" in result.stderr
    assert run(photos, "--quiet").stderr == ""


def test_json_is_one_document(photos):
    document = json.loads(run("--data", photos, "--json").stdout)
    assert document["exact"] == [["glad/a.png", "glad/copy.png"]]
    assert document["leaks"] is False
    assert document["pairs"][0]["kind"] == "bytes"


def test_strict_fails_for_conflicting_labels_and_leaks_only(photos, tmp_path):
    assert run(photos, "--strict").exit_code == 0, "a copy under the same label is neither"
    shutil.copy(photos / "glad/a.png", photos / "blue/a.png")
    assert run(photos).exit_code == 0
    strict = run(photos, "--strict", "--json")
    assert strict.exit_code == 1
    assert json.loads(strict.stdout)["label_conflicts"]
    for place in ("train/glad", "test/glad"):
        shutil.copytree(photos / "glad", tmp_path / "official" / place)
    assert run(tmp_path / "official", "--strict").exit_code == 1


def test_the_list_and_the_page_are_written_where_asked(photos, tmp_path):
    page, target = tmp_path / "a.html", tmp_path / "exclude.txt"
    result = run(photos, "--report", page, "--write-clean", target)
    assert read_exclusions(target) == {"glad/copy.png"}
    assert page.read_text().count("data:image/jpeg") == 2
    assert f"Page: {page}" in result.stdout
    assert "1 image left out: 1 copy of an image that stays." in result.stdout


def test_a_clean_copy_has_nothing_left_to_find(photos, tmp_path):
    result = run(photos, "--write-clean", tmp_path / "clean", "--json")
    assert "Clean copy" in result.stderr
    again = json.loads(run(tmp_path / "clean", "--json").stdout)
    assert (again["n_images"], again["exact"]) == (3, [])


def test_what_could_not_be_written_is_refused_before_the_work(photos, tmp_path):
    for arguments, error, said in (
        ((photos, "--report", photos / "a.html"), OutputError, "lies inside"),
        ((photos, "--report", tmp_path / "a.pdf"), ConfigError, r"ends in \.html"),
        ((photos, "--write-clean", photos), OutputError, "lies inside"),
        ((photos, "--data", photos), ConfigError, "DIR is given as well"),
        (("--dataset", "synthetic-faces", "--write-clean", tmp_path / "x"), ConfigError, "not separate files"),
    ):
        with pytest.raises(error, match=said):
            run(*arguments)


def test_findings_are_printed_before_a_file_that_cannot_be_written_is_an_error(photos, tmp_path, capsys):
    (tmp_path / "file").touch()
    result = CliRunner().invoke(cli, ["audit", str(photos), "--report", str(tmp_path / "file" / "a.html")])
    assert isinstance(result.exception, OutputError)
    assert "Exact duplicates      1 group" in result.stdout
