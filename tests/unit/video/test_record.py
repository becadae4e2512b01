"""What is kept for the report: little, however long the video is."""

from __future__ import annotations

import numpy as np
import pytest

from emoclass import Framing, Moment, PersonSummary, TrackedPerson
from emoclass.video.feed import Frame
from emoclass.video.record import FRAME_SIDE, MOST_FRAMES, MOST_STEPS, KeyFrames, Portraits, Timeline

EMOTIONS = ("happy", "neutral")


def person(number=1, happy=0.2, box=(40.0, 30.0, 50.0, 60.0), detection=0.9):
    scores = {"happy": happy, "neutral": 1 - happy}
    label = max(scores, key=scores.get)
    return TrackedPerson(
        label=label, probability=scores[label], scores=scores, box=box, detection=detection, person=number
    )


def moment(time, *persons):
    return Moment(time=time, frame=round(25 * time), width=320, height=180, persons=persons)


def frame(time, shade=120):
    return Frame(np.full((180, 320, 3), shade, np.uint8), time, round(25 * time))


def summary(number=1):
    return PersonSummary(person=number, start=0, end=1, frames=1, seconds={"happy": 1.0, "neutral": 0.0})


def test_probabilities_are_means_over_steps_and_gaps_stay_gaps():
    timeline = Timeline(EMOTIONS)
    for step in range(100):
        time = step / 25
        timeline.add(moment(time, *([person(happy=step / 100)] if not 1 <= time < 2 else [])))
    (course,) = timeline.courses([summary()], [])
    (first, before), (second, after) = course.stretches
    assert (first, second) == (0, pytest.approx(2, abs=course.step))
    assert len(before) == pytest.approx(1 / course.step, abs=1) and len(after) == pytest.approx(2 / course.step, abs=1)
    assert before[:, 0] == pytest.approx(np.linspace(0, 0.24, len(before)), abs=0.02)
    assert before.sum(axis=1) == pytest.approx(1)


def test_a_long_video_has_no_more_steps_than_a_short_one_and_the_same_mean():
    timeline = Timeline(EMOTIONS)
    for second in range(3 * 3600):
        timeline.add(moment(float(second), person(happy=(second % 2) * 0.5)))
    (course,) = timeline.courses([summary()], [])
    ((_, scores),) = course.stretches
    assert MOST_STEPS / 2 <= len(scores) <= MOST_STEPS
    assert scores[:-1, 0] == pytest.approx(0.25, abs=0.02)


def test_a_person_of_whom_nothing_was_kept_has_no_stretches():
    (course,) = Timeline(EMOTIONS).courses([summary()], [])
    assert course.stretches == ()


@pytest.mark.parametrize("seconds", [1, 20, 3600])
def test_key_frames_are_few_and_from_all_over_the_video(seconds):
    kept = KeyFrames()
    for time in np.arange(0, seconds, max(0.04, seconds / 2000)):
        kept.add(frame(float(time)), moment(float(time), person()))
    times = [each.moment.time for each in kept.frames()]
    assert 1 <= len(times) <= MOST_FRAMES and times == sorted(times)
    if seconds > 10:
        assert len(times) >= MOST_FRAMES / 2
        assert times[0] < seconds / 4 and times[-1] > seconds / 2


def test_in_each_part_the_frame_with_more_persons_and_a_clear_expression_is_kept():
    kept = KeyFrames()
    for step, persons in enumerate([[person()], [person(happy=0.9)], [person(happy=0.9), person(2)], [person()]]):
        kept.add(frame(step / 25), moment(step / 25, *persons))
    (best,) = kept.frames()
    assert best.moment.frame == 2


def test_frames_without_a_person_are_not_kept_and_large_ones_are_scaled_down():
    kept = KeyFrames()
    kept.add(frame(0.0), moment(0.0))
    assert kept.frames() == []
    kept.add(Frame(np.zeros((1080, 1920, 3), np.uint8), 0.04, 1), moment(0.04, person()))
    assert max(kept.frames()[0].picture.size) == FRAME_SIDE


def test_a_portrait_is_exchanged_for_a_much_larger_one_only():
    portraits = Portraits(Framing())
    portraits.add(frame(0.0, 50), moment(0.0, person()))
    portraits.add(frame(0.1, 100), moment(0.1, person(box=(40.0, 30.0, 55.0, 66.0))))
    assert np.asarray(portraits.kept()[1]).mean() == pytest.approx(50)
    portraits.add(frame(0.2, 200), moment(0.2, person(box=(40.0, 30.0, 90.0, 100.0)), person(2)))
    assert {number: np.asarray(each).mean() for number, each in portraits.kept().items()} == {1: 200, 2: 200}
