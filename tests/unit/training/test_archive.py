"""A stranger's `model.keras`, with all its digests right, runs nothing and fills no memory."""

import io
import json
import pickle
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

from emoclass.bundle.manifest import KERAS, MANIFEST
from emoclass.bundle.read import read_bundle
from emoclass.bundle.write import describe_file
from emoclass.data.calibration import made_pictures
from emoclass.errors import BundleError
from emoclass.training.archive import check_archive
from emoclass.training.build import load_model
from emoclass.training.convert import convert


class Touch:
    """What makes a file as soon as it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@keras.saving.register_keras_serializable("emoclass-tests")
class Registered(keras.layers.Layer):
    def call(self, x):
        return x


def saved(path, layer):
    keras.Sequential([keras.Input((4, 4, 3)), layer, keras.layers.Flatten(), keras.layers.Dense(1)]).save(path)
    return path


def rewritten(path, change=lambda name, content: content, compression=zipfile.ZIP_STORED, more=()):
    """Write an archive anew."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in [*members.items(), *more]:
            archive.writestr(name, change(name, content))
    return path


def with_layer(path, layer):
    """Put the description of a layer into the place of the first one."""

    def change(name, content):
        if name != "config.json":
            return content
        document = json.loads(content)
        document["config"]["layers"][1] = layer
        return json.dumps(document)

    return rewritten(path, change)


def hostile(path, marker):
    """Return archives that would make `marker`, if they were believed."""
    touch = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    plain = {"name": "x", "trainable": True, "dtype": "float32"}
    pickled = pickle.dumps(Touch(marker)).hex()
    return {
        "Lambda": {"module": "keras.layers", "class_name": "Lambda", "config": {**plain, "function": {
            "class_name": "__lambda__", "config": {"code": touch, "defaults": None, "closure": None}}},
            "registered_name": None},
        "__lambda__": {"module": "keras.layers", "class_name": "Activation", "registered_name": None, "config": {
            **plain, "activation": {"class_name": "__lambda__", "config": {"value": [touch, None, None]}}}},
        "TFSMLayer": {"module": "keras.layers", "class_name": "TFSMLayer", "registered_name": None,
                      "config": {**plain, "filepath": str(path.parent)}},
        "TorchModuleWrapper": {"module": "keras.layers", "class_name": "TorchModuleWrapper", "registered_name": None,
                               "config": {**plain, "module": pickled}},
        "stranger": {"module": "stranger", "class_name": "Layer", "registered_name": "x>Layer", "config": plain},
        "os": {"module": "os", "class_name": "function", "registered_name": "system", "config": "system"},
    }  # fmt: skip


@pytest.fixture
def bundle_of(tmp_path, bundle):
    """Return a bundle whose network is another, with the right digest."""

    def make(path):
        folder = shutil.copytree(bundle, tmp_path / "bundle")
        (folder / KERAS).unlink()
        shutil.copy(path, folder / KERAS)
        document = json.loads((folder / MANIFEST).read_text())
        entry = describe_file(folder / KERAS, input_range=(0.0, 1.0)).model_dump(mode="json")
        (folder / MANIFEST).write_text(json.dumps({**document, "files": {**document["files"], KERAS: entry}}))
        return read_bundle(folder)

    return make


@pytest.mark.parametrize("kind", ["Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "stranger", "os"])
def test_a_network_with_code_of_its_own_is_refused_by_the_check_by_keras_and_by_export(
    tmp_path, monkeypatch, bundle_of, kind
):
    marker = tmp_path / "marker"
    (tmp_path / "stranger.py").write_text(f"open({str(marker)!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    path = saved(tmp_path / "a.keras", Registered(name="first"))
    with_layer(path, hostile(path, marker)[kind])
    with pytest.raises(BundleError, match=rf"a\.keras: cannot be loaded safely: expected layers .*got '?.*{kind}"):
        check_archive(path)
    with pytest.raises(BundleError, match=r"a\.keras: cannot be loaded"):
        load_model(path)
    opened = bundle_of(path)
    with pytest.raises(BundleError, match=rf"{KERAS}: cannot be loaded safely"):
        convert(opened, "litert", tmp_path / "b.tflite", made_pictures((4, 4, 3)), read_litert=lambda path: None)
    assert not marker.exists()
    assert not (tmp_path / "b.tflite").exists()


def test_a_lambda_that_keras_saved_is_refused(tmp_path):
    path = saved(tmp_path / "a.keras", keras.layers.Lambda(lambda x: x, name="first"))
    with pytest.raises(BundleError, match="got Lambda"):
        check_archive(path)


def test_what_keras_saves_of_its_own_and_of_registered_layers_passes(tmp_path):
    check_archive(saved(tmp_path / "a.keras", Registered(name="first")))
    check_archive(saved(tmp_path / "b.keras", keras.layers.Activation(keras.activations.silu, name="first")))


@pytest.mark.parametrize("name", ["../escape", "/escape", "assets/a", "config.json"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_another_file_in_the_archive_is_refused(tmp_path, name):
    path = rewritten(saved(tmp_path / "a.keras", Registered(name="first")), more=[(name, b"{}")])
    with pytest.raises(BundleError, match=r"expected config\.json, metadata\.json, model\.weights\.h5, got"):
        check_archive(path)


def test_what_unpacks_to_more_than_it_is_is_refused(tmp_path):
    path = saved(tmp_path / "a.keras", Registered(name="first"))
    rewritten(path, lambda name, content: content + b" " * 2**24, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(BundleError, match="got compressed ones"):
        check_archive(path)


def test_a_description_of_endless_size_is_not_read(tmp_path):
    path = saved(tmp_path / "a.keras", Registered(name="first"))
    rewritten(path, lambda name, content: content + b" " * 2**24 if name == "config.json" else content)
    with pytest.raises(BundleError, match=r"bytes of config\.json"):
        check_archive(path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04\x1b[31m"])
def test_what_is_no_archive_is_refused_in_a_line(tmp_path, content):
    (tmp_path / "a.keras").write_bytes(content)
    with pytest.raises(BundleError, match=r"a\.keras: cannot be loaded \(") as refused:
        check_archive(tmp_path / "a.keras")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{", b"\xff", b"null"])
def test_a_description_that_is_none_is_refused_by_export(tmp_path, bundle_of, content):
    path = saved(tmp_path / "a.keras", Registered(name="first"))
    opened = bundle_of(rewritten(path, lambda name, old: content if name == "config.json" else old))
    with pytest.raises(BundleError, match="cannot be loaded"):
        convert(opened, "litert", tmp_path / "b.tflite", made_pictures((4, 4, 3)), read_litert=lambda path: None)


def test_what_keras_quotes_of_a_file_is_printable(tmp_path, bundle_of):
    path = saved(tmp_path / "a.keras", Registered(name="first"))
    with_layer(path, {"module": None, "class_name": "\x1b[31mred", "config": {"name": "x"}, "registered_name": "\x07"})
    with pytest.raises(BundleError) as refused:
        convert(bundle_of(path), "litert", tmp_path / "b", made_pictures((4, 4, 3)), read_litert=lambda path: None)
    assert str(refused.value).isprintable()


def with_weights(path, change):
    """Change the HDF5 file inside an archive; `change` gets it, and the path of its first array."""

    def changed(name, content):
        if name != "model.weights.h5":
            return content
        buffer = io.BytesIO(content)
        with h5py.File(buffer, "r+") as file:
            arrays = []
            file.visititems(lambda name, found: arrays.append(name) if isinstance(found, h5py.Dataset) else None)
            change(file, arrays[0])
        return buffer.getvalue()

    return rewritten(path, changed)


def replaced(**options):
    def change(file, first):
        del file[first]
        file.create_dataset(first, **options)

    return change


def softly_linked(file, first):
    file.move(first, "elsewhere")
    file[first] = h5py.SoftLink("/elsewhere")


def externally_linked(file, first):
    del file[first]
    file[first] = h5py.ExternalLink("/etc/passwd", "/x")


def circular(file, first):
    file["circle"] = file["/"]


def virtual(file, first):
    del file[first]
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    file.create_virtual_dataset(first, layout)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replaced(shape=(2**28, 3), dtype="f4", chunks=(2**20, 3), compression="gzip"), "a compressed /"),
        (replaced(shape=(2**28, 3), dtype="f4"), "bytes, as the file has, got 3221"),
        (replaced(shape=(2**28, 3), dtype="f4", chunks=(2**20, 3)), "bytes, as the file has, got 3221"),
        (replaced(shape=(4,), dtype="f4", external=[("/etc/passwd", 0, 16)]), "in another"),
        (replaced(shape=(4,), dtype=h5py.string_dtype()), "expected arrays of numbers"),
        (virtual, "in another"),
        (softly_linked, "without links"),
        (externally_linked, "without links"),
        (circular, "without links"),
    ],
    ids=[
        "compressed",
        "stored nowhere",
        "chunks stored nowhere",
        "external",
        "text",
        "virtual",
        "soft",
        "outside",
        "circle",
    ],
)
def test_weights_that_take_more_than_the_file_or_lead_out_of_it_are_refused(tmp_path, change, reason, monkeypatch):
    path = with_weights(saved(tmp_path / "model.keras", keras.layers.Dense(2)), change)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(keras.saving, "load_model", None)  # Keras is not asked
    with pytest.raises(BundleError, match="cannot be loaded safely") as caught:
        load_model(path)
    assert reason in str(caught.value)


def test_weights_as_keras_writes_them_are_read(tmp_path):
    inner = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 3), keras.layers.BatchNormalization()])
    path = saved(tmp_path / "model.keras", inner)
    loaded = load_model(path)
    x = np.ones((1, 4, 4, 3), np.float32)
    assert np.array_equal(keras.saving.load_model(path).predict(x, verbose=0), loaded.predict(x, verbose=0))
