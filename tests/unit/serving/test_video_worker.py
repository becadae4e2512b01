"""What is said of a video, in this process; `test_video_pool.py` has the process around it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("av", reason="needs the video extra")
pytest.importorskip("emoclass_faces", reason="needs the faces plugin, which brings a pretrained model")

from made_videos import NO_VIDEOS, make_video, noisy_shades, quadrants, shades
from PIL import Image

import emoclass
from emoclass.inference.classifier import Classifier
from emoclass.serving import video_worker
from emoclass.serving.messages import Asked, AskedVideo, VideoAnswer
from emoclass.serving.models import ServedModel, read_models
from emoclass.serving.settings import Limits

CLIP = Path(__file__).parents[4] / "shared" / "data" / "videos" / "single_face.mp4"
REGISTRY = emoclass.Registry.discover()


@pytest.fixture(scope="module")
def model() -> ServedModel:
    return read_models(["faces"], REGISTRY)["faces"]


@pytest.fixture
def answer(model):
    def answered(data: bytes, *, limits: Limits | None = None, asked: Asked | None = None, **given) -> VideoAnswer:
        message = AskedVideo(model, limits or Limits(), asked or Asked("faces"), **given)
        return video_worker.answer(message, data, Classifier(model.live), REGISTRY)

    return answered


@pytest.mark.skipif(not CLIP.exists(), reason="needs the shared clips beside the checkout")
def test_it_says_what_watching_the_file_says(answer):
    found = answer(CLIP.read_bytes(), asked=Asked("faces", labels=("happy", "sad"), largest=True), start=0.5)
    with emoclass.watch(CLIP, "faces", labels=("happy", "sad"), largest=True, start=0.5) as watching:
        moments = [moment.to_json() for moment in watching]
    document = json.loads(found.document)
    assert found.status == 200
    assert document.pop("took") > 0 and document.pop("speed") > 0
    assert document == {
        "model": "faces:faces:fast",
        "labels": ["happy", "sad"],
        "width": 640,
        "height": 360,
        "frames": len(moments),
        "start": pytest.approx(0.5, abs=0.01),
        "end": pytest.approx(2.4, abs=0.01),
        "persons": [person.to_json() for person in watching.persons],
        "events": [event.to_json() for event in watching.events],
        "is_interrupted": False,
        "notes": list(watching.notes),
    }
    assert document["persons"] and "faster and less accurate" in document["notes"][0]
    with_frames = answer(
        CLIP.read_bytes(), asked=Asked("faces", labels=("happy", "sad"), largest=True), start=0.5, moments=True
    )
    assert json.loads(with_frames.document)["moments"] == moments


def test_a_model_without_a_fast_variant_has_no_note(model, tmp_path):
    plain = replace(model, live=model.bundle, live_name="faces")
    data = make_video(tmp_path / "a.mp4", shades(3)).read_bytes()
    given = AskedVideo(plain, Limits(), Asked("faces"))
    document = json.loads(video_worker.answer(given, data, Classifier(plain.live), REGISTRY).document)
    assert (document["model"], document["notes"]) == ("faces", [])


def test_a_cut_file_is_watched_to_the_cut_and_a_note_says_so(answer, tmp_path):
    options = {"movflags": "faststart"}
    data = make_video(tmp_path / "a.mp4", noisy_shades(59), muxer_options=options, key_every=10).read_bytes()
    document = json.loads(answer(data[: int(0.4 * len(data))]).document)
    assert 10 < document["frames"] < 35
    assert "cut: it ends after" in document["notes"][1]


@pytest.mark.parametrize("kind", NO_VIDEOS)
def test_what_is_no_video_is_refused_in_a_sentence(answer, kind):
    found = answer(NO_VIDEOS[kind])
    assert (found.status, found.document) == (422, b"")
    assert found.detail.startswith("video: ") and found.detail.endswith(".") and "\n" not in found.detail


def test_a_picture_names_what_reads_pictures(answer, tmp_path):
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    found = answer((tmp_path / "a.png").read_bytes())
    assert (found.status, found.detail) == (422, "video: a picture, expected a video.")
    assert found.hint == "To classify pictures: emoclass predict."


LIMITS = {
    "max_video_seconds": (1, {}, "too long (2.0 s; at most 1 s)"),
    "max_video_frames": (49, {}, "more than 49 frames"),
    "max_video_pixels": (64 * 48 - 1, {}, "too large (64x48 pixels; at most 0.00307 million)"),
    "max_video_answer": (1024, {"moments": True}, "its frames take more than 0.000976562 MiB in the answer"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_more_than_is_allowed_is_refused(answer, tmp_path, limit):
    data = make_video(tmp_path / "a.mp4", [quadrants()] * 50).read_bytes()
    value, given, reason = LIMITS[limit]
    found = answer(data, limits=Limits(**{limit: value}), **given)
    assert (found.status, found.detail) == (413, f"video: {reason}.")
    assert found.hint


@pytest.mark.parametrize("range_", [{"end": 0.9}, {"start": 1.2}, {"start": 0.8, "end": 1.7}])
def test_a_part_of_a_long_video_may_be_short_enough(answer, tmp_path, range_):
    data = make_video(tmp_path / "a.mp4", [quadrants()] * 50).read_bytes()
    found = answer(data, limits=Limits(max_video_seconds=1), **range_)
    assert found.status == 200
    assert json.loads(found.document)["frames"] == pytest.approx(21, abs=2)


def test_a_header_that_states_too_little_does_not_help(answer, tmp_path):
    """Matroska states how long it is; here one second instead of four."""
    data = bytearray(make_video(tmp_path / "a.mkv", shades(2) * 50).read_bytes())
    place = data.index(b"\x44\x89\x88") + 3
    data[place : place + 8] = b"\x40\x8f\x40\x00\x00\x00\x00\x00"  # 1000 milliseconds
    found = answer(bytes(data), limits=Limits(max_video_seconds=2))
    assert (found.status, found.detail) == (413, "video: too long (2.0 s; at most 2 s).")


def test_a_part_that_is_behind_the_end_is_named(answer, tmp_path):
    found = answer(make_video(tmp_path / "a.mp4", shades(5)).read_bytes(), start=9.0)
    assert (found.status, found.detail) == (422, "video: no frames from 9 s on: it ends at 0.16 s.")


def test_wrong_settings_are_named(answer, tmp_path):
    found = answer(make_video(tmp_path / "a.mp4", shades(5)).read_bytes(), asked=Asked("faces", labels=("happy", "x")))
    assert found.status == 400 and found.detail.startswith("labels: ")


def test_without_pyav_the_answer_says_what_to_install(answer, monkeypatch):
    monkeypatch.setattr("emoclass.video.containers.find_spec", lambda name: None)
    found = answer(b"anything")
    assert (found.status, found.hint) == (501, 'Install with: pip install "emoclass[video]"')
    assert found.detail == "videos: expected PyAV (av) to be installed, found none."
