"""`emoclass export`: what is printed, and what is refused."""

from __future__ import annotations

import importlib
import json
import re

import pytest
from click import unstyle
from click.testing import CliRunner
from PIL import Image

import emoclass
from emoclass.cli import cli
from emoclass.data.calibration import made_pictures
from emoclass.errors import ConfigError, DataError, OutputError
from emoclass.inference.litert import LiteRTModel
from emoclass.training import convert

export = importlib.import_module("emoclass.cli.export")  # the package has a command of this name


@pytest.fixture
def invoke(tmp_path, monkeypatch, bundle):
    """Run the command on a bundle, in an empty folder; its errors are raised."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(cli, ["export", str(bundle), *arguments], catch_exceptions=False)

    return run


@pytest.fixture
def photos(tmp_path_factory, bundle):
    """Return a folder of pictures that the model gets right."""
    root = tmp_path_factory.mktemp("photos")
    classifier = emoclass.load(bundle)
    for number, pixels in enumerate(made_pictures(classifier.image_shape).pixels):
        folder = root / classifier.predict(pixels).label
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (root / next(root.iterdir()).name / "broken.png").touch()
    return root


def test_people_read_sizes_and_differences(invoke, tmp_path):
    result = invoke("--format", "litert", "--quantize", "float16")
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["Written", "Size", "Verified", "Compared on"]
    assert "26 generated images" in result.stdout
    assert result.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["tiny-float16.tflite"]


def test_programs_read_one_document(invoke, photos, tmp_path):
    result = invoke("--format", "litert", "--calibrate", str(photos), "--out", "new.tflite", "--json")
    document = json.loads(result.stdout)
    assert (document["path"], document["format"], document["quantize"]) == ("new.tflite", "litert", None)
    assert document["bytes"] == (tmp_path / "new.tflite").stat().st_size
    assert (document["verified"], document["n_images"], document["n_unreadable"]) == (True, 26, 1)
    assert document["difference"] < 1e-4
    assert document["accuracy"] == {"before": 1.0, "after": 1.0, "n_samples": 26}
    assert document["loses_accuracy"] is False


def test_a_loss_of_accuracy_is_told(invoke, photos, monkeypatch):
    predict = LiteRTModel.predict
    monkeypatch.setitem(convert.BOUNDS, "int8", 1.0)
    monkeypatch.setattr(LiteRTModel, "predict", lambda self, pixels: 1 - predict(self, pixels))
    result = invoke("--format", "litert", "--quantize", "int8", "--calibrate", str(photos))
    assert "1.000 before, 0." in result.stdout
    note = r"^Note: int8 loses \d+\.\d percentage points of accuracy on these 26 images\.\n"
    assert re.match(note, unstyle(result.stderr))


def test_what_the_figures_rest_on_is_told(invoke, photos, monkeypatch):
    result = invoke("--format", "litert", "--calibrate", str(photos), "--json")
    unread, few = unstyle(result.stderr).splitlines()
    assert re.fullmatch(r"Note: not read: \w+/broken\.png: empty file\.", unread)
    assert few.startswith("Note: the comparison rests on only 26 images. Use 50 or more")
    for number in range(7):
        (photos / f"happy/broken-{number}.png").touch()
    monkeypatch.setattr(export, "FEW", 26)
    result = invoke("--format", "litert", "--quantize", "int8", "--calibrate", str(photos))
    [unread] = [each for each in unstyle(result.stderr).splitlines() if "percentage points" not in each]
    assert unread.count(": empty file") == 5 and unread.endswith("; and 3 more.")
    assert "26 images; not read: 8" in result.stdout
    monkeypatch.setattr(export, "FEW", 27)
    result = invoke("--format", "litert", "--quantize", "int8", "--calibrate", str(photos), "--out", "b.tflite")
    assert "the ranges of int8 and the comparison rest on only 26 images" in result.stderr


def test_a_file_that_nothing_can_read_here_is_said_to_be_unverified(invoke, monkeypatch):
    find_spec = convert.find_spec
    monkeypatch.setattr(convert, "find_spec", lambda name: None if name == "onnxruntime" else find_spec(name))
    monkeypatch.setattr("emoclass.training.export.check_onnx_packages", lambda: None)
    monkeypatch.setattr(convert, "export_onnx", lambda model, value_range, path: path.write_bytes(b"onnx"))
    result = invoke("--format", "onnx")
    assert "no: onnxruntime is not installed" in result.stdout
    assert "was not compared with the original" in result.stderr
    assert json.loads(invoke("--format", "onnx", "--out", "b.onnx", "--json").stdout)["verified"] is False


def test_what_makes_no_sense_is_refused(invoke, tmp_path):
    with pytest.raises(ConfigError, match="--quantize int8: expected --calibrate DIR"):
        invoke("--format", "litert", "--quantize", "int8")
    with pytest.raises(ConfigError, match="--quantize float16: expected --format litert, got onnx"):
        invoke("--format", "onnx", "--quantize", "float16")
    (tmp_path / "tiny.tflite").touch()
    with pytest.raises(OutputError, match=r"model tiny\.tflite: exists already"):
        invoke("--format", "litert")


def test_two_mistakes_are_told_at_once(invoke, tmp_path):
    (tmp_path / "tiny.tflite").touch()
    with pytest.raises(DataError, match=r"tiny\.tflite: exists already\. And data folder nowhere: .* with --out.* a"):
        invoke("--format", "litert", "--calibrate", "nowhere")


def test_a_folder_of_no_pictures_is_told_in_terms_of_the_option(invoke, tmp_path):
    for given in ("nowhere", str(tmp_path)):
        with pytest.raises(DataError, match=r"data folder .* --calibrate takes a folder per class"):
            invoke("--format", "litert", "--calibrate", given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--calibrate", "--out"])
def test_an_empty_path_is_not_the_folder_one_is_in(invoke, option):
    with pytest.raises(ConfigError, match="expected a path, got an empty string"):
        invoke("--format", "litert", option, "")
