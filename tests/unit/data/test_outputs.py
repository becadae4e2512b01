"""Runs beside the photographs: nothing that lists images reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

import emoclass
from emoclass.cli.inputs import Inputs
from emoclass.data.folder import load
from emoclass.data.outputs import is_output
from emoclass.reporting.folders.run import RunFolder
from emoclass.reporting.folders.study import EXPERIMENT, StudyFolder


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.fixture(params=["a finished run", "an unfinished run", "a study"])
def photos(request, tmp_path):
    """Return a folder of two classes, in which there were runs."""
    touch(tmp_path / "happy" / "a.jpg", tmp_path / "sad" / "b.jpg")
    if request.param == "a study":
        folder = StudyFolder.create(tmp_path / "runs", "x")
        folder.write_text(EXPERIMENT, "")
    else:
        folder = RunFolder.create(tmp_path / "runs", "x")
        folder.write_text("config.toml", "")
        if request.param == "a finished run":
            folder.write_text("metrics.json", "{}")
            folder.finish()
    folder.release()
    touch(folder.path / "plots" / "confusion.png")
    return tmp_path


def test_a_run_and_the_folder_of_runs_are_outputs_and_others_are_not(photos):
    assert is_output(photos / "runs")
    assert all(is_output(each) for each in (photos / "runs").iterdir())
    for other in (photos, photos / "happy", photos / "missing", next((photos / "runs").iterdir()) / "plots"):
        assert not is_output(other)


def test_a_folder_that_holds_images_too_is_no_output(photos):
    touch(photos / "runs" / "c.jpg")
    assert not is_output(photos / "runs")


def test_the_folder_dataset_passes_runs_over(photos):
    assert [sample.path for sample in load(photos)] == ["happy/a.jpg", "sad/b.jpg"]
    (photos / "runs").rename(photos / "sad" / "runs")
    assert [sample.path for sample in load(photos)] == ["happy/a.jpg", "sad/b.jpg"]


def test_an_audit_of_images_without_classes_passes_runs_over(photos, registry):
    for name in ("happy", "sad"):
        for file in (photos / name).iterdir():
            file.rename(photos / file.name)
        (photos / name).rmdir()
    assert emoclass.audit(photos, registry=registry).n_images == 2


def test_predict_passes_runs_over_unless_they_are_named(photos, monkeypatch):
    monkeypatch.chdir(photos)
    assert list(Inputs((".",)).paths()) == ["./happy/a.jpg", "./sad/b.jpg"]
    assert list(Inputs(("**/*.png", "*")).paths()) == ["happy/a.jpg", "sad/b.jpg"]
    for named in ("runs", "runs/*/plots", "runs/*/plots/*.png"):
        assert [Path(each).name for each in Inputs((named,)).paths()] == ["confusion.png"]
