"""The page and the picture of a video."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoclass import EmotionEvent, Moment, PersonSummary, TrackedPerson
from emoclass.reporting.pages.video import MOST_EVENTS, MOST_PERSONS, video_page
from emoclass.reporting.plots.timeline import Course, draw_timeline
from emoclass.values.video import WatchedVideo

EMOTIONS = ("happy", "sad", "neutral")
VOID = {"meta", "img", "br", "hr", "path"}


def video(n_persons=1, n_events=1, **changes):
    persons = tuple(
        PersonSummary(person=number, start=0, end=8, frames=200, seconds={"happy": 5.0, "sad": 3.0, "neutral": 0.0})
        for number in range(1, n_persons + 1)
    )
    events = tuple(
        EmotionEvent(person=1, emotion="happy", start=0.1 * step, end=0.1 * step + 3, peak=0.91, peak_time=2)
        for step in range(n_events)
    )
    return WatchedVideo(
        **{"name": "clip.mp4", "source": "clip.mp4", "model": "faces", "labels": EMOTIONS, "width": 320, "height": 180,
           "frames": 200, "start": 0.0, "end": 8.0, "persons": persons, "events": events, "took": 4.0, **changes}
    )  # fmt: skip


def course(person, events=()):
    rows = np.random.default_rng(0).dirichlet(np.ones(3), 30)
    return Course(person=person, step=0.1, stretches=((0.0, rows), (5.0, rows[:1])), events=tuple(events))


def page(watched, *, frames=True, notes=(), settings=None):
    tracked = TrackedPerson(
        label="happy", probability=0.91, scores={"happy": 0.91, "sad": 0.09}, box=(-10.0, 20.0, 60.0, 60.0), person=1
    )
    seen = Moment(time=2.0, frame=50, width=320, height=180, persons=(tracked,))
    events = watched.events
    return video_page(
        watched.model_copy(update={"notes": notes}),
        [course(person, [each for each in events if each.person == person.person]) for person in watched.persons],
        {1: Image.new("RGB", (96, 96), (200, 10, 10))},
        [(Image.new("RGB", (320, 180)), seen)] if frames else [],
        settings or {"Model": "faces"},
    )  # fmt: skip


class Tags(HTMLParser):
    """Checks that each tag is closed in turn, and collects what a browser would load."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.loads += [value for name, value in attrs if name in ("src", "href") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing():
    text = page(video())
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.loads and all(each.startswith("data:image/jpeg;base64,") for each in tags.loads)
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")


def test_the_page_has_the_persons_the_events_and_the_key_frames():
    text = page(video(), notes=("cut: it ends after 8.00 s.",))
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))
    assert (
        "8.0 s, 200 frames of 320\N{MULTIPLICATION SIGN}180: 1 person, 1 event. Classified by the model faces." in words
    )
    assert "Person 1 00:00.0 to 00:08.0, visible for 8.0 s, mostly happy" in words
    assert "1 happy 00:00.0 00:03.0 3.0 0.91" in words
    assert "00:02.0 1 happy 91%" in words
    assert "Cut: it ends after 8.00 s." in words
    assert 'title="happy, 00:00.0 to 00:03.0, peak 0.91"' in text
    assert "left: 0.00%; top: 11.11%; width: 15.62%" in text, "the part of the box that lies in the frame"


def test_a_crowd_and_many_events_are_cut_short_and_counted():
    text = page(video(n_persons=50, n_events=1000))
    assert text.count("<article") == MOST_PERSONS
    assert f"The {MOST_PERSONS} of 50 persons who are visible longest are shown" in text
    assert f"The first {MOST_EVENTS} of 1,000 events are shown" in text


def test_nothing_is_seen():
    text = page(video(n_persons=0, n_events=0), frames=False)
    assert "No person was found." in text and "No emotion was clear for long enough." in text
    assert "Key frames" not in text


def test_strange_texts_are_escaped():
    text = page(video(name="<b>&.mp4", labels=("happy", "sad", "<i>"), persons=()), notes=("<u>",))
    assert not re.search(r"<(b|i|u)>", text.replace('<b class="below"', ""))
    assert "&lt;b&gt;&amp;.mp4" in text


@pytest.mark.parametrize("persons", [0, 1, 3, 40])
@pytest.mark.parametrize("end", [0.0, 0.04, 8.0, 7200.0])
def test_the_timeline_is_drawn_for_any_number_of_persons_and_any_length(persons, end, tmp_path):
    watched = video(n_persons=persons)
    figure = draw_timeline(
        [course(each, watched.events) for each in watched.persons], EMOTIONS, 0.0, end, "clip\x00\u4e00"
    )
    figure.savefig(Path(tmp_path) / "timeline.png")
    with Image.open(tmp_path / "timeline.png") as image:
        assert image.width > 1000 and image.height < 2800


def test_a_name_with_dollars_is_no_formula(tmp_path):
    """Matplotlib would fail on this one when all of the video was watched."""
    figure = draw_timeline([], ("happy", r"$\frac$"), 0.0, 8.0, r"a$\frac$.mp4: smoothed")
    figure.savefig(Path(tmp_path) / "timeline.png")
