"""Errors and public values survive pickle and copy, as processes and pools need it; values can be hashed."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import shutil

import numpy as np
import pytest

from emoclass import LabelScheme, MetricValue, Sample, errors, load
from emoclass.errors import BundleError, EmoclassError, UnreadableImageError
from emoclass.faces.find import FaceFinder
from emoclass.values.config import validate
from emoclass.values.results import Prediction, SkippedFile, Unreadable
from emoclass.values.specs import DetectorSpec
from emoclass.workflows.run import RunResult

ERRORS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, EmoclassError)]


class PluginsOwnError(EmoclassError):
    def __init__(self, row: int, *, column: str) -> None:
        super().__init__(f"row {row}: no {column}", hint="Add it.")
        self.row = row


def make(kind):
    return kind("a.jpg", "empty file") if kind is UnreadableImageError else kind("x: expected a, got b.", "Take a.")


@pytest.mark.parametrize("again", [lambda each: pickle.loads(pickle.dumps(each)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize(
    "error", [*map(make, ERRORS), PluginsOwnError(3, column="emotion")], ids=lambda e: type(e).__name__
)
def test_an_error_survives(error, again):
    found = again(error)
    assert type(found) is type(error)
    assert (str(found), vars(found), found.args) == (str(error), vars(error), error.args)


def fail(path):
    raise UnreadableImageError(path, "empty file")


def test_an_unreadable_image_in_a_worker_reaches_the_caller():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        waiting = pool.map_async(fail, ["a.jpg"])
        with pytest.raises(UnreadableImageError, match=r"a\.jpg: empty file"):
            waiting.get(timeout=120)  # it used to wait for ever


CONFIG = {
    "plugin": "x",
    "recipe": "x",
    "labels": ["happy", "sad"],
    "model": {"name": "m", "options": {"widths": [8, 16]}},
    "data": {"map": {"smile": "happy"}},
}
VALUES = [
    Prediction(path="a.jpg", label="happy", probability=0.75, scores={"happy": 0.75, "sad": 0.25}),
    Unreadable(path="a.jpg", reason="empty file"),
    Sample(id="a", path="a.jpg", emotion="happy", votes={"happy": 3.0}, attributes={"gender": "female"}),
    MetricValue(value=0.5, n_samples=4, per_class={"happy": MetricValue(value=0.5, n_samples=2)}),
    LabelScheme(emotions=("happy", "sad")),
    validate(CONFIG),
    SkippedFile(path="a.jpg", reason="empty file"),
    RunResult(folder=".", plugin="x", recipe="x", labels=("happy", "sad"), n_samples={"test": 2}, metrics={}),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda each: type(each).__name__)
def test_a_value_survives_and_has_a_hash(value):
    for again in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert again == value
        assert hash(again) == hash(value)
    assert len({value, copy.deepcopy(value)}) == 1


def test_specs_survive_and_have_a_hash(registry):
    specs = [*registry.datasets, *registry.models, *registry.metrics, *registry.recipes]
    assert specs
    for spec in specs:
        again = pickle.loads(pickle.dumps(spec))
        assert (again, hash(again)) == (spec, hash(spec))


def test_different_predictions_differ_in_their_hash():
    one = Prediction(label="happy", probability=0.75, scores={"happy": 0.75, "sad": 0.25})
    other = Prediction(label="happy", probability=0.5, scores={"happy": 0.5, "sad": 0.5})
    assert hash(one) != hash(other)


def test_the_network_of_a_run_is_not_pickled_with_its_result():
    result = RunResult(folder=".", plugin="x", recipe="x", labels=("happy", "sad"), n_samples={}, metrics={})
    result.__dict__["model"] = lambda: None  # what cannot be pickled, where the loaded network stands
    assert "model" not in vars(pickle.loads(pickle.dumps(result)))


PIXELS = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)


def test_a_classifier_is_opened_again_by_its_bundle(crop_bundle, monkeypatch, tmp_path):
    monkeypatch.chdir(crop_bundle.parent)
    model = load(crop_bundle.name, threads=1).among("sad,happy")
    content = pickle.dumps(model)
    monkeypatch.chdir(tmp_path)  # a worker may be elsewhere
    for again in (pickle.loads(content), copy.copy(model)):
        assert again.labels == model.labels
        assert again.predict(PIXELS) == model.predict(PIXELS)


def build():
    return lambda picture: []


def test_how_a_classifier_looks_for_faces_survives(crop_bundle, registry):
    spec = DetectorSpec(
        name="none", summary="Finds nothing.", build=build, landmarks=False, min_face=1, license="x", source="x"
    )
    finder = pickle.loads(pickle.dumps(FaceFinder(spec, min_score=0.5, max_faces=2)))
    assert (finder.spec, finder.min_score, finder.max_faces) == (spec, 0.5, 2)
    model = load(crop_bundle).with_faces("never")
    assert len(pickle.loads(pickle.dumps(model)).find(PIXELS)) == 1


def test_a_classifier_whose_bundle_is_another_one_now_is_refused(bundle, tmp_path):
    moved = tmp_path / "bundle"
    shutil.copytree(bundle, moved)
    content = pickle.dumps(load(moved))
    with (moved / "model.tflite").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    with pytest.raises(BundleError, match=r"model\.tflite is damaged or was changed"):
        pickle.loads(content)
