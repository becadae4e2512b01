"""One image, a few, and streams of them; whatever they come as, the answer is that of the trained network."""

import io
import json
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import emoclass
from emoclass import LabelScheme
from emoclass.bundle.manifest import KERAS, LITERT, MANIFEST
from emoclass.data.images import read_image
from emoclass.errors import BundleError, ConfigError, DataError, UnreadableImageError
from emoclass.faces.frame import shows_nothing
from emoclass.values.results import Prediction, Unreadable


@pytest.fixture(scope="module")
def classifier(bundle):
    return emoclass.load(bundle)


def noise(width=40, height=30, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def encoded(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def turned():
    """A picture that lies on its side, with a mark that says so."""
    marks = Image.Exif()
    marks[0x0112] = 6
    return encoded(Image.fromarray(noise()), "JPEG", exif=marks)


FORMATS = {
    "jpeg": lambda: encoded(Image.fromarray(noise(400, 300)), "JPEG"),
    "png": lambda: encoded(Image.fromarray(noise())),
    "gray": lambda: encoded(Image.fromarray(noise()).convert("L")),
    "palette": lambda: encoded(Image.fromarray(noise()).convert("P", palette=Image.Palette.ADAPTIVE)),
    "transparent": lambda: encoded(Image.fromarray(np.dstack([noise(), noise(seed=1)[:, :, 0]]))),
    "cmyk": lambda: encoded(Image.fromarray(noise()).convert("CMYK"), "JPEG"),
    "turned": turned,
    "webp": lambda: encoded(Image.fromarray(noise()), "WEBP"),
    "gif": lambda: encoded(Image.fromarray(noise()), "GIF"),
}


@pytest.mark.filterwarnings("ignore::emoclass.errors.WholePhotographWarning")
@pytest.mark.parametrize("which", ["bundle", "crop_bundle"])
def test_every_format_gives_what_the_trained_network_gives(which, request):
    from emoclass.evaluation.predictions import scores_from_output
    from emoclass.training.build import load_model
    from emoclass.training.pipeline import from_pixels

    folder = request.getfixturevalue(which)
    classifier = emoclass.load(folder)
    model = from_pixels(load_model(folder / KERAS), (0.0, 1.0))
    files = [make() for make in FORMATS.values()]
    if which == "crop_bundle":  # what has one color is no face
        files = [file for file in files if not shows_nothing(read_image(file, classifier.image_shape))]
    pixels = np.stack([read_image(file, classifier.image_shape) for file in files])
    expected = scores_from_output(model.predict_on_batch(pixels), classifier.labels)
    for row, found in zip(expected, classifier.predict(files), strict=True):
        assert list(found.scores) == list(classifier.labels.emotions)
        np.testing.assert_allclose(list(found.scores.values()), row, rtol=0, atol=1e-4)


@pytest.mark.parametrize("which", ["bundle", "crop_bundle"])
def test_a_file_its_bytes_its_image_and_its_array_are_the_same(which, request, tmp_path):
    classifier = emoclass.load(request.getfixturevalue(which))
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(noise())))
    path = str(tmp_path / "a.png")
    found = [
        classifier.predict(each)
        for each in (path, Path(path), Path(path).read_bytes(), Image.open(path), noise(), noise()[::-1][::-1])
    ]
    content = Path(path).read_bytes()
    found += classifier.predict([bytearray(content), memoryview(content), memoryview(content + b"x")[:-1]])
    assert [each.path for each in found] == [path, path, *[None] * 7]
    assert all(each.scores == found[0].scores for each in found)
    assert classifier.predict([path, noise()]) == [found[0], found[4]]


def test_a_prediction_speaks_in_label_order_and_as_json(classifier):
    found = classifier.predict(noise())
    assert isinstance(found, emoclass.Prediction)
    assert sum(found.scores.values()) == pytest.approx(1)
    assert found.probability == found.scores[found.label] == max(found.scores.values())
    assert found.to_json() == {
        "path": None,
        "label": found.label,
        "probability": found.probability,
        "scores": {"happy": found.scores["happy"], "sad": found.scores["sad"]},
    }
    assert (classifier.name, classifier.image_shape, classifier.expects) == ("tiny", (16, 12, 3), "photograph")


def test_the_callers_image_stays_as_it_was(classifier):
    image = Image.open(io.BytesIO(encoded(Image.fromarray(noise(400, 300)), "JPEG")))
    classifier.predict(image)
    assert image.size == (400, 300)


def test_an_image_that_cannot_be_read_is_an_error_alone_and_a_value_in_a_stream(classifier, tmp_path):
    (tmp_path / "bad.jpg").write_text("no image")
    bad, absent = str(tmp_path / "bad.jpg"), str(tmp_path / "absent.jpg")
    for one in (bad, [noise(), bad]):
        with pytest.raises(UnreadableImageError, match=r"bad\.jpg: not an image"):
            classifier.predict(one)
    found = list(classifier.predict_batches([noise(), bad, b"", absent, "nul\0.jpg", noise(seed=1)], batch_size=2))
    assert [type(each) for each in found] == [Prediction, *[Unreadable] * 4, Prediction]
    assert found[0] == classifier.predict(noise())
    assert found[5] == classifier.predict(noise(seed=1))
    assert found[1].to_json() == {
        "path": bad,
        "error": "not an image (supported: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC)",
    }
    assert found[2] == Unreadable(path=None, reason="empty file")
    assert found[3] == Unreadable(path=absent, reason="cannot be opened (No such file or directory)")
    assert re.fullmatch(r"cannot be opened \(.*embedded null (byte|character).*\)", found[4].reason)  # Python says it


@pytest.mark.parametrize(("batch_size", "threads"), [(None, None), (1, 1), (7, 3), (100, 2)])
def test_a_stream_keeps_its_order(classifier, batch_size, threads):
    images = [noise(seed=seed) for seed in range(30)]
    found = list(classifier.predict_batches(iter(images), batch_size=batch_size, threads=threads))
    alone = [classifier.predict(image) for image in images]
    np.testing.assert_allclose([each.probability for each in found], [each.probability for each in alone], atol=1e-6)
    assert [each.label for each in found] == [each.label for each in alone]


@pytest.mark.parametrize(("batch_size", "threads", "ahead"), [(4, 2, 8), (32, 2, 64), (32, 30, 64), (4, 30, 60)])
def test_a_stream_is_read_two_batches_or_two_a_thread_ahead_and_no_further(classifier, batch_size, threads, ahead):
    taken = []
    source = (taken.append(seed) or noise(seed=seed) for seed in range(1000))
    stream = classifier.predict_batches(source, batch_size=batch_size, threads=threads)
    assert not taken
    for number in range(1, 60):
        next(stream)
        assert len(taken) <= number + batch_size + ahead
    stream.close()
    assert list(classifier.predict_batches([])) == []


def broken_stream(error):
    yield noise()
    yield b""
    yield noise(seed=1)
    raise error


@pytest.mark.parametrize("batch_size", [1, 2, 32])
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: broken_stream(OSError("gone")), OSError),
        (lambda: broken_stream(UnreadableImageError("a", "gone")), UnreadableImageError),
        (lambda: [noise(), b"", noise(seed=1), 3, noise()], DataError),
        (lambda: [noise(), b"", noise(seed=1), noise() / 2, noise()], DataError),
    ],
)
def test_what_a_stream_gave_before_it_failed_is_answered(classifier, make, kind, batch_size):
    stream, found = classifier.predict_batches(make(), batch_size=batch_size), []
    with pytest.raises(kind):
        for each in stream:
            found.append(each)
    assert [type(each) for each in found] == [Prediction, Unreadable, Prediction]
    with pytest.raises(UnreadableImageError, match="empty file"):
        classifier.predict(make())


@pytest.mark.parametrize("value", [0, -1, 50_000, True, 2.5, "2"])
def test_impossible_sizes_are_refused_at_once(bundle, classifier, value):
    for name, most in (("batch_size", 4096), ("threads", 256)):
        expected = f"{name}: expected a whole number from 1 to {most}, got {value!r}."
        with pytest.raises(ConfigError, match=f"^{re.escape(expected)}$"):
            classifier.predict_batches([], **{name: value})
    with pytest.raises(ConfigError, match=f"^{re.escape(expected)}$"):
        emoclass.load(bundle, threads=value)


def test_the_largest_sizes_work(bundle):
    found = emoclass.load(bundle, threads=256).predict_batches([noise()] * 5, batch_size=4096, threads=256)
    assert len(list(found)) == 5


def test_threads_may_share_a_classifier(classifier, tmp_path):
    images = []
    for seed in range(24):
        path = tmp_path / f"{seed}.png"
        Image.fromarray(noise(seed=seed)).save(path)
        opened = Image.open(io.BytesIO(path.read_bytes()))
        images.append([path, path.read_bytes(), opened, noise(seed=seed)][seed % 4])
    expected = [classifier.predict(noise(seed=seed)).scores for seed in range(24)]
    start = threading.Barrier(8)

    def work(number):
        start.wait()
        order = np.random.default_rng(number).permutation(len(images))
        found = {index: classifier.predict(images[index]) for index in order}
        streamed = list(classifier.predict_batches(images, batch_size=1 + number, threads=2))
        return [found[index] for index in range(len(images))], streamed

    with ThreadPoolExecutor(8) as pool:
        for alone, streamed in pool.map(work, range(8)):
            assert [each.scores for each in alone] == expected
            assert [each.scores for each in streamed] == [pytest.approx(each, abs=1e-6) for each in expected]


class Answers:
    """A network that gives the same answers, whatever it is shown."""

    def __init__(self, *rows):
        self.rows = np.array(rows, np.float32)

    def predict(self, pixels):
        return self.rows[: len(pixels)]


def test_a_view_chooses_among_some_emotions_in_the_order_given(crop_bundle):
    classifier = emoclass.load(crop_bundle)
    view = classifier.among("anger, happy")
    found, whole = view.predict(noise()), classifier.predict(noise())
    assert list(found.scores) == ["angry", "happy"] and view.labels.positive == "happy"
    assert sum(found.scores.values()) == pytest.approx(1)
    assert found.scores["happy"] / found.scores["angry"] == pytest.approx(whole.scores["happy"] / whole.scores["angry"])
    assert list(whole.scores) == ["happy", "sad", "angry"], "the model itself stays as it is"
    again = view.among(LabelScheme(emotions=("happy", "angry"))).predict(noise())
    assert again.scores == pytest.approx(found.scores) and list(again.scores) == ["happy", "angry"]


def test_of_two_left_the_second_is_chosen_from_a_half_on(crop_bundle):
    view = emoclass.load(crop_bundle).among("happy,angry")
    view._model = Answers([0.25, 0.5, 0.25])
    assert view.predict(noise()).label == "angry"


def test_an_image_that_shows_none_of_the_emotions_left_cannot_be_judged(crop_bundle):
    view = emoclass.load(crop_bundle).among("happy,angry")
    view._model = Answers([0, 1, 0], [0.1, 0.6, 0.3])
    nothing, found = view.predict_batches([noise(), noise()], batch_size=2)
    assert nothing == Unreadable(path=None, reason="the model gives happy, angry a probability of 0")
    assert found.scores == pytest.approx({"happy": 0.25, "angry": 0.75})
    with pytest.raises(UnreadableImageError, match="image: the model gives happy, angry a probability of 0"):
        view.predict(noise())
    np.testing.assert_array_equal(np.isnan(view.scores(np.zeros((2, 10, 10, 1), np.uint8))), [[True] * 2, [False] * 2])


@pytest.mark.parametrize(
    ("labels", "got"),
    [
        ("happy,bored", "bored"),
        ("happy,scared", "scared"),
        ("sad", "sad"),
        ([], "none"),
        (",", "none"),
    ],
)
def test_emotions_that_the_model_has_not_are_refused(crop_bundle, labels, got):
    with pytest.raises(
        ConfigError, match=rf"the model's happy, sad, angry, each once, got {got}\. For example happy,sad"
    ):
        emoclass.load(crop_bundle).among(labels)


def test_an_emotion_that_is_misspelt_is_guessed(crop_bundle):
    with pytest.raises(ConfigError, match=r"got hapy\. Did you mean 'happy'\?"):
        emoclass.load(crop_bundle).among("hapy,sad")


def test_an_emotion_that_comes_twice_is_named(crop_bundle):
    with pytest.raises(ConfigError, match=r"labels: expected each emotion once, got happy twice in 'happy, joy'"):
        emoclass.load(crop_bundle).among("happy,joy")


def test_a_changed_network_is_refused_before_it_is_opened(bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "b")
    content = bytearray((bundle / LITERT).read_bytes())
    content[-100] ^= 1
    (tmp_path / "b" / LITERT).write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.tflite is damaged or was changed"):
        emoclass.load(tmp_path / "b")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image", {"height": 8, "width": 8, "color_mode": "RGB"}),
        ("image", {"height": 16, "width": 12, "color_mode": "L"}),
        ("labels", {"emotions": ["happy", "sad", "angry"]}),
        ("files", None),
    ],
)
def test_a_manifest_that_speaks_of_another_network_is_refused(bundle, tmp_path, field, value):
    shutil.copytree(bundle, tmp_path / "b")
    document = json.loads((bundle / MANIFEST).read_text())
    if field == "files":
        value = {**document[field], LITERT: {**document[field][LITERT], "input_range": [0, 1]}}
    (tmp_path / "b" / MANIFEST).write_text(json.dumps({**document, field: value}))
    told = r"model\.tflite: expected images \d+ wide, \d+ high, of \d channels in \[0, 255\], and \d numbers out, got "
    with pytest.raises(BundleError, match=told + ".* The manifest was changed, or the file is another model's"):
        emoclass.load(tmp_path / "b")


def test_predicting_loads_nothing_that_is_slow(bundle, tmp_path):
    Image.fromarray(noise()).save(tmp_path / "a.png")
    slow = ["tensorflow", "keras", "sklearn", "scipy", "matplotlib", "jinja2", "pluggy", "emoclass.training"]
    code = (
        f"import sys, emoclass\nprint(emoclass.load({str(bundle)!r}).predict({str(tmp_path / 'a.png')!r}).label)\n"
        f"print([m for m in {slow} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == ["[]"]
