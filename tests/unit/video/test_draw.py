"""Boxes and labels in frames."""

from __future__ import annotations

import numpy as np
import pytest

from emoclass.values.colors import color_of
from emoclass.values.video import TrackedPerson
from emoclass.video.draw import annotated_frame


def person(number=1, box=(100.0, 100.0, 80.0, 90.0), label="happy"):
    scores = {"happy": 0.1, "sad": 0.1, label: 0.8}
    return TrackedPerson(label=label, probability=0.8, scores=scores, box=box, detection=0.9, person=number)


def frame(size=(640, 360)):
    return np.full((size[1], size[0], 3), 90, np.uint8)


def count(pixels, emotion):
    return int((pixels == np.array(color_of(emotion), np.uint8)).all(axis=-1).sum())


def test_the_frame_itself_stays_as_it_is_and_keeps_its_size():
    pixels = frame()
    drawn = annotated_frame(pixels, [person()])
    assert (pixels == 90).all()
    assert drawn.shape == pixels.shape and drawn.dtype == np.uint8
    assert count(drawn, "happy") > 500


def test_nothing_is_drawn_without_a_person():
    assert (annotated_frame(frame(), []) == 90).all()


def test_the_face_itself_is_not_covered():
    drawn = annotated_frame(frame(), [person()])
    assert (drawn[102:186, 102:178] == 90).all()


def test_each_person_has_the_color_of_the_emotion():
    drawn = annotated_frame(frame(), [person(), person(2, (400.0, 120.0, 60.0, 60.0), "sad")])
    assert count(drawn[:, :320], "happy") > 500 and count(drawn[:, 320:], "sad") > 500


def test_a_label_stands_above_its_box_and_at_the_upper_edge_below_a_small_one_or_inside_a_large_one():
    low = annotated_frame(frame(), [person(box=(100.0, 240.0, 80.0, 90.0))])
    small = annotated_frame(frame(), [person(box=(100.0, 2.0, 80.0, 90.0))])
    large = annotated_frame(frame(), [person(box=(100.0, 2.0, 200.0, 250.0))])
    assert count(low[:236], "happy") > 300
    assert count(small[105:], "happy") > 300
    assert count(large[10:30, 110:280], "happy") > 300 and count(large[270:], "happy") == 0


@pytest.mark.parametrize("box", [(-50.0, -40.0, 80.0, 90.0), (600.0, 340.0, 90.0, 90.0), (-10.0, -10.0, 900.0, 500.0)])
@pytest.mark.parametrize("size", [(640, 360), (64, 48), (2, 2)])
def test_faces_beyond_the_edges_and_tiny_frames_are_drawn_too(box, size):
    assert annotated_frame(frame(size), [person(box=box)]).shape == (size[1], size[0], 3)


def test_labels_of_neighbors_do_not_lie_on_each_other():
    near = [person(1, (100.0, 100.0, 60.0, 60.0)), person(2, (150.0, 102.0, 60.0, 60.0), "sad")]
    drawn = annotated_frame(frame(), near)
    alone = [count(annotated_frame(frame(), [each]), each.label) for each in near]
    # A covered label would lose most of its pixels.
    assert count(drawn, "happy") > 0.7 * alone[0] and count(drawn, "sad") > 0.7 * alone[1]
