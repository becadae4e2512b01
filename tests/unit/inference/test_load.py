"""Where `emoclass.load` looks for a model, and what it says where there is none."""

import os
import shutil

import pytest

import emoclass
from emoclass.bundle.manifest import LITERT, MANIFEST
from emoclass.bundle.read import read_bundle
from emoclass.errors import BundleError, ConfigError, UnknownNameError
from emoclass.inference.pretrained import pretrained_folder


def test_a_run_folder_stands_for_its_bundle(bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "run" / "bundle")
    assert emoclass.load(tmp_path / "run").bundle.path == tmp_path / "run" / "bundle"


def test_a_path_wins_over_the_name_of_a_plugin(bundle, tmp_path, monkeypatch, registry):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match=r"plugin 'tiny': has no pretrained model\. Train one with: emoclass run"):
        emoclass.load("tiny", registry=registry)
    shutil.copytree(bundle, tmp_path / "tiny")
    assert emoclass.load("tiny", registry=registry).name == "tiny"


def test_what_is_no_model_is_told_with_all_that_was_tried(bundle, tmp_path, registry):
    with pytest.raises(UnknownNameError, match=r"model 'tini': there is no such folder, and plugin 'tini'.* 'tiny'"):
        emoclass.load("tini", registry=registry)
    with pytest.raises(BundleError, match=r"model 'runs/absent': no such folder\."):
        emoclass.load("runs/absent", registry=registry)
    with pytest.raises(BundleError, match=r"expected a bundle \(manifest.json\) or a run .*, found neither"):
        emoclass.load(tmp_path)
    with pytest.raises(BundleError, match=r"got a file\. The folder that holds manifest\.json"):
        emoclass.load(bundle / LITERT)
    for run in ("20260101", "20260102"):
        shutil.copytree(bundle, tmp_path / run / "bundle")
    with pytest.raises(BundleError, match=r"found neither\. Name one of the runs in it, such as .*/20260102\.$"):
        emoclass.load(tmp_path)
    (tmp_path / "config.toml").touch()
    with pytest.raises(BundleError, match=r"not finished, .* emoclass run --resume"):
        emoclass.load(tmp_path)


@pytest.mark.parametrize(("source", "got"), [("", "an empty string"), (None, "NoneType"), (3, "int"), (b"b", "bytes")])
def test_what_names_no_model_is_refused_and_not_the_folder_one_is_in(bundle, monkeypatch, source, got):
    monkeypatch.chdir(bundle)
    with pytest.raises(ConfigError, match=rf"^model: expected the path of a bundle or a run, or .*, got {got}\.$"):
        emoclass.load(source)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.mkdir(), r"manifest\.json cannot be read"),
        (lambda path: path.symlink_to("nowhere"), r"manifest\.json is a link"),
        (lambda path: os.mkfifo(path), r"manifest\.json: expected a file, got something else"),
    ],
    ids=["folder", "link", "pipe"],
)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_manifest_that_is_no_file_is_told_as_such(tmp_path, make, told):
    make(tmp_path / MANIFEST)
    with pytest.raises(BundleError, match=told):
        emoclass.load(tmp_path)
    with pytest.raises(BundleError, match=told):
        read_bundle(pretrained_folder(str(tmp_path)))
