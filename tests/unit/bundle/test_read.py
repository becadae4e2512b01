"""A bundle is believed only as far as it was checked."""

import json
import os

import pytest

from emoclass import LabelScheme
from emoclass.bundle.manifest import KERAS, LITERT, MANIFEST, ImageInput, Manifest
from emoclass.bundle.read import MAX_MANIFEST_BYTES, read_bundle
from emoclass.bundle.write import describe_file, write_manifest
from emoclass.errors import BundleError


@pytest.fixture
def folder(tmp_path):
    """Return a bundle whose files are no models: reading does not look inside."""
    contents = {KERAS: b"a network", LITERT: b"the same, exported"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    manifest = Manifest(
        name="small",
        labels=LabelScheme(emotions=("happy", "sad")),
        image=ImageInput(height=16, width=24, color_mode="L"),
        expects="face_crop",
        files={name: describe_file(tmp_path / name, input_range=(0.0, 255.0)) for name in contents},
    )
    write_manifest(tmp_path, manifest)
    return tmp_path


def changed(folder, **fields):
    document = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**document, **fields}))


def test_what_was_written_is_read(folder):
    bundle = read_bundle(folder)
    assert bundle.manifest.labels.emotions == ("happy", "sad")
    assert bundle.manifest.image.shape == (16, 24, 1)
    assert bundle.file(LITERT).read_bytes() == b"the same, exported"
    assert not list(folder.glob(".partial*"))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"format_version": 2}, "has format 2, and this emoclass reads 1. Upgrade emoclass."),
        ({"format_version": "1"}, "format_version"),
        ({"labels": {"emotions": ["happy"]}}, "labels"),
        ({"image": {"height": 10**9, "width": 1, "color_mode": "L"}}, "image.height"),
        ({"files": {"../model.tflite": {"bytes": 1, "sha256": "0" * 64, "input_range": [0, 255]}}}, "files"),
        ({"files": {"model.tflite": {"bytes": 10**12, "sha256": "0" * 64, "input_range": [0, 255]}}}, "files"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_a_manifest_that_is_not_in_order_is_refused(folder, fields, reason):
    changed(folder, **fields)
    with pytest.raises(BundleError) as refused:
        read_bundle(folder)
    assert reason in str(refused.value)
    assert str(folder) in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"format_version": 1}', "\x00"])
def test_a_file_that_is_no_manifest_is_refused(folder, text):
    (folder / MANIFEST).write_text(text)
    with pytest.raises(BundleError, match=MANIFEST):
        read_bundle(folder)


def test_a_manifest_of_endless_size_is_not_read(folder):
    os.truncate(folder / MANIFEST, MAX_MANIFEST_BYTES + 1)
    with pytest.raises(BundleError, match="more than"):
        read_bundle(folder)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match=r"expected a folder with a manifest\.json, found none"):
        read_bundle(tmp_path / "absent")


def test_a_file_that_changed_is_refused_before_it_is_used(folder):
    bundle = read_bundle(folder)
    (folder / LITERT).write_bytes(b"the same, exportef")
    with pytest.raises(BundleError, match=r"model\.tflite is damaged or was changed"):
        bundle.file(LITERT)
    (folder / LITERT).write_bytes(b"the same")
    with pytest.raises(BundleError, match="expected 18 bytes, got 8"):
        bundle.file(LITERT)
    (folder / LITERT).unlink()
    with pytest.raises(BundleError, match=r"model\.tflite is missing"):
        bundle.file(LITERT)
    (folder / LITERT).symlink_to(folder / KERAS)
    with pytest.raises(BundleError, match=r"model\.tflite is missing"):
        bundle.file(LITERT)
    with pytest.raises(BundleError, match=r"has no model\.onnx, only model\.keras, model\.tflite"):
        bundle.file("model.onnx")
