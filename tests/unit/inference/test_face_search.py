"""Finding and classifying the faces of pictures."""

from __future__ import annotations

import gc
import io
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fake_detector import SPEC, picture
from PIL import Image

import emoclass
from emoclass import Face
from emoclass.data.photograph import Photograph
from emoclass.errors import ConfigError, DataError, PluginError, UnreadableImageError, WholePhotographWarning
from emoclass.faces.frame import frame
from emoclass.values.results import PictureFaces, Unreadable

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture
def found_in(crop_bundle, monkeypatch):
    """A model of face crops, whose detector finds red squares."""
    monkeypatch.setattr("emoclass.inference.classifier.choose_detector", lambda *_: SPEC)
    return emoclass.load(crop_bundle)


def encoded(image: Image.Image, form: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def lefts(faces):
    return [round(face.box[0]) for face in faces]


def test_each_face_has_a_place_and_a_prediction(found_in):
    faces = found_in.find(picture(400, 50))
    assert lefts(faces) == [50, 400]
    for face in faces:
        assert face.detection == 0.9
        assert face.box[1:] == (100, 80, 80)
        assert sum(face.scores.values()) == pytest.approx(1)
        assert face.probability == face.scores[face.label]


def test_a_picture_is_the_same_in_every_form(found_in, tmp_path):
    image = picture(50, 300)
    (tmp_path / "a.png").write_bytes(encoded(image))
    expected = [face.to_json() for face in found_in.find(image)]
    path = tmp_path / "a.png"
    for form in (path, str(path), path.read_bytes(), bytearray(path.read_bytes()), np.asarray(image)):
        assert [face.to_json() for face in found_in.find(form)] == expected
    stream = found_in.find_batches(form for form in (path, image, np.asarray(image)))
    assert [[face.to_json() for face in each.faces] for each in stream] == [expected] * 3


def test_exif_rotation_comes_before_boxes(found_in):
    lying = Image.Exif()
    lying[0x0112] = 6
    turned = picture(50, 300).transpose(Image.Transpose.ROTATE_90)
    assert lefts(found_in.find(encoded(turned, exif=lying))) == [50, 300]


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_boxes_of_a_large_picture_are_in_its_own_pixels(found_in, form):
    large = picture(50, 300).resize((3200, 2400), Image.Resampling.NEAREST)
    faces = found_in.find(encoded(large, form))
    assert [face.box[0] for face in faces] == pytest.approx([250, 1500], abs=8)
    assert [face.box[3] for face in faces] == pytest.approx([400, 400], abs=16)


def test_a_picture_without_a_face_is_no_error(found_in):
    assert found_in.find(picture()) == []
    (found,) = found_in.find_batches([picture()])
    assert (found.faces, found.ready_made, found.width, found.height) == ((), False, 640, 480)


def test_a_ready_made_crop_is_classified_as_it_is(found_in):
    noise = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    for crop in (noise, picture(0, size=(300, 300), side=250).crop((0, 100, 250, 350))):
        (face,) = found_in.find(crop)
        assert face.scores == found_in.predict(crop).scores
        assert (face.detection, face.landmarks) == (None, None)
    (found,) = found_in.find_batches([noise])
    assert found.ready_made
    document = found.to_json()
    assert {key: document[key] for key in ("label", "probability", "scores")} == {
        key: document["faces"][0][key] for key in ("label", "probability", "scores")
    }
    assert document["faces"][0]["box"] == [0, 0, 48, 48]


def test_modes_overrule_what_a_picture_looks_like(found_in):
    gray = Image.linear_gradient("L").resize((48, 48))
    assert found_in.with_faces("find").find(gray) == []
    assert len(found_in.with_faces("auto").find(gray)) == 1
    (whole,) = found_in.with_faces("never").find(picture(50, 300))
    assert whole.box == (0, 0, 640, 480)


def test_limits_choose_among_faces(found_in):
    both = picture(300)
    both.paste(picture(0, side=40).crop((0, 100, 40, 140)), (50, 100))
    assert lefts(found_in.find(both)) == [50, 300]
    assert lefts(found_in.with_faces(largest=True).find(both)) == [300]
    assert lefts(found_in.with_faces(max_faces=1).find(both)) == [300]
    assert lefts(found_in.with_faces(min_face=60).find(both)) == [300]
    assert found_in.with_faces(min_detection=0.95).find(both) == []
    assert lefts(found_in.find(both)) == [50, 300], "the model itself stays as it is"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mode": "always"}, "faces: expected one of auto, find, never, got 'always'"),
        ({"min_face": -1}, "min_face: expected a number of pixels from 0"),
        ({"min_face": float("nan")}, "min_face"),
        ({"min_detection": 1.5}, "min_detection: expected a number from 0 to 1"),
        ({"max_faces": 0}, "max_faces: expected a whole number from 1, or None, got 0"),
        ({"max_faces": "2"}, "max_faces: expected a whole number from 1, or None, got '2'"),
        ({"max_faces": 1.5}, "max_faces: .* got 1.5"),
        ({"max_faces": True}, "max_faces: .* got True"),
        ({"min_face": "x"}, "min_face: expected a number of pixels from 0, got 'x'"),
        ({"min_detection": None}, "min_detection: expected a number from 0 to 1, got None"),
        ({"largest": "no"}, "largest: expected True or False, got 'no'"),
        ({"options": 3}, "options: expected a mapping of the detector's options, got 3"),
    ],
)
def test_values_out_of_range_are_refused(found_in, wrong, message):
    with pytest.raises(ConfigError, match=message):
        found_in.with_faces(**wrong)


def test_numbers_of_numpy_are_taken(found_in):
    view = found_in.with_faces(max_faces=np.int64(1), min_face=np.float32(20), min_detection=np.float64(0.5))
    assert lefts(view.find(picture(50, 300))) == [50]


def test_a_detector_is_named_by_text(crop_bundle):
    with pytest.raises(ConfigError, match="detector: expected the name of a face detector, got 3"):
        emoclass.load(crop_bundle).with_faces(detector=3)


def test_without_a_detector_it_says_what_to_install(crop_bundle):
    classifier = emoclass.load(crop_bundle, registry=emoclass.Registry())
    with pytest.raises(PluginError, match="pip install emoclass-yunet"):
        classifier.with_faces(registry=emoclass.Registry())
    assert classifier.with_faces("never", registry=emoclass.Registry()).find(picture(50))


def test_an_unknown_detector_is_named(crop_bundle):
    with pytest.raises(PluginError, match="no-such"):
        emoclass.load(crop_bundle).with_faces(detector="no-such")


@pytest.mark.parametrize(("size", "color"), [((48, 48), "black"), ((1, 1), "white"), ((60, 20), (90, 91, 92))])
def test_a_crop_of_one_color_is_not_judged(found_in, size, color):
    flat = Image.new("RGB", size, color)
    for judge in (found_in.find, found_in.predict):
        with pytest.raises(UnreadableImageError, match="shows no face: all pixels have nearly the same color"):
            judge(flat)
    for stream in (found_in.find_batches([flat]), found_in.predict_batches([flat])):
        assert [each.reason for each in stream] == ["shows no face: all pixels have nearly the same color"]


def test_a_flat_photograph_is_one_to_a_model_of_photographs(bundle):
    flat = Image.new("RGB", (300, 200))
    classifier = emoclass.load(bundle)
    (face,) = classifier.with_faces("never").find(flat)
    assert face.scores == classifier.predict(flat).scores


def test_a_model_of_whole_photographs_warns_that_it_looks_for_no_faces(bundle, monkeypatch):
    monkeypatch.setattr("emoclass.inference.classifier.choose_detector", lambda *_: SPEC)
    classifier, photograph = emoclass.load(bundle), picture(50, 300)
    for model in (classifier, classifier.among("sad,happy"), pickle.loads(pickle.dumps(classifier))):
        for ask in (model.find, lambda x, model=model: next(iter(model.find_batches([x, x]))).faces):
            for _ in range(2):
                with pytest.warns(
                    WholePhotographWarning, match=r"looks for no faces.*\.with_faces\('find'\)"
                ) as caught:
                    (face,) = ask(photograph)
                assert [warning.filename for warning in caught] == [__file__]
                assert face.box == (0, 0, 640, 480)
    asked = classifier.with_faces("find")
    for model in (asked, asked.among("sad,happy"), pickle.loads(pickle.dumps(asked))):
        assert lefts(model.find(photograph)) == [50, 300]


def test_what_cannot_be_read_has_its_place_in_a_stream(found_in, tmp_path):
    closed = Image.open(io.BytesIO(encoded(picture())))
    closed.close()
    items = [b"no picture", picture(50), tmp_path / "missing.jpg", closed, picture(300)]
    outcomes = list(found_in.find_batches(items))
    assert [type(each) for each in outcomes] == [Unreadable, PictureFaces, Unreadable, Unreadable, PictureFaces]
    assert outcomes[2].path == str(tmp_path / "missing.jpg")
    with pytest.raises(UnreadableImageError, match="closed before it was read"):
        found_in.find(closed)


def test_a_stream_may_close_what_it_gave(found_in):
    def stream():
        for left in (50, 300, 400):
            with Image.open(io.BytesIO(encoded(picture(left)))) as image:
                yield image

    assert [lefts(each.faces) for each in found_in.find_batches(stream())] == [[50], [300], [400]]


def test_a_stream_may_draw_anew_on_what_it_gave(found_in):
    def stream():
        canvas = Image.new("RGB", (640, 480))
        for left in (50, 300, 400):
            canvas.paste(picture(left))
            yield canvas
        canvas.close()

    assert [lefts(each.faces) for each in found_in.find_batches(stream())] == [[50], [300], [400]]


def test_a_stream_that_fails_answers_first_what_it_gave(found_in):
    def stream():
        yield picture(50)
        raise OSError("the camera is gone")

    outcomes = found_in.find_batches(stream())
    assert lefts(next(outcomes).faces) == [50]
    with pytest.raises(OSError, match="the camera is gone"):
        next(outcomes)


@pytest.mark.parametrize("wrong", [b"one picture", "a.jpg", 3, {"a": 1}])
def test_a_stream_is_no_single_picture(found_in, wrong):
    with pytest.raises(DataError):
        list(found_in.find_batches(wrong))


def test_threads_may_share_a_model_and_a_picture(found_in):
    shared = Image.open(io.BytesIO(encoded(picture(50, 300), "JPEG", quality=95)))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [face.to_json() for face in found_in.find(shared)], range(32)))
    assert len(found[0]) == 2
    assert all(each == found[0] for each in found)


def test_pictures_are_taken_only_a_little_ahead(found_in):
    alive, most = 0, 0

    class Counted(bytes):
        def __new__(cls, content):
            nonlocal alive, most
            alive += 1
            most = max(most, alive)
            return super().__new__(cls, content)

        def __del__(self):
            nonlocal alive
            alive -= 1

    content = encoded(picture(50))
    for number, found in enumerate(found_in.find_batches((Counted(content) for _ in range(300)), threads=2)):
        assert lefts(found.faces) == [50]
        if number % 50 == 0:
            gc.collect()
    assert most < 60


def test_predict_warns_once_a_call_of_a_whole_photograph(found_in, bundle):
    scene = np.asarray(picture(50, 300))
    with pytest.warns(WholePhotographWarning, match=r"640x480.*\.find\(image\)") as caught:
        found_in.predict(scene)
    assert [each.filename for each in caught] == [__file__], "it points at the caller's line"
    with pytest.warns(WholePhotographWarning) as caught:
        found_in.predict([scene, scene, scene])
    assert [each.filename for each in caught] == [__file__]
    with pytest.warns(WholePhotographWarning) as caught:
        list(found_in.predict_batches([encoded(Image.fromarray(scene))] * 100))
    assert [each.filename for each in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found_in.predict(scene[90:190, 40:140])
        found_in.find(scene)
        emoclass.load(bundle).predict(scene)


# Real photographs, and the detector that is installed by default.


@pytest.fixture(scope="module")
def photographs():
    folder = SHARED / "faces-in-photos"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/faces-in-photos")
    return folder


@pytest.fixture(scope="module")
def faces():
    pytest.importorskip("cv2", reason="needs emoclass-yunet")
    return emoclass.load("faces")


def test_real_photographs(faces, photographs):
    expected = {"five_friends.jpg": 5, "half_face.jpg": 1, "portrait.jpg": 1, "single_face.jpg": 1, "two_faces.jpg": 2}
    for name, count in expected.items():
        found = faces.find(photographs / name)
        assert len(found) == count, name
        assert all(face.landmarks and face.detection > 0.8 for face in found)
    assert faces.find(photographs / "single_face.jpg")[0].label == "happy"


@pytest.mark.parametrize("degrees", [15, 30, 45])
def test_a_turned_head_is_turned_upright(faces, photographs, degrees):
    with Image.open(photographs / "single_face.jpg") as image:
        (face,) = faces.find(image.convert("RGB").rotate(degrees, expand=True))
    assert (face.label, face.probability > 0.8) == ("happy", True)


def test_odd_pictures(faces, photographs):
    with Image.open(photographs / "five_friends.jpg") as opened:
        five = opened.convert("RGB")
    usual = [face.label for face in faces.find(five)]
    assert [face.label for face in faces.find(five.transpose(Image.Transpose.FLIP_LEFT_RIGHT))] == usual[::-1]
    assert [face.label for face in faces.find(five.convert("L"))] == usual
    assert [face.label for face in faces.find(five.convert("1"))] == usual
    dark = [face.label for face in faces.find(five.point(lambda value: value // 8))]
    assert len(dark) == 5
    assert sum(map(str.__eq__, dark, usual)) >= 4, "one of the five is between happy and neutral"
    assert len(faces.find(five.resize((200, 133)))) == 5
    panorama = Image.new("RGB", (5000, 667), (120, 150, 180))
    panorama.paste(five, (2000, 0))
    assert len(faces.find(panorama)) == 5
    for nothing in (Image.new("RGB", (640, 480)), Image.new("RGB", (800, 1), "red")):
        assert faces.find(nothing) == []


def test_files_of_twelve_megapixels_give_what_the_whole_pictures_give(faces, photographs):
    search = faces._face_search()
    differences = []
    for name in ("five_friends.jpg", "two_faces.jpg", "two_on_a_stage.jpg", "portrait.jpg"):
        with Image.open(photographs / name) as opened:
            factor = (12e6 / (opened.width * opened.height)) ** 0.5
            large = opened.convert("RGB").resize((round(opened.width * factor), round(opened.height * factor)))
        data = encoded(large, "JPEG", quality=92)
        whole = Photograph(Image.open(io.BytesIO(data)))  # decoded in full, cut at the same boxes
        for face in faces.find(data):
            there = Face(box=face.box, landmarks=face.landmarks, score=face.detection)
            pixels = frame(whole, there, search.framing, faces.image_shape)
            differences.append(abs(np.array(list(face.scores.values())) - faces.scores(pixels[None])[0]).max())
    assert len(differences) == 11
    assert np.median(differences) < 0.005 and max(differences) < 0.015


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_hundred_megapixels_take_little_memory(faces, photographs):
    import resource

    with Image.open(photographs / "five_friends.jpg") as image:
        huge = encoded(image.convert("RGB").resize((12_200, 8_137), Image.Resampling.NEAREST), "JPEG", quality=80)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert [face.label for face in faces.find(huge)] == [
        face.label for face in faces.find(photographs / "five_friends.jpg")
    ]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
