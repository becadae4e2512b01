"""Trained models that plugins bring in their packages."""

import json
import shutil
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from pydantic import ValidationError
from tiny import build_tiny

import emoclass
from emoclass import ModelSpec, Registry, hookimpl
from emoclass.bundle.manifest import KERAS, LITERT, MANIFEST
from emoclass.cli import cli
from emoclass.errors import BundleError, PluginError, UnknownNameError
from emoclass.inference.pretrained import pretrained_folder
from emoclass.plugin.registry import PluginInfo
from emoclass.testing.case import Case, CheckFailed, CheckSkipped
from emoclass.testing.checks.saved_model import check_pretrained_predicts

PICTURE = np.zeros((20, 20, 3), np.uint8)


class Plugin:
    def __init__(self, *specs):
        self.specs = specs

    @hookimpl
    def register_models(self):
        return list(self.specs)


def model(name="tall", **changes):
    settings = {"build": build_tiny, "image_shape": (16, 12, 3), **changes}
    return ModelSpec(name=name, summary="A small network.", **settings)


def offering(*specs):
    registry = Registry()
    registry.register(Plugin(*specs), PluginInfo("crowd"))
    return registry


@pytest.fixture
def package(bundle, tmp_path, monkeypatch):
    """Make a package that brings a bundle in trained/large, and forget it afterwards."""
    folder = tmp_path / "site" / "brings_a_model"
    shutil.copytree(bundle, folder / "trained" / "large")
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(folder.parent)
    yield folder
    sys.modules.pop("brings_a_model", None)


LARGE = "brings_a_model:trained/large"


def test_a_plugin_predicts_with_nothing_trained(package):
    registry = offering(model("plain"), model(pretrained={"default": LARGE}))
    classifier = emoclass.load("crowd", registry=registry)
    assert classifier.bundle.path == package / "trained" / "large"
    assert classifier.predict(PICTURE).label in ("happy", "sad")


def test_models_and_bundles_are_named(package, bundle):
    registry = offering(model(pretrained={"default": LARGE, "small": str(bundle)}))
    for source in ("crowd", "crowd:tall", "crowd:tall:default"):
        assert emoclass.load(source, registry=registry).bundle.path == package / "trained" / "large"
    assert emoclass.load("crowd:tall:small", registry=registry).bundle.path == bundle


def test_what_is_ambiguous_or_unknown_is_told_with_the_names(package):
    tall = model(pretrained={"default": LARGE, "small": LARGE})
    registry = offering(tall, model("wide", pretrained={"default": LARGE}))
    names = r"crowd:tall, crowd:tall:small, crowd:wide\."
    with pytest.raises(BundleError, match=rf"plugin 'crowd': has several pretrained models\. Name one: {names}"):
        emoclass.load("crowd", registry=registry)
    for source in ("crowd:deep", "crowd:wide:small", "crowd:tall:small:x", "crowd:"):
        with pytest.raises(UnknownNameError, match=rf"'{source}'.* has no such pretrained model\. It has {names}"):
            emoclass.load(source, registry=registry)
    told = (
        rf"model 'crown:tall': there is no such folder, and plugin 'crown'.* Did you mean 'crowd'\? .*models: {names}"
    )
    with pytest.raises(UnknownNameError, match=told):
        emoclass.load("crown:tall", registry=registry)


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        ("trained", "expected 'package:folder/inside' or an absolute path"),
        ("brings_a_model:", "expected 'package:folder/inside' or an absolute path"),
        ("brings_a_model:../trained", "expected 'package:folder/inside' or an absolute path"),
        ("brings_a_model:/trained", "expected 'package:folder/inside' or an absolute path"),
        ("brings_no_model:trained", "package 'brings_no_model' cannot be opened"),
        ("brings_a_model:trained", "expected a bundle, found no manifest.json in"),
    ],
)
def test_a_reference_that_leads_nowhere_says_why(package, ref, told):
    with pytest.raises(PluginError, match=told):
        pretrained_folder(ref)


def test_one_of_the_bundles_is_the_default():
    with pytest.raises(ValidationError, match="expected one called 'default', got large, small"):
        model(pretrained={"large": LARGE, "small": LARGE})


def test_the_listing_of_a_model_names_its_bundles(monkeypatch):
    registry = offering(model(pretrained={"default": LARGE}))
    monkeypatch.setattr(Registry, "discover", lambda: registry)
    assert f"default ({LARGE})" in CliRunner().invoke(cli, ["models", "show", "tall"]).output
    printed = CliRunner().invoke(cli, ["models", "show", "tall", "--json"]).output
    assert json.loads(printed)["pretrained"] == {"default": LARGE}


def test_the_listing_of_a_model_has_sizes_and_options_of_its_bundles(package, bundle, tmp_path, monkeypatch):
    unsaid, without = tmp_path / "unsaid", {"default": LARGE, "unsaid": str(tmp_path / "unsaid"), "gone": "/nowhere"}
    shutil.copytree(bundle, unsaid)
    for folder, options in ((package / "trained" / "large", {"widths": [64, 128], "gates": False}), (unsaid, None)):
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest["files"][LITERT]["bytes"] = 1_234_567
        manifest["trained"].pop("options", None)
        manifest["trained"] |= {} if options is None else {"options": options}
        (folder / MANIFEST).write_text(json.dumps(manifest))
    registry = offering(model(pretrained=without))
    monkeypatch.setattr(Registry, "discover", lambda: registry)
    lines = CliRunner().invoke(cli, ["models", "show", "tall"]).output.splitlines()
    large, second, gone = (
        next(line for line in lines if line.startswith(f"crowd:tall:{name} ")) for name in ("default", "unsaid", "gone")
    )
    assert "model.tflite 1.2 MB" in large
    assert large.endswith("widths = [64, 128], gates = False")
    assert second.endswith("not known")
    assert "cannot be used" in gone
    assert any(line.startswith("The network with its default options") for line in lines)
    printed = json.loads(CliRunner().invoke(cli, ["models", "show", "tall", "--json"]).output)["bundles"]
    assert printed[0]["bytes"][LITERT] == 1_234_567
    assert (printed[0]["options"], printed[1]["options"]) == ({"widths": [64, 128], "gates": False}, None)
    assert "/nowhere" in printed[2]["error"]


def check(spec, tmp_path):
    registry = offering(spec)
    check_pretrained_predicts(Case(registry, registry.plugin("crowd"), spec, tmp_path))


def test_the_kit_passes_a_bundle_that_fits_and_skips_where_there_is_none(package, crop_bundle, tmp_path):
    check(model(pretrained={"default": LARGE}), tmp_path)
    gray = {"image_shape": (10, 10, 1), "expects": "face_crop", "pretrained": {"default": str(crop_bundle)}}
    check(model(**gray), tmp_path)
    with pytest.raises(CheckSkipped, match="it has no pretrained model"):
        check(model(), tmp_path)


def test_the_kit_needs_no_keras_file(package, tmp_path):
    folder = package / "trained" / "large"
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["files"][KERAS]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / KERAS).unlink()
    check(model(pretrained={"default": LARGE}), tmp_path)


def test_the_kit_finds_a_bundle_of_another_description(package, tmp_path):
    with pytest.raises(CheckFailed, match=r"pretrained 'default' to take .*\(16, 16, 3\).*, got \(\(16, 12, 3\)"):
        check(model(image_shape=(16, 16, 3), pretrained={"default": LARGE}), tmp_path)
    with pytest.raises(CheckFailed, match=r"'face_crop'\), got .*'photograph'\)"):
        check(model(expects="face_crop", pretrained={"default": LARGE}), tmp_path)


@pytest.mark.parametrize("name", [KERAS, LITERT])
def test_the_kit_finds_a_damaged_file(package, name, tmp_path):
    file = package / "trained" / "large" / name
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(CheckFailed, match=rf"model 'tall' \(plugin 'crowd'\).* {name} is damaged or was changed"):
        check(model(pretrained={"default": LARGE}), tmp_path)


def test_the_kit_finds_files_that_disagree(package, tmp_path):
    manifest = package / "trained" / "large" / MANIFEST
    document = json.loads(manifest.read_text())
    document["files"][KERAS]["input_range"] = [-1.0, 1.0]
    manifest.write_text(json.dumps(document))
    with pytest.raises(CheckFailed, match=r"the files of pretrained 'default' to agree within 0.0001, got a diff"):
        check(model(pretrained={"default": LARGE}), tmp_path)


def test_a_folder_that_hides_a_plugin_is_told(tmp_path, monkeypatch):
    registry = offering(model(pretrained={"default": "a:b", "fast": "a:c"}), model("bare"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crowd").mkdir()
    for source in ("crowd", tmp_path / "crowd"):
        with pytest.raises(BundleError, match=r"neither\. A path comes .* the plugin: crowd:tall, crowd:tall:fast\.$"):
            emoclass.load(source, registry=registry)
    (tmp_path / "other").mkdir()
    with pytest.raises(BundleError, match=r"found neither\.$"):
        emoclass.load("other", registry=registry)
    with pytest.raises(BundleError, match=r"found neither\.$"):
        emoclass.load("crowd", registry=offering(model("bare")))
