"""Faces of made scenes: who is who from frame to frame, at any frame rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from emoclass import Face
from emoclass.video.follow import PATIENCE, SURE, Follower

RATES = [5, 12.5, 25, 60]


def face(x, y=200.0, side=60.0, score=0.9):
    """Return a face whose middle is at `(x, y)`."""
    return Face(box=(x - side / 2, y - side / 2, side, side), score=score)


def watch(scene, rate, seconds, *, follower=None, seed=0, noise=1.0, start=0.0):
    """Follow a scene, and return what was seen of each actor: a set of numbers for each.

    `scene(time)` returns a mapping actor -> face, without those who are not found. Detectors waver by a pixel or so.
    """
    follower = follower or Follower()
    rng = np.random.default_rng(seed)
    seen: dict[str, list[int]] = {}
    for step in range(round(seconds * rate)):
        time = start + step / rate
        actors = list(scene(time).items())
        rng.shuffle(actors)  # detectors keep no order
        faces = [each.moved(by=tuple(rng.normal(0, noise, 2))) for _, each in actors]
        names = {each: name for each, (name, _) in zip(faces, actors, strict=True)}
        for number, each in follower.update(faces, time):
            seen.setdefault(names[each], []).append(number)
    return {name: list(dict.fromkeys(numbers)) for name, numbers in seen.items()}


@pytest.mark.parametrize("rate", RATES)
def test_a_person_who_sits_still_keeps_one_number(rate):
    assert watch(lambda time: {"anna": face(300)}, rate, 4) == {"anna": [1]}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("speed", [40, 150, 300])  # pixels a second; the face has 60
def test_two_who_cross_keep_their_numbers(rate, speed):
    way = 1.5 * speed

    def scene(time):
        step = speed * (time - 1.5)
        return {"anna": face(400 + step, 200), "ben": face(400 - step, 225)}

    assert len(watch(scene, rate, 3)) == 2
    assert sorted(map(tuple, watch(scene, rate, 3, seed=3).values())) == [(1,), (2,)], way


@pytest.mark.parametrize("rate", [12.5, 25, 60])
@pytest.mark.parametrize("seed", range(4))
def test_who_is_hidden_behind_another_while_they_cross_keeps_the_number(rate, seed):
    def scene(time):
        step = 160 * (time - 1.5)
        anna, ben = face(400 + step, 200, side=70), face(400 - step, 210)
        # Ben passes behind: he is not found while they overlap by half.
        return {"anna": anna} if abs(2 * step) < 40 else {"anna": anna, "ben": ben}

    found = watch(scene, rate, 3, seed=seed)
    assert all(len(numbers) == 1 for numbers in found.values()) and found["anna"] != found["ben"], found


@pytest.mark.parametrize("rate", RATES)
def test_a_short_occlusion_keeps_the_number_and_a_long_one_does_not(rate):
    def hidden(begin, end):
        return lambda time: {} if begin <= time < end else {"anna": face(300 + 30 * time)}

    assert watch(hidden(1.5, 1.5 + 0.7 * PATIENCE), rate, 4) == {"anna": [1]}
    assert watch(hidden(1.5, 1.5 + 1.5 * PATIENCE), rate, 5) == {"anna": [1, 2]}


def test_an_occlusion_while_walking_keeps_the_number():
    def scene(time):  # a pillar of the width of three faces
        x = 100 + 200 * time
        return {} if 300 < x < 420 else {"anna": face(x)}

    assert watch(scene, 25, 3) == {"anna": [1]}


def test_who_leaves_and_comes_back_gets_another_number():
    def scene(time):
        return {"anna": face(300)} if time < 1 or time > 3 else {}

    assert watch(scene, 25, 5) == {"anna": [1, 2]}


def test_who_takes_the_seat_of_another_a_moment_later_is_taken_for_the_same():
    """The price of following through occlusions without looking at faces; the documentation says so."""

    def scene(time):
        return {"anna": face(300)} if time < 1 else {"ben": face(305)} if time > 1.4 else {}

    assert watch(scene, 25, 3) == {"anna": [1], "ben": [1]}


@pytest.mark.parametrize("rate", RATES)
def test_one_leaves_and_another_comes_elsewhere(rate):
    def scene(time):
        return {"anna": face(200)} if time < 2 else {"ben": face(600)} if time > 2.2 else {}

    assert watch(scene, rate, 4) == {"anna": [1], "ben": [2]}


@pytest.mark.parametrize("rate", [12.5, 25, 60])
@pytest.mark.parametrize("seed", range(4))
def test_a_shaking_camera_swaps_no_numbers(rate, seed):
    """Three faces side by side, which jump by half a face to all sides, several times a second, all together."""
    rng = np.random.default_rng(seed)
    swing = rng.uniform(1, min(7, rate / 5), 2), rng.uniform(0, 2 * math.pi, 2)

    def scene(time):
        dx, dy = 30 * np.sin(2 * math.pi * swing[0] * time + swing[1])
        return {name: face(200 + 90 * i + dx, 200 + dy) for i, name in enumerate(("anna", "ben", "cleo"))}

    found = watch(scene, rate, 4, seed=seed)
    assert sorted(map(tuple, found.values())) == [(1,), (2,), (3,)]


def test_a_cut_starts_new_numbers_even_where_faces_are_at_the_same_place():
    follower = Follower()
    assert watch(lambda time: {"anna": face(300)}, 25, 1, follower=follower) == {"anna": [1]}
    follower.update([face(300)], 1.0, is_cut=True)
    assert follower.lost == (1,)
    assert watch(lambda time: {"ben": face(300)}, 25, 1, follower=follower, start=1.04) == {"ben": [2]}


@pytest.mark.parametrize("rate", [12.5, 25, 60])
def test_a_face_that_flickers_keeps_its_number(rate):
    rng = np.random.default_rng(1)

    def scene(time):
        return {"anna": face(300 + 20 * math.sin(time))} if rng.random() < 0.6 else {}

    assert watch(scene, rate, 6) == {"anna": [1]}


@pytest.mark.parametrize("rate", RATES)
def test_what_is_taken_for_a_face_in_single_frames_is_no_person(rate):
    rng = np.random.default_rng(2)

    def scene(time):
        found = {"anna": face(300)}
        if rng.random() < 0.05:
            found["a hand"] = face(rng.uniform(450, 900), rng.uniform(50, 400))
        return found

    assert watch(scene, rate, 8) == {"anna": [1]}


@pytest.mark.parametrize("rate", RATES)
def test_a_face_is_a_person_after_the_same_time_at_every_rate(rate):
    follower = Follower()
    times = [step / rate for step in range(round(2 * rate))]
    first = next(time for time in times if follower.update([face(300)], time))
    assert SURE <= first <= SURE + 1 / rate
    assert first > 0, "one frame is never enough"


def test_times_may_be_irregular():
    rng = np.random.default_rng(5)
    follower, time, numbers = Follower(), 0.0, set()
    for _ in range(200):
        time += float(rng.choice([0.01, 0.04, 0.3]))
        numbers |= {number for number, _ in follower.update([face(300 + 40 * time)], time)}
    assert numbers == {1}


def test_frames_that_are_far_apart_still_show_one_person():
    """Such as one frame in two seconds; a pause that is much longer than usual ends it."""
    follower = Follower()
    numbers = [follower.update([face(300)], time) for time in (0.0, 2.0, 4.0, 6.0, 30.0, 32.0)]
    assert [[number for number, _ in each] for each in numbers] == [[], [1], [1], [1], [], [2]]


def test_a_face_that_grows_and_shrinks_is_one_person():
    assert watch(lambda time: {"anna": face(300, side=60 + 40 * math.sin(2 * time))}, 25, 5) == {"anna": [1]}


def test_a_large_face_and_a_small_one_within_it_are_two():
    """A portrait on the wall, right behind the head."""
    found = watch(lambda time: {"anna": face(300, side=120), "the portrait": face(310, 190, side=30)}, 25, 3)
    assert sorted(map(tuple, found.values())) == [(1,), (2,)]


def test_numbers_are_never_used_again():
    follower, every = Follower(), []
    for turn in range(5):
        start = 10.0 * turn
        every += watch(lambda time: {"x": face(300)}, 25, 1, follower=follower, start=start)["x"]
    assert every == [1, 2, 3, 4, 5]


def test_a_crowd_is_followed():
    def scene(time):
        return {f"{row}-{column}": face(100 + 100 * column + 20 * math.sin(time + row), 100 + 100 * row)
                for row in range(5) for column in range(10)}  # fmt: skip

    found = watch(scene, 25, 1.5)
    assert sorted(map(tuple, found.values())) == [(number,) for number in range(1, 51)]
