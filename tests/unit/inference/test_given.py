"""What callers may give as an image, or as several, and what they are told otherwise."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

import emoclass
from emoclass.errors import DataError, UnreadableImageError
from emoclass.values.results import Prediction, Unreadable


@pytest.fixture(scope="module")
def classifier(bundle):
    return emoclass.load(bundle)


def noise(width=40, height=30, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def encoded(image, file_format="PNG"):
    buffer = io.BytesIO()
    image.save(buffer, file_format)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("array", "got", "hint"),
    [
        (noise() / 255.0, "float64 (30, 40, 3)", "(x * 255).round().clip(0, 255).astype('uint8')"),
        (noise().astype(np.float32), "float32 (30, 40, 3)", "if it is [0, 255], pass x.round()"),
        (noise().astype(np.int64), "int64 (30, 40, 3)", "x.astype('uint8')"),
        (np.array(["a.jpg"]), "<U5 (1,)", "predict(list(images))"),
        (noise()[:, :, 0], "uint8 (30, 40)", "PIL.Image.fromarray"),
        (noise()[:, :, :1], "uint8 (30, 40, 1)", "PIL.Image.fromarray"),
        (np.dstack([noise(), noise()[:, :, 0]]), "uint8 (30, 40, 4)", "fourth channel"),
        (noise()[None], "uint8 (1, 30, 40, 3)", "predict(list(images))"),
        (noise() > 99, "bool (30, 40, 3)", "x.astype('uint8') * 255"),
        (noise().transpose(2, 0, 1), "uint8 (3, 30, 40)", "x.transpose(1, 2, 0)"),
        (noise().transpose(2, 0, 1) / 255.0, "float64 (3, 30, 40)", "x.transpose(1, 2, 0). The range of floats"),
        (noise()[:0], "uint8 (0, 40, 3)", None),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_other_arrays_are_refused_not_guessed(classifier, array, got, hint):
    with pytest.raises(DataError) as refused:
        classifier.predict(array)
    assert refused.value.message == f"array: expected RGB pixels, uint8 (height, width, 3), got {got}."
    assert (hint is None and refused.value.hint is None) or hint in refused.value.hint


def test_find_names_the_call_that_takes_several_pictures(classifier):
    pictures = np.empty(2, object)
    pictures[:] = [noise(), noise(seed=1)]
    for array in (noise()[None], pictures):
        with pytest.raises(DataError, match=r"as a list: find_batches\(list\(images\)\)\."):
            classifier.find(array)
    with pytest.raises(
        DataError, match=r"got list\. find\(x\) takes one picture; find_batches\(images\) takes several"
    ):
        classifier.find([noise()])
    with pytest.raises(DataError, match=r"got one ndarray\. find\(x\) takes one image"):
        classifier.find_batches(noise())


def test_what_is_no_image_is_refused(classifier):
    with pytest.raises(DataError, match=r"^image: expected a path, .*, or an iterable of these, got int\.$"):
        classifier.predict(3)
    with pytest.raises(DataError, match=r"^image: expected a path, .* got int\.$"):
        classifier.predict([noise(), 3])
    with pytest.raises(DataError, match=r"^image: expected a path, .*, or an iterable of these, got int\.$"):
        classifier.predict_batches(3)


@pytest.mark.parametrize(
    "single", ["a.jpg", Path("a.jpg"), b"", bytearray(), noise(), Image.new("L", (2, 2))], ids=type
)
def test_one_image_is_no_stream(classifier, single):
    with pytest.raises(DataError, match=r"^images: expected an iterable .* got one \w+\. predict\(x\) takes one image"):
        classifier.predict_batches(single)


def test_open_files_and_dictionaries_are_refused_with_what_to_give_instead(classifier, tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(noise())))
    with (tmp_path / "a.png").open("rb") as file:
        for given in (file, io.BytesIO(file.read())):
            for ask in (classifier.predict, classifier.predict_batches, lambda x: classifier.predict([x])):
                with pytest.raises(DataError, match=r"got Buffered|BytesIO.* \(\.read\(\), opened in binary mode\)"):
                    ask(given)
    images = {"a": noise(), "b": noise(seed=1)}
    with pytest.raises(DataError, match=r"got dict\. .* keys; pass its \.values\(\)"):
        classifier.predict(images)
    assert classifier.predict(images.values()) == classifier.predict(list(images.values()))
    assert len(classifier.predict({tmp_path / "a.png"})) == 1


def test_an_image_without_pixels_is_no_black_image(classifier):
    empty = Image.new("RGB", (0, 5))
    with pytest.raises(UnreadableImageError, match=r"^image: empty image \(0x5 pixels\)$"):
        classifier.predict(empty)
    found = list(classifier.predict_batches([empty, noise()]))
    assert found == [Unreadable(reason="empty image (0x5 pixels)"), classifier.predict(noise())]


def test_an_empty_text_names_no_image(classifier, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"^image: expected a path, got an empty string$"):
        classifier.predict("")
    found = list(classifier.predict_batches(["", noise()]))
    assert found == [Unreadable(reason="expected a path, got an empty string"), classifier.predict(noise())]


def test_a_closed_image_is_not_called_damaged(classifier, tmp_path):
    Image.fromarray(noise()).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as left:
        pass
    with (tmp_path / "a.png").open("rb") as file:
        orphaned = Image.open(file)
    closed = Image.fromarray(noise())
    closed.close()
    for image in (left, orphaned, closed):
        with pytest.raises(UnreadableImageError, match=r"^image: it, or its file, was closed before it was read$"):
            classifier.predict(image)


@pytest.mark.parametrize("which", ["bundle", "crop_bundle"])
@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "LA", "PA", "RGBX", "RGBa", "La", "I;16"]
)
def test_images_of_every_mode_but_floats_are_taken(which, mode, request):
    classifier = emoclass.load(request.getfixturevalue(which))
    image = Image.new(mode, (4, 4))
    if image.palette is not None:
        image.putpalette([value for gray in range(256) for value in (gray, gray, gray)])
    most = 60_000 if mode.startswith("I") else 255
    bands = image.getbands()
    color = tuple(0 if bands[-1] in "Aa" and band not in "Aa" else most for band in bands)  # transparent is white, too
    image.paste(color if len(bands) > 1 else most, (0, 0, 2, 4))  # of one color, it would be no face
    assert 0 <= classifier.predict(image).probability <= 1
    with pytest.raises(UnreadableImageError, match="floating-point pixels"):
        classifier.predict(Image.new("F", (4, 4)))


# Pillow reads an opened image when its pixels are first needed, and not safely in two threads.


@pytest.fixture(scope="module", params=["JPEG", "TIFF", "WEBP", "PNG"])
def large(request, tmp_path_factory):
    """A large picture of noise below, white above, with a mark that says it lies on its side."""
    pixels = noise(700, 900)
    pixels[:500] = 255
    marks = Image.Exif()
    marks[0x0112] = 6
    path = tmp_path_factory.mktemp("large") / "large"
    Image.fromarray(pixels).save(path, request.param, exif=marks)
    return path


def test_one_opened_image_given_often_is_right_each_time(classifier, large):
    with Image.open(large) as image:
        image.load()
        expected = classifier.predict(image).scores
    for _ in range(3):
        with Image.open(large) as image:
            assert [each.scores for each in classifier.predict([image] * 16)] == [pytest.approx(expected)] * 16


def test_threads_may_give_the_same_opened_image(bundle, classifier, large):
    other = emoclass.load(bundle)
    with Image.open(large) as image:
        image.load()
        expected = classifier.predict(image).scores
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            start = threading.Barrier(8)
            with Image.open(large) as image:

                def ask(number, image=image, start=start):
                    start.wait()
                    return (other if number % 2 else classifier).predict(image).scores

                assert list(pool.map(ask, range(8))) == [expected] * 8


def test_a_damaged_opened_image_is_unreadable_each_time(classifier):
    damaged = encoded(Image.fromarray(noise(300, 400)), "JPEG")[:5000]
    image = Image.open(io.BytesIO(damaged))
    found = list(classifier.predict_batches([image] * 3 + [noise()]))
    assert [type(each) for each in found] == [Unreadable] * 3 + [Prediction]
    assert all(each.reason.startswith("damaged image (") for each in found[:3])
    with pytest.raises(UnreadableImageError, match="damaged image"):
        classifier.predict(image)


def test_a_stream_may_close_or_reuse_what_it_gave(classifier, tmp_path):
    frames = [Image.fromarray(noise(seed=seed)) for seed in range(5)]
    expected = classifier.predict(frames)
    frames[0].save(tmp_path / "a.tiff", save_all=True, append_images=frames[1:])
    buffer = np.empty_like(noise())

    def closed():
        for frame in frames:
            with Image.open(io.BytesIO(encoded(frame))) as image:
                yield image

    def reused():
        for frame in frames:
            buffer[:] = np.asarray(frame)
            yield buffer

    with Image.open(tmp_path / "a.tiff") as film:
        assert classifier.predict(ImageSequence.Iterator(film)) == expected
    assert classifier.predict(closed()) == expected
    assert classifier.predict(reused()) == expected
