"""A bundle is believed only as far as it was checked."""

import json
import os
import re

import pytest
from pydantic import ValidationError

from emoclass import LabelScheme
from emoclass.bundle.manifest import KERAS, LITERT, MANIFEST, ImageInput, Manifest
from emoclass.bundle.plain import MAX_DEPTH, one_line
from emoclass.bundle.read import MAX_MANIFEST_BYTES, read_bundle
from emoclass.bundle.write import describe_file, write_manifest
from emoclass.errors import BundleError
from emoclass.values.faces import Framing
from emoclass.values.results import MetricValue


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
        ({"format_version": 3}, "has format 3, and this emoclass reads 1 to 2. Upgrade emoclass."),
        ({"format_version": "1"}, "format_version"),
        ({"labels": {"emotions": ["happy"]}}, "labels"),
        ({"image": {"height": 10**9, "width": 1, "color_mode": "L"}}, "image.height"),
        ({"files": {"../model.tflite": {"bytes": 1, "sha256": "0" * 64, "input_range": [0, 255]}}}, "files"),
        ({"files": {"model.tflite": {"bytes": 10**12, "sha256": "0" * 64, "input_range": [0, 255]}}}, "files"),
        ({"unheard_of": 1}, "unheard_of: there is no such field in this format."),
        ({"image": {"height": 1, "width": 1}}, "image.color_mode: is missing."),
        ({"expects": "film"}, "expects: expected 'photograph' or 'face_crop'."),
        (
            {"files": {"a b": {"bytes": 1, "sha256": "0" * 64, "input_range": [0, 1]}}},
            "expected a file name of at most",
        ),
        ({"files": {"a": {"bytes": 1, "sha256": "A" * 64, "input_range": [0, 1]}}}, "expected a SHA-256: 64 digits"),
        ({"labels": {"emotions": ["happy", "hapy"]}}, "unknown emotion 'hapy'"),
    ],
)
def test_a_manifest_that_is_not_in_order_is_refused(folder, fields, reason):
    changed(folder, **fields)
    with pytest.raises(BundleError) as refused:
        read_bundle(folder)
    assert reason in str(refused.value)
    assert str(folder) in str(refused.value)
    assert not re.search(r"pattern|config file|\.\.$", str(refused.value))


FIGURE = {"value": 0.5, "ci_low": None, "ci_high": None, "n_samples": 4, "split": "test"}


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        (0.9, "expected a value, its interval and its n_samples"),
        ({**FIGURE, "value": "high"}, "expected a value, its interval and its n_samples"),
        ({**FIGURE, "praise": 1}, "expected a value, its interval and its n_samples"),
        (
            {**FIGURE, "per_class": {"sad": FIGURE, "happy": FIGURE}},
            "expected the labels happy, sad in order, got sad, happy",
        ),
        ({**FIGURE, "per_class": {"happy": FIGURE}}, "expected the labels happy, sad in order, got happy"),
        ({**FIGURE, "matrix": [[1, 2, 3], [4, 5, 6]]}, "expected one row and one column per label, 2 in total"),
        ({**FIGURE, "matrix": [[1, 2]]}, "expected one row and one column per label, 2 in total"),
    ],
)
def test_figures_that_are_none_or_of_other_labels_are_refused(folder, measured, reason):
    changed(folder, measured={"accuracy": FIGURE, "mine": measured})
    with pytest.raises(BundleError, match=f"manifest.json: measured: mine: {reason}"):
        read_bundle(folder)


def test_labels_in_another_order_than_those_that_were_measured_are_refused(folder):
    labels = LabelScheme(emotions=("happy", "sad"))
    figures = MetricValue(n_samples=4, per_class={emotion: MetricValue(n_samples=2) for emotion in labels.emotions})
    counts = MetricValue(n_samples=4, matrix=((1, 1), (0, 2)))
    changed(folder, measured={"recall_per_class": figures.to_json(), "confusion_matrix": counts.to_json()})
    assert set(read_bundle(folder).manifest.measured) == {"recall_per_class", "confusion_matrix"}
    changed(folder, labels={"emotions": ["sad", "happy"]})
    with pytest.raises(BundleError, match="recall_per_class: expected the labels sad, happy in order, got happy, sad"):
        read_bundle(folder)


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
    with pytest.raises(BundleError, match=r"expected 18 bytes, got 8\. Copy the folder again\."):
        bundle.file(LITERT)
    (folder / LITERT).unlink()
    with pytest.raises(BundleError, match=r"model\.tflite is missing"):
        bundle.file(LITERT)
    with pytest.raises(BundleError, match=r"has no model\.onnx, only model\.keras, model\.tflite"):
        bundle.file("model.onnx")


def test_what_is_read_is_what_was_compared(folder):
    bundle = read_bundle(folder)
    assert bundle.content(LITERT) == (folder / LITERT).read_bytes()
    (folder / LITERT).write_bytes(bytes((folder / LITERT).stat().st_size))
    with pytest.raises(BundleError, match="was changed"):
        bundle.content(LITERT)


@pytest.mark.parametrize("name", [LITERT, MANIFEST])
def test_a_link_is_not_followed_and_said_to_be_one(folder, name):
    bundle = read_bundle(folder)
    (folder / name).rename(folder / "elsewhere")
    (folder / name).symlink_to("elsewhere")
    with pytest.raises(BundleError, match=rf"{name} is a link, and links in a bundle are not followed"):
        read_bundle(folder) if name == MANIFEST else bundle.file(name)


@pytest.mark.parametrize("name", [LITERT, MANIFEST])
@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", None)], ids=["folder", "pipe"])
def test_what_is_no_file_is_refused_and_not_waited_for(folder, name, make):
    if make is None:
        pytest.skip("there are no pipes here")
    bundle = read_bundle(folder)
    (folder / name).unlink()
    make(folder / name)
    with pytest.raises(BundleError, match=rf"{name}(: expected a file|.* cannot be read)"):
        read_bundle(folder) if name == MANIFEST else bundle.file(name)


@pytest.mark.parametrize("version", [True, False, 1.0, 1.5, 0, -1, "1", "1.5", None, [], {}, "\x1b[31m"])
def test_the_format_is_a_number_and_nothing_like_it(folder, version):
    changed(folder, format_version=version)
    with pytest.raises(BundleError, match="format_version: expected a number from 1 to 2, got") as refused:
        read_bundle(folder)
    assert str(refused.value).isprintable()


def test_the_format_is_required(folder):
    document = json.loads((folder / MANIFEST).read_text())
    del document["format_version"]
    (folder / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(BundleError, match="format_version: expected a number from 1 to 2, got none"):
        read_bundle(folder)


@pytest.mark.parametrize("version", [3, "3", 3.0, 1e300, 10**400])
def test_a_newer_format_asks_for_a_newer_emoclass_however_it_is_written(folder, version):
    changed(folder, format_version=version, anything="else\x1b")
    with pytest.raises(BundleError, match=r"and this emoclass reads 1 to 2\. Upgrade emoclass") as refused:
        read_bundle(folder)
    assert len(str(refused.value)) < 300


HARMFUL = ["\x1b[31mred", "\x1b]0;title\x07", "two\nlines", "\u202eltr", "nul\x00", "\ud800", "x" * 2**19, "\u2028"]


@pytest.mark.parametrize("text", HARMFUL)
@pytest.mark.parametrize(
    "fields",
    [
        lambda text: {"name": text},
        lambda text: {"versions": {"emoclass": text}},
        lambda text: {"versions": {text: "1"}},
        lambda text: {"files": {text: {"bytes": 1, "sha256": "0" * 64, "input_range": [0, 255]}}},
        lambda text: {"trained": {text: 1}},
        lambda text: {"measured": {text: {"value": 1}}},
        lambda text: {"measured": {"accuracy": {text: 1}}},
        lambda text: {"labels": {"emotions": ["happy", text], "extra": {text: "new"}}},
        lambda text: {"labels": {"emotions": ["happy", text]}},
        lambda text: {"labels": {"emotions": ["happy", "bored"], "extra": {"bored": text}}},
        lambda text: {text: 1},
        lambda text: {"expects": text},
        lambda text: {"image": {"height": 1, "width": 1, "color_mode": text}},
    ],
)
def test_text_that_harms_a_terminal_is_refused_and_not_repeated(folder, fields, text):
    changed(folder, **fields(text))
    with pytest.raises(BundleError) as refused:
        read_bundle(folder)
    told = str(refused.value).removeprefix(f"bundle {folder}: ")
    assert told.isprintable()
    assert len(told) < 350


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "\ud800", "\u202e", "x" * 20_000, [[[[float("nan")]]]], 10**100, {"a": {"\x1b": 1}}]
)
@pytest.mark.parametrize("field", ["trained", "measured"])
def test_what_is_told_of_the_training_is_plain_too_and_cannot_be_written_otherwise(folder, field, text):
    manifest = read_bundle(folder).manifest
    with pytest.raises(ValidationError, match="expected"):
        Manifest(**{**dict(manifest), field: {"plugin": text}})


def test_a_metric_may_explain_itself_in_several_lines(folder):
    changed(folder, measured={"auc": {"value": None, "reason": "one line\n\tand another"}})
    assert read_bundle(folder).manifest.measured["auc"]["reason"].endswith("another")


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"emotions": ["happy", "bored"], "extra": [1]}, "labels.extra"),
        ({"emotions": ["happy", "bored"], "extra": "bored"}, "labels.extra"),
        ({"emotions": ["happy", "bored"], "extra": 5}, "labels.extra"),
        ({"emotions": ["happy", "path"], "extra": {"path": "a way"}}, "extra emotion 'path': expected another name"),
        ({"emotions": ["happy", "happy"]}, "expected each emotion once, got happy twice"),
        ({"emotions": [1, 2]}, "labels.emotions"),
        ({"emotions": {"happy": 1}}, "labels.emotions"),
        (["happy", "sad"], "labels"),
    ],
)
def test_labels_that_are_no_scheme_are_told_in_a_line(folder, labels, reason):
    changed(folder, labels=labels)
    with pytest.raises(BundleError) as refused:
        read_bundle(folder)
    assert reason in str(refused.value)
    assert "Value error" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["manifest.json", "Manifest.JSON", "con", "NUL.tflite", "lpt1.txt", "model.", "..", "a/b"]
)
def test_a_name_that_is_no_file_everywhere_is_refused(folder, name):
    changed(folder, files={name: {"bytes": 1, "sha256": "0" * 64, "input_range": [0, 255]}})
    with pytest.raises(BundleError, match="files"):
        read_bundle(folder)


@pytest.mark.parametrize(
    "measured", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "9" * 4000, "[" * 900 + "]" * 900, '"\\ud800"']
)
def test_numbers_that_are_none_and_depths_are_refused(folder, measured):
    document = (folder / MANIFEST).read_text().rstrip().removesuffix("}")
    (folder / MANIFEST).write_text(f'{document.replace("measured", "trained")}, "measured": {{"a": {measured}}}}}')
    with pytest.raises(BundleError, match=MANIFEST) as refused:
        read_bundle(folder)
    assert len(str(refused.value)) < 500


def test_a_few_levels_are_no_depth(folder):
    nested = 1
    for _ in range(MAX_DEPTH - 2):
        nested = [nested]
    changed(folder, trained={"a": nested})
    assert read_bundle(folder).manifest.trained["a"] == nested


def test_a_line_is_short_and_printable():
    assert one_line("\x1b[2J a\n b\ud800") == "?[2J a b?"
    assert one_line("x" * 1000, 10) == "x" * 10 + "..."


def test_the_first_format_is_still_read_and_gets_the_default_framing(folder):
    document = json.loads((folder / MANIFEST).read_text())
    del document["framing"], document["detector"]
    document["format_version"] = 1
    (folder / MANIFEST).write_text(json.dumps(document))
    manifest = read_bundle(folder).manifest
    assert (manifest.framing, manifest.detector) == (Framing(), None)
