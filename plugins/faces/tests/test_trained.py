"""The trained network that the package brings."""

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from emoclass_faces import register_models

import emoclass
from emoclass.bundle.hashes import read_hashes
from emoclass.bundle.read import read_bundle
from emoclass.data.images import read_image
from emoclass.data.synthetic_faces import dataset as synthetic_faces
from emoclass.inference.pretrained import pretrained_folder

PRETRAINED = register_models()[0].pretrained
FOLDER = pretrained_folder(PRETRAINED["default"])
FAST = pretrained_folder(PRETRAINED["fast"])
README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(scope="module")
def classifier():
    return emoclass.load(FOLDER)


@pytest.fixture(scope="module")
def fast():
    return emoclass.load("faces:faces:fast")


@pytest.fixture(scope="module")
def pictures():
    """Return synthetic faces of the seven emotions, uint8 `(35, 48, 48, 1)`."""
    faces = synthetic_faces.load(labels=emoclass.load(FOLDER).labels, n_samples=35)
    return np.stack([read_image(synthetic_faces.read_sample(None, face), (48, 48, 1), path=face.id) for face in faces])


@pytest.mark.parametrize(("folder", "most", "most_litert"), [(FOLDER, 23e6, 16e6), (FAST, 3.4e6, 1e6)])
def test_the_bundles_are_small(folder, most, most_litert):
    assert sum(path.stat().st_size for path in folder.iterdir()) <= most
    assert (folder / "model.tflite").stat().st_size <= most_litert


@pytest.mark.parametrize("folder", [FOLDER, FAST])
def test_the_bundles_have_the_hashes_of_the_images_that_they_were_trained_on(folder):
    bundle = read_bundle(folder)
    assert bundle.manifest.hashes_are_complete
    n, n_without = bundle.manifest.n_hashed
    trained = bundle.manifest.trained["n_samples"]
    assert n == trained["train"] + trained["validation"]
    assert n_without < len(read_hashes(bundle)) < n, "copies of one picture share a hash"


def test_weights_are_stored_in_half_precision():
    for folder in (FOLDER, FAST):
        with zipfile.ZipFile(folder / "model.keras") as archive:
            content = io.BytesIO(archive.read("model.weights.h5"))
        kinds: list[str] = []
        with h5py.File(content) as weights:
            weights.visititems(lambda _, each, kinds=kinds: kinds.append(str(getattr(each, "dtype", "group"))))
        assert set(kinds) == {"group", "float16"}


def test_the_quantized_file_of_the_fast_model_predicts_what_its_network_does(fast, pictures):
    from emoclass.training.bundled import load_bundled

    seen = load_bundled(read_bundle(FAST)).predict(pictures.astype(np.float32) / 255, verbose=0)
    np.testing.assert_allclose(fast.scores(pictures), seen, atol=0.08)
    assert len(set(seen.argmax(axis=1))) > 2, "other pictures must show other emotions"


def test_the_fast_model_agrees_with_the_accurate_one_on_most_pictures(fast, classifier, pictures):
    same = fast.scores(pictures).argmax(axis=1) == classifier.scores(pictures).argmax(axis=1)
    assert same.mean() > 0.5


@pytest.mark.parametrize(("name", "folder"), [("accurate", FOLDER), ("fast", FAST)])
def test_the_configurations_are_those_which_the_models_were_trained_with(name, folder):
    from emoclass.plugin.configure import compose
    from emoclass.plugin.registry import Registry

    file = Path(__file__).parents[1] / "training" / f"{name}.toml"
    config = compose(Registry.discover(), "faces", Path("runs"), config=file, data=".")
    trained = json.loads((folder / "manifest.json").read_text())["trained"]
    assert (config.training.epochs, config.training.batch_size) == (trained["epochs"], trained["batch_size"])
    assert config.model_dump(mode="json")["model"]["options"] == trained["options"]
    assert config.training.quantize == trained.get("quantization", {}).get("kind")
    teacher = trained["teacher"]
    assert len(teacher["models"]) == len(config.training.teacher.bundles)
    assert (teacher["temperature"], teacher["share"]) == (
        config.training.teacher.temperature,
        config.training.teacher.share,
    )


def test_the_accurate_model_taught_the_fast_one():
    (teacher,) = json.loads((FAST / "manifest.json").read_text())["trained"]["teacher"]["models"]
    assert teacher["source"] == "faces"
    assert teacher["sha256"] == read_bundle(FOLDER).manifest.files["model.keras"].sha256


def test_both_of_its_files_predict_the_same(classifier, pictures):
    from emoclass.training.bundled import load_bundled

    network = load_bundled(read_bundle(FOLDER))
    seen = network.predict(pictures.astype(np.float32) / 255, verbose=0)
    np.testing.assert_allclose(classifier.scores(pictures), seen, atol=1e-4)
    assert len(set(seen.argmax(axis=1))) > 2, "other pictures must show other emotions"


def test_a_picture_and_its_mirror_image_show_the_same(classifier, pictures):
    mirrored = np.ascontiguousarray(pictures[:, :, ::-1])
    np.testing.assert_allclose(classifier.scores(mirrored), classifier.scores(pictures), atol=1e-5)


def test_the_model_card_has_the_figures_that_were_measured():
    card = README.read_text()
    for folder in (FOLDER, FAST):
        measured = json.loads((folder / "manifest.json").read_text())["measured"]
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
    network = build(spec, labels, seed=0, options=bundle.manifest.trained["options"])
    start_from(spec, network, labels, load_bundled(bundle), bundle.manifest.labels)
    kernel = network.get_layer("emotions").get_weights()[0]
    assert np.abs(kernel).max() > 0.05, "the last layer, too, begins with what was learned"
