"""Events of one person in made probabilities."""

from __future__ import annotations

import pytest

from emoclass.video.events import EventFinder


def events(happy, rate=25, *, start=0.0, person=3):
    """Return what is found where `happy(time)` is a probability and others have the rest; `happy` may give None."""
    finder, found = EventFinder(person), []
    for step in range(round(10 * rate)):
        time = start + step / rate
        value = happy(time)
        if value is not None:
            found += finder.update({"happy": value, "neutral": 0.6 - 0.6 * value, "sad": 0.4 - 0.4 * value}, time)
    found += finder.close()
    return [event for event in found if event.emotion == "happy"]


@pytest.mark.parametrize("rate", [5, 25, 60])
def test_an_event_has_a_person_an_emotion_a_start_an_end_and_a_peak(rate):
    def happy(time):
        return 0.9 if 2.9 < time < 3.1 else 0.7 if 2 <= time < 4 else 0.1

    (event,) = events(happy, rate)
    assert (event.person, event.emotion, event.peak) == (3, "happy", 0.9)
    assert event.start == pytest.approx(2, abs=1 / rate)
    assert event.end == pytest.approx(4, abs=1 / rate + 1e-9)
    assert event.peak_time == pytest.approx(3, abs=0.1)
    assert event.seconds == pytest.approx(2, abs=1 / rate + 1e-9)


def test_a_probability_that_wavers_around_the_threshold_makes_one_event():
    def happy(time):
        return 0.46 + 0.05 * (-1) ** round(25 * time) if 2 <= time < 4 else 0.1

    (event,) = events(happy)
    assert event.seconds == pytest.approx(2, abs=0.1)


def test_two_labels_do_not_alternate_at_the_middle():
    """Of two emotions one always has 0.5: the other begins only where the first falls below the lower threshold."""
    finder, found = EventFinder(1), []
    for step in range(200):
        value = 0.5 + 0.05 * (-1) ** step
        found += finder.update({"happy": value, "sad": 1 - value}, step / 25)
    (event,) = found + finder.close()
    assert event.seconds == pytest.approx(199 / 25)


@pytest.mark.parametrize("rate", [25, 60])
def test_what_is_shorter_than_an_event_is_none(rate):
    assert events(lambda time: 0.9 if 2 <= time < 2.2 else 0.1, rate) == []
    assert len(events(lambda time: 0.9 if 2 <= time < 2.4 else 0.1, rate)) == 1


def test_a_short_gap_is_closed_and_a_long_one_is_not():
    def happy(gap):
        return lambda time: 0.1 if 3 <= time < 3 + gap else 0.8 if 2 <= time < 5 else 0.1

    (one,) = events(happy(0.2))
    assert (one.start, one.end) == (pytest.approx(2), pytest.approx(5, abs=0.05))
    assert len(events(happy(0.5))) == 2


def test_a_peak_after_a_closed_gap_counts():
    (event,) = events(
        lambda time: 0.95 if 3.2 <= time < 4 else 0.1 if 3 <= time < 3.2 else 0.6 if 2 <= time < 3 else 0.1
    )
    assert event.peak == 0.95 and event.peak_time == pytest.approx(3.2)


def test_an_event_goes_on_while_the_face_is_hidden_and_ends_where_it_was_last_seen():
    hidden = lambda time: None if 3 <= time < 3.8 else 0.8 if 2 <= time < 5 else 0.1  # noqa: E731
    (event,) = events(hidden)
    assert (event.start, event.end) == (pytest.approx(2), pytest.approx(5, abs=0.05))
    (event,) = events(lambda time: 0.8 if 2 <= time < 3 else 0.1 if time >= 3.8 or time < 2 else None)
    assert event.end == pytest.approx(2.96), "nobody knows what was in between"


def test_an_event_that_never_ends_is_complete_with_the_video():
    (event,) = events(lambda time: 0.8 if time >= 8 else 0.1)
    assert event.end == pytest.approx(9.96)


def test_events_are_told_as_soon_as_they_are_sure():
    finder, told = EventFinder(1), []
    for step in range(100):
        value = 0.9 if step < 50 else 0.1
        told += [step for _ in finder.update({"happy": value, "neutral": 1 - value}, step / 25)]
    assert told == [58], "0.3 seconds after the end, since it could have gone on"
