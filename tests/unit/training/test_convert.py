import errno
import importlib
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from emoclass import LabelScheme
from emoclass.bundle.manifest import KERAS
from emoclass.bundle.read import read_bundle
from emoclass.data.calibration import made_pictures, read_pictures
from emoclass.errors import BundleError, ConfigError, ContractError, DataError, OutputError
from emoclass.inference.litert import LiteRTModel
from emoclass.training import export
from emoclass.training.convert import Conversion, convert


def read_litert(path):
    return LiteRTModel(path).predict


def off_by(shift):
    return lambda path: lambda pixels: LiteRTModel(path).predict(pixels) + np.float32(shift)


@pytest.fixture
def to(tmp_path, bundle):
    """Convert to `out`, on generated images unless others are given."""

    def run(form, name, bundle=bundle, pictures=None, reader=read_litert, **options):
        opened = read_bundle(bundle)
        pictures = pictures or made_pictures(opened.manifest.image.shape)
        return convert(opened, form, tmp_path / name, pictures, read_litert=reader, **options)

    return run


@pytest.mark.parametrize(("quantize", "bound"), [(None, 1e-4), ("float16", 0.01), ("int8", 0.1)])
def test_a_litert_file_answers_as_the_keras_file_does_and_nothing_is_said(to, tmp_path, capfd, quantize, bound):
    capfd.readouterr()
    done = to("litert", "a.tflite", quantize=quantize)
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tflite"]
    assert 0 <= done.mean_difference <= done.difference < bound
    assert done.bytes == (tmp_path / "a.tflite").stat().st_size
    assert (done.images, done.labeled, done.accuracy) == (26, 0, None)
    assert LiteRTModel(tmp_path / "a.tflite").predict(np.zeros((3, 16, 12, 3), np.uint8)).dtype == np.float32


def test_gray_crops_of_three_emotions_are_quantized_too(to, crop_bundle):
    assert to("litert", "a.tflite", crop_bundle, quantize="int8").mean_difference < 0.1


def test_a_saved_model_is_a_folder_that_answers_alike(to, tmp_path):
    done = to("saved-model", "saved")
    assert (tmp_path / "saved" / "saved_model.pb").is_file()
    assert done.difference < 1e-4
    assert done.bytes == sum(path.stat().st_size for path in done.path.rglob("*") if path.is_file())


def test_without_its_packages_onnx_is_refused_with_what_to_install(to, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'tf2onnx and onnx .* pip install "emoclass\[onnx\]"'):
        to("onnx", "a.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("quantize", "shift", "message"),
    [
        (None, 0.002, "litert: expected probabilities that differ by at most 0.001, got 0.002"),
        ("float16", 0.03, "litert float16: expected probabilities that differ by at most 0.02, got 0.03"),
        ("int8", 0.3, "litert int8: expected probabilities that differ by at most 0.1 on average, got "),
        (None, np.nan, "litert: expected finite numbers, got "),
    ],
)
def test_a_file_that_answers_otherwise_is_not_kept(to, tmp_path, quantize, shift, message):
    with pytest.raises(BundleError, match=re.escape(message)):
        to("litert", "a.tflite", reader=off_by(shift), quantize=quantize)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_and_nothing_written_where_there_is_no_folder(to, tmp_path):
    (tmp_path / "a.tflite").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        to("litert", "a.tflite")
    assert (tmp_path / "a.tflite").read_text() == "mine"
    with pytest.raises(OutputError, match="cannot be written"):
        to("litert", "nowhere/a.tflite")


@pytest.mark.parametrize(("form", "name"), [("litert", "a.tflite"), ("saved-model", "saved")])
@pytest.mark.parametrize("links", [True, False])
def test_what_appears_while_the_model_is_converted_is_not_overwritten(to, tmp_path, monkeypatch, form, name, links):
    convert_module = importlib.import_module("emoclass.training.convert")
    compare = convert_module._compare

    def slow(*arguments):
        (tmp_path / name).write_text("another's")
        return compare(*arguments)

    def no_links(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(convert_module, "_compare", slow)
    if not links:
        monkeypatch.setattr("os.link", no_links)
    with pytest.raises(OutputError, match="exists already"):
        to(form, name)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: "another's"}


def test_a_disk_without_hard_links_holds_exports_too(to, tmp_path, monkeypatch):
    def no_links(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    assert to("litert", "a.tflite").bytes == (tmp_path / "a.tflite").stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["a.tflite"]


def test_a_damaged_keras_file_is_refused_before_it_is_loaded(to, tmp_path, bundle):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    (copy / KERAS).write_bytes((copy / KERAS).read_bytes()[:-1] + b"?")
    with pytest.raises(BundleError, match=r"model\.keras is damaged or was changed"):
        to("litert", "a.tflite", copy)


def test_what_cannot_be_traced_is_a_contract_error(tmp_path):
    import keras

    class Fussy(keras.layers.Layer):
        def call(self, x):
            raise TypeError("it is too fussy")

        def compute_output_shape(self, input_shape):
            return input_shape

    model = keras.Sequential([keras.Input((4, 4, 3)), Fussy(name="fussy")], name="small")
    with pytest.raises(ContractError, match=r"model 'small': cannot be exported to a SavedModel \(.*too fussy"):
        export.export_saved_model(model, (0.0, 1.0), tmp_path / "saved")


@pytest.mark.parametrize(("after", "loses"), [(0.75, False), (0.74, False), (0.73, True), (0.8, False)])
def test_more_than_a_point_of_accuracy_is_a_loss(tmp_path, after, loses):
    done = Conversion(tmp_path, 1, 1, 100, 0.0, 0.0, labeled=100, accuracy=0.75, new_accuracy=after)
    assert done.loses is loses


def test_pictures_come_from_class_folders_or_side_by_side(tmp_path):
    labels = LabelScheme(emotions=("happy", "sad"))
    for name in ("classes/sadness/a.png", "classes/happy/b.png", "classes/angry/c.png", "plain/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 7), "red").save(tmp_path / name)
    (tmp_path / "classes/happy/broken.jpg").write_text("no picture")
    found = read_pictures(tmp_path / "classes", labels, (5, 4, 1))
    assert found.pixels.shape == (3, 5, 4, 1)
    assert found.y_true.tolist() == [-1, 0, 1]
    [broken] = found.unreadable
    assert (broken.path, broken.reason[:12]) == ("happy/broken.jpg", "not an image")
    assert read_pictures(tmp_path / "plain", labels, (5, 4, 3)).y_true.tolist() == [-1]
    (tmp_path / "plain/d.png").write_text("no picture")
    with pytest.raises(DataError, match="expected images, found none that can be read"):
        read_pictures(tmp_path / "plain", labels, (5, 4, 3))
    with pytest.raises(DataError, match="no such folder"):
        read_pictures(tmp_path / "nowhere", labels, (5, 4, 3))
