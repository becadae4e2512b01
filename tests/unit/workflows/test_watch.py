"""`emoclass.watch` on videos that the tests encode."""

from __future__ import annotations

import numpy as np
import pytest
from fake_detector import SPEC, picture

pytest.importorskip("av", reason="needs the video extra")

from made_videos import make_video

import emoclass
from emoclass.errors import ConfigError, DataError
from emoclass.plugin.registry import PluginInfo


@pytest.fixture(autouse=True)
def red(monkeypatch):
    monkeypatch.setattr("emoclass.inference.classifier.choose_detector", lambda *_: SPEC)


@pytest.fixture
def clip(tmp_path):
    frames = [np.asarray(picture(20, size=(160, 240), side=80))] * 30
    return make_video(tmp_path / "clip.mp4", frames)


def test_moments_come_one_a_frame_with_persons_and_pixels(crop_bundle, clip):
    watching = emoclass.watch(clip, crop_bundle)
    assert (watching.size, watching.frame_rate, watching.frame) == ((160, 240), 25, None)
    for number, moment in enumerate(watching):
        assert moment.frame == number == watching.frame.number
        assert moment.time == watching.frame.time and watching.frame.pixels.shape == (240, 160, 3)
    assert number == 29
    (person,) = watching.persons
    assert person.frames == 26 and isinstance(person, emoclass.PersonSummary)
    assert watching.totals.end == pytest.approx(1.2, abs=0.01)


def test_a_file_gives_what_a_watcher_gives_frame_by_frame(crop_bundle, clip):
    watching = emoclass.watch(clip, crop_bundle, threads=3)
    watcher = emoclass.Watcher(crop_bundle)
    for moment in watching:
        assert watcher(watching.frame.pixels, watching.frame.time) == moment
    assert list(watcher.close()) == watching.events


def test_it_may_be_left_in_the_middle(crop_bundle, clip):
    with emoclass.watch(clip, crop_bundle) as watching:
        for moment in watching:
            if moment.frame == 20:
                break
    (person,) = watching.persons
    assert person.frames == 17, "the last frame counts too"
    assert list(watching) == []
    watching.close()


def test_it_may_be_closed_before_it_begins(crop_bundle, clip):
    watching = emoclass.watch(clip, crop_bundle)
    watching.close()
    assert list(watching) == [] and watching.persons == ()


def test_a_part_has_the_times_of_the_whole(crop_bundle, clip):
    times = [moment.time for moment in emoclass.watch(clip, crop_bundle, start=0.4, end=0.8)]
    assert times == pytest.approx([0.4 + step / 25 for step in range(10)], abs=2e-3)


def test_frames_at_60_a_second_are_searched_by_halves(crop_bundle, tmp_path):
    frames = [np.asarray(picture(20 + step, size=(320, 240), side=80)) for step in range(60)]
    clip = make_video(tmp_path / "fast.mp4", frames, rate=60)
    persons = [person for moment in emoclass.watch(clip, crop_bundle) for person in moment.persons]
    without = [person for person in persons if person.detection is None]
    assert len(persons) == pytest.approx(50, abs=3) and len(without) == pytest.approx(25, abs=3)
    lefts = [person.box[0] for person in persons]
    assert lefts == pytest.approx(np.arange(60 - len(lefts), 60) + 20, abs=2), "boxes in between are in their places"
    assert {person.person for person in persons} == {1}


def test_whole_photographs_models_say_that_their_metrics_do_not_hold(bundle, clip):
    watching = emoclass.watch(clip, bundle)
    seen = list(watching)
    assert watching.notes == (
        "the model expects whole photographs: its metrics say nothing of faces that are cut out.",
    )
    assert any(moment.persons for moment in seen)


def test_a_fast_variant_is_taken_where_no_variant_is_named(crop_bundle, clip):
    class Swift:
        @emoclass.hookimpl
        def register_models(self):
            return [
                emoclass.ModelSpec(name="net", summary="A network.", build="x:y", image_shape=(10, 10, 1),
                                   pretrained={"default": "/nowhere", "fast": str(crop_bundle)})
            ]  # fmt: skip

    registry = emoclass.Registry()
    registry.register(Swift(), PluginInfo("swift", origin="tests"))
    for name in ("swift", "swift:net"):
        watching = emoclass.watch(clip, name, registry=registry)
        assert watching.notes == (
            "the model is swift:net:fast, which is faster and less accurate than swift:net:default.",
        )
        watching.close()
    assert emoclass.Watcher("swift", registry=registry).classifier.bundle.path == crop_bundle
    watching = emoclass.watch(clip, "swift:net:fast", registry=registry)
    assert watching.notes == ()
    watching.close()
    with pytest.raises(emoclass.EmoclassError, match="/nowhere"):
        emoclass.watch(clip, "swift:net:default", registry=registry)


@pytest.mark.parametrize(
    "given", [{"live": True, "start": 1}, {"threads": 0}, {"every": -1}, {"end": "x"}, {"min_face": -1}]
)
def test_settings_out_of_range_are_refused(crop_bundle, clip, given):
    with pytest.raises(ConfigError, match=next(name for name in given if name != "live")):
        emoclass.watch("udp://127.0.0.1:9" if "live" in given else clip, crop_bundle, **given)


def test_bytes_are_no_live_source(crop_bundle):
    with pytest.raises(ConfigError, match="expected an address or a camera with live, got bytes"):
        emoclass.watch(b"udp://127.0.0.1:9", crop_bundle, live=True)


def test_the_bytes_of_a_video_give_what_its_file_gives(crop_bundle, clip):
    with (
        emoclass.watch(clip, crop_bundle, start=0.1) as watching,
        emoclass.watch(clip.read_bytes(), crop_bundle, start=0.1) as in_memory,
    ):
        assert in_memory.name == in_memory.title == "video"
        assert list(in_memory) == list(watching)
        assert in_memory.persons == watching.persons


def test_what_is_no_video_is_refused(crop_bundle, tmp_path):
    with pytest.raises(DataError, match="no such file"):
        emoclass.watch(tmp_path / "gone.mp4", crop_bundle)
