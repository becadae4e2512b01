"""How long each person showed each emotion."""

from __future__ import annotations

import pytest

from emoclass import EmotionEvent, Moment, TrackedPerson
from emoclass.video.persons import Persons


def moment(time, **labels):
    persons = tuple(
        TrackedPerson(label=label, probability=0.8, scores={label: 0.8}, box=(0.0, 0.0, 9.0, 9.0), person=int(name[1:]))
        for name, label in labels.items()
    )
    return Moment(time=time, frame=0, width=9, height=9, persons=persons)


def summed(moments, **options):
    persons = Persons(("happy", "sad"), **options)
    for each in moments:
        persons.add(each)
    persons.close()
    return persons


def test_a_frame_lasts_until_the_next_one_and_the_last_as_long_as_the_one_before():
    persons = summed([moment(0.0, p1="happy"), moment(0.5, p1="sad"), moment(0.6, p1="happy", p2="sad"), moment(0.8)])
    one, two = persons.summaries()
    assert one.seconds == pytest.approx({"happy": 0.5 + 0.2, "sad": 0.1})
    assert (one.start, one.end, one.frames, one.label) == (0.0, pytest.approx(0.8), 3, "happy")
    assert two.seconds == pytest.approx({"happy": 0, "sad": 0.2}) and two.start == 0.6
    assert (persons.frames, persons.start, persons.end) == (4, 0.0, pytest.approx(1.0))


def test_a_single_frame_lasts_as_the_frame_rate_says():
    (one,) = summed([moment(3.0, p1="happy")], frame_rate=10.0).summaries()
    assert (one.visible, one.start, one.end) == (pytest.approx(0.1), 3.0, pytest.approx(3.1))


def test_events_are_counted():
    persons = summed([moment(0.0, p1="happy"), moment(1.0, p1="happy")])
    persons.add_events([EmotionEvent(person=1, emotion="happy", start=0, end=1, peak=0.9, peak_time=0)] * 2)
    assert persons.summaries()[0].n_events == 2


def test_without_a_frame_there_is_nobody():
    assert summed([]).summaries() == ()
