"""Frames that are given one by one, with a made detector and a network whose answer is the face's brightness."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from fake_detector import SPEC

from emoclass import Classifier, Framing, LabelScheme
from emoclass.errors import ConfigError, DataError
from emoclass.video.watcher import Watcher

RATE = 25


class FakeClassifier(Classifier):
    """P(happy) is how bright the dark half of the face is; it counts what it is asked."""

    def __init__(self):
        self.bundle = SimpleNamespace(manifest=SimpleNamespace(framing=Framing(), detector=None))
        self.labels = LabelScheme(emotions=("happy", "sad"))
        self.image_shape, self.expects, self.name = (16, 16, 1), "face_crop", "fake"
        self._search, self._search_is_chosen, self._columns = None, False, None
        self.asked: list[int] = []

    def scores(self, pixels):
        self.asked.append(len(pixels))
        happy = np.clip(pixels[:, 6:10, 6:10].astype(float).mean(axis=(1, 2, 3)) / 200, 0, 1)
        return np.stack([happy, 1 - happy], axis=1)


@pytest.fixture
def classifier(monkeypatch):
    monkeypatch.setattr("emoclass.inference.classifier.choose_detector", lambda *_: SPEC)
    return FakeClassifier()


def picture(*faces, size=(320, 180), ground=100):
    """Return a frame with faces at `(left, happy)`: red squares around a gray that says how happy they are."""
    pixels = np.full((size[1], size[0], 3), ground, np.uint8)
    for left, happy in faces:
        pixels[60:100, left : left + 40] = (255, 0, 0)
        pixels[70:90, left + 10 : left + 30] = round(200 * happy)
    return pixels


def watch(watcher, pictures, *, start=0.0, rate=RATE):
    return [watcher(pixels, start + step / rate) for step, pixels in enumerate(pictures)]


def test_a_person_has_a_number_a_place_and_raw_and_smoothed_probabilities(classifier):
    watcher = Watcher(classifier)
    moments = watch(watcher, [picture((50, 0.0))] * 10 + [picture((50, 1.0))] * 10)
    assert [len(each.persons) for each in moments[:6]] == [0, 0, 0, 0, 1, 1]
    first, last = moments[4].persons[0], moments[-1].persons[0]
    assert (first.person, first.box, first.detection, first.label) == (1, (50, 60, 40, 40), 0.9, "sad")
    assert last.raw["happy"] == pytest.approx(1)
    assert last.scores["happy"] == pytest.approx(1 - np.exp(-10 / RATE / 0.3), abs=1e-6)
    assert last.label == "happy" and last.probability == last.scores["happy"]
    assert [moment.frame for moment in moments] == list(range(20))
    assert (moments[0].width, moments[0].height) == (320, 180)


def test_persons_stand_from_left_to_right(classifier):
    moments = watch(Watcher(classifier), [picture((200, 0.2), (20, 0.8))] * 8)
    assert [person.label for person in moments[-1].persons] == ["happy", "sad"]
    assert {person.person for person in moments[-1].persons} == {1, 2}


def test_events_come_with_the_moments_and_the_rest_with_close(classifier):
    watcher = Watcher(classifier, smoothing=0)
    moments = watch(watcher, [picture((50, 0.9))] * 30 + [picture((50, 0.1))] * 30)
    (happy,) = [event for moment in moments for event in moment.events]
    assert (happy.person, happy.emotion) == (1, "happy")
    assert happy.start == pytest.approx(4 / RATE) and happy.end == pytest.approx(30 / RATE)
    (sad,) = watcher.close()
    assert sad.emotion == "sad" and sad.end == pytest.approx(59 / RATE)
    assert watcher.close() == ()


def test_events_end_where_the_face_is_lost(classifier):
    watcher = Watcher(classifier)
    moments = watch(watcher, [picture((50, 0.9))] * 30 + [picture()] * 40)
    (event,) = [event for moment in moments for event in moment.events]
    assert event.end == pytest.approx(29 / RATE)
    assert watcher.close() == ()


def test_a_cut_starts_new_numbers_and_ends_events(classifier):
    watcher = Watcher(classifier)
    dark = np.tile(np.repeat(np.array([0, 250], np.uint8), 80), (180, 1))[..., None].repeat(3, axis=2)
    other = np.ascontiguousarray(np.hstack([dark[:, :160], dark[:, :160]]))
    other[60:100, 50:90] = (255, 0, 0)
    other[70:90, 60:80] = 180
    moments = watch(watcher, [picture((50, 0.9))] * 30 + [other] * 10)
    assert [moment.frame for moment in moments if moment.is_cut] == [30]
    assert [event.end for event in moments[30].events] == [pytest.approx(29 / RATE)]
    assert {person.person for moment in moments[31:] for person in moment.persons} == {2}


@pytest.mark.parametrize("rate", [10, 25, 60])
def test_every_lets_the_model_look_less_often_and_faces_are_followed_in_between(classifier, rate):
    watcher = Watcher(classifier, every=0.5)
    moments = watch(watcher, [picture((50, 0.9))] * (4 * rate), rate=rate)
    judged = [moment.time for moment in moments for person in moment.persons if person.raw is not None]
    assert min(np.diff(judged)) >= 0.5 and max(np.diff(judged)) <= 0.5 + 1 / rate + 1e-9
    assert sum(len(moment.persons) for moment in moments) >= 3.6 * rate, "the frames in between have the person too"
    assert sum(classifier.asked) == len(judged)


def test_the_network_sees_all_faces_of_a_frame_at_once(classifier):
    watch(Watcher(classifier), [picture((20, 0.2), (120, 0.4), (220, 0.6))] * 6)
    assert classifier.asked == [3, 3]


def test_a_face_that_shows_nothing_is_not_judged(classifier, monkeypatch):
    monkeypatch.setattr("emoclass.video.watcher.shows_nothing", lambda pixels: True)
    assert not any(moment.persons for moment in watch(Watcher(classifier), [picture((50, 0.9))] * 10))
    assert classifier.asked == []


def test_the_largest_face_alone(classifier):
    both = picture((20, 0.2))
    both[40:160, 150:270] = (255, 0, 0)
    both[70:130, 180:240] = 160
    (person,) = watch(Watcher(classifier, largest=True), [both] * 8)[-1].persons
    assert person.box == (150, 40, 120, 120)
    assert watch(Watcher(classifier, min_face=200), [both] * 8)[-1].persons == ()


def test_a_classifier_that_finds_faces_in_its_own_way_keeps_it(classifier):
    chosen = classifier.with_faces("auto", min_face=100)
    assert not any(moment.persons for moment in watch(Watcher(chosen), [picture((50, 0.9))] * 8))


def test_several_watchers_share_a_classifier_in_threads(classifier):
    shared = classifier.with_faces("find")
    answers = {}

    def session(number):
        watcher = Watcher(shared)
        answers[number] = watch(watcher, [picture((50 + number, number / 10))] * 20)[-1].persons

    threads = [threading.Thread(target=session, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == list(range(8))
    for number, persons in answers.items():
        ((person,),) = [persons]
        assert person.person == 1 and person.scores["happy"] == pytest.approx(number / 10, abs=0.01)


def test_pixels_that_are_not_contiguous_are_taken(classifier):
    bgr = picture((50, 0.9))[..., ::-1].copy()
    assert watch(Watcher(classifier), [bgr[..., ::-1]] * 8)[-1].persons


@pytest.mark.parametrize(
    "pixels",
    [None, np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_frame_is_refused(classifier, pixels):
    with pytest.raises(DataError, match=r"frame: expected RGB pixels, uint8 \(height, width, 3\), got "):
        Watcher(classifier)(pixels, 0.0)


@pytest.mark.parametrize("time", [np.float32(2.5), np.int64(2)])
def test_times_from_an_array_are_times(classifier, time):
    watcher = Watcher(classifier)
    watcher(picture(), 1.0)
    moment = watcher(picture(), time)
    assert moment.time == time and type(moment.time) is float


@pytest.mark.parametrize("time", [1.0, 0.5, float("nan"), np.float32("nan"), "2"])
def test_a_time_that_is_not_later_is_refused(classifier, time):
    watcher = Watcher(classifier)
    watcher(picture(), 1.0)
    with pytest.raises(DataError, match=r"time: expected seconds after 1, got "):
        watcher(picture(), time)


@pytest.mark.parametrize(
    ("name", "value"), [("smoothing", -1), ("smoothing", "a"), ("every", float("inf")), ("every", True)]
)
def test_settings_out_of_range_are_refused(classifier, name, value):
    with pytest.raises(ConfigError, match=rf"{name}: expected seconds from 0, got"):
        Watcher(classifier, **{name: value})


def test_a_face_that_fills_the_frame_is_seen_as_through_the_whole_crop(classifier):
    """It is scaled down by a whole number before it is cut out; the pixels hardly change."""
    from PIL import Image

    from emoclass import Face
    from emoclass.data.photograph import Photograph
    from emoclass.faces.frame import frame
    from emoclass.video.watcher import framed

    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize((1280, 960), Image.Resampling.BICUBIC)
    photograph = Photograph(image)
    eyes = ((500.0, 400.0), (700.0, 440.0), (600.0, 500.0), (540.0, 600.0), (660.0, 620.0))
    for box in ((400.0, 250.0, 400.0, 500.0), (-100.0, -50.0, 500.0, 600.0), (1000.0, 700.0, 500.0, 500.0)):
        face = Face(box=box, score=0.9, landmarks=eyes)
        exact = frame(photograph, face, Framing(), classifier.image_shape).astype(int)
        assert np.abs(framed(photograph, face, classifier).astype(int) - exact).max() <= 12
