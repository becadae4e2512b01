"""ONNX files, run by onnxruntime, against the Keras and the LiteRT file of the same bundle."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner

from emoclass.bundle.manifest import KERAS, LITERT
from emoclass.bundle.read import read_bundle
from emoclass.cli import cli
from emoclass.data.calibration import made_pictures
from emoclass.inference.litert import LiteRTModel
from emoclass.inference.load import find_bundle
from emoclass.training.bundled import load_bundled
from emoclass.training.convert import convert
from emoclass.training.pipeline import from_pixels

BOUNDS = {"bundle": 1e-5, "crop_bundle": 1e-5, "faces": 1e-3}
"""Bundles, and how far a probability may move: `faces` has no normalization, and rounding grows in it."""


@pytest.fixture(scope="module", params=BOUNDS)
def exported(request, tmp_path_factory):
    """Return a bundle, the ONNX file that it is exported to, and how far its answers may differ."""
    source = find_bundle("faces") if request.param == "faces" else request.getfixturevalue(request.param)
    opened, path = read_bundle(source), tmp_path_factory.mktemp("onnx") / "model.onnx"
    pictures = made_pictures(opened.manifest.image.shape)
    done = convert(opened, "onnx", path, pictures, read_litert=lambda file: LiteRTModel(file).predict)
    assert done.difference < BOUNDS[request.param]
    assert (done.images, done.bytes) == (len(pictures), path.stat().st_size)
    return opened, path, BOUNDS[request.param]


def test_the_file_is_valid_and_takes_pixels_in_batches_of_any_size(exported):
    opened, path, _ = exported
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    assert (taken.type, given.type) == ("tensor(float)", "tensor(float)")
    assert tuple(taken.shape[1:]) == opened.manifest.image.shape
    assert not isinstance(taken.shape[0], int)
    assert given.shape[1] == opened.manifest.labels.units


@pytest.mark.parametrize("n", [1, 2, 7])
def test_it_answers_as_the_keras_and_the_litert_file_do(exported, n):
    opened, path, bound = exported
    pixels = np.random.default_rng(n).integers(0, 256, (n, *opened.manifest.image.shape)).astype(np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answered = session.run(None, {session.get_inputs()[0].name: pixels})[0]
    keras_model = from_pixels(load_bundled(opened), opened.manifest.files[KERAS].input_range)
    assert answered.shape == (n, opened.manifest.labels.units)
    assert answered.dtype == np.float32
    np.testing.assert_allclose(answered, keras_model.predict_on_batch(pixels), atol=bound)
    # Half precision in the LiteRT file, where it holds every weight; else rounding alone.
    np.testing.assert_allclose(answered, LiteRTModel(opened.path / LITERT).predict(pixels.astype(np.uint8)), atol=1e-3)


def test_the_command_says_that_the_file_was_compared(bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["export", str(bundle), "--format", "onnx", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["path"], document["format"], document["verified"]) == ("tiny.onnx", "onnx", True)
    assert document["difference"] < 1e-5
