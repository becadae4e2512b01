"""The trained network that the package brings."""

import json
from pathlib import Path

import numpy as np
import pytest
from emoclass_faces import register_models

import emoclass
from emoclass.bundle.read import read_bundle
from emoclass.inference.pretrained import pretrained_folder

FOLDER = pretrained_folder(register_models()[0].pretrained["default"])
README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(scope="module")
def classifier():
    return emoclass.load(FOLDER)


@pytest.fixture(scope="module")
def pictures():
    """Return smooth pictures, uint8 `(32, 48, 48, 1)`: the network saw nothing like noise."""
    coarse = np.random.default_rng(0).integers(0, 256, (32, 6, 6, 1), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def test_the_bundle_is_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 5_000_000


def test_both_of_its_files_predict_the_same(classifier, pictures):
    from emoclass.training.bundled import load_bundled

    network = load_bundled(read_bundle(FOLDER))
    seen = network.predict(pictures.astype(np.float32) / 255, verbose=0)
    np.testing.assert_allclose(classifier.scores(pictures), seen, atol=1e-5)
    assert len(set(seen.argmax(axis=1))) > 2, "other pictures must show other emotions"


def test_a_picture_and_its_mirror_image_show_the_same(classifier, pictures):
    mirrored = np.ascontiguousarray(pictures[:, :, ::-1])
    np.testing.assert_allclose(classifier.scores(mirrored), classifier.scores(pictures), atol=1e-5)


def test_the_model_card_has_the_figures_that_were_measured():
    measured = json.loads((FOLDER / "manifest.json").read_text())["measured"]
    card = README.read_text()
    for name in ("accuracy", "f1"):
        figure = measured[name]
        told = f"{figure['value']:.3f} [{figure['ci_low']:.3f}, {figure['ci_high']:.3f}]"
        assert f"| {told} |" in card, f"{name} is {told}"


def test_a_training_starts_from_it():
    from emoclass import LabelScheme
    from emoclass.training.build import build
    from emoclass.training.bundled import load_bundled
    from emoclass.training.start import start_from

    spec, labels, bundle = register_models()[0], LabelScheme(emotions="happysad"), read_bundle(FOLDER)
    network = build(spec, labels, seed=0)
    start_from(spec, network, labels, load_bundled(bundle), bundle.manifest.labels)
    kernel = network.get_layer("emotions").get_weights()[0]
    assert np.abs(kernel).max() > 0.05, "the last layer, too, begins with what was learned"
