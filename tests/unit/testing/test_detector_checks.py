"""The checks of detectors: the pictures that they show, and what they say of answers that are none."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import tiny_registry

from emoclass import DetectorSpec, Face, hookimpl
from emoclass.testing.portraits import N_PORTRAITS, overlap, portraits
from emoclass.testing.run import collect_checks, run_check


class Answering:
    """A plugin whose detector gives one answer to everything."""

    def __init__(self, answer, *, landmarks=False):
        self.answer = answer
        self.landmarks = landmarks

    def build(self):
        return self.answer

    @hookimpl
    def register_detectors(self):
        return [
            DetectorSpec(
                name="answering",
                summary="Says one thing.",
                build=self.build,
                landmarks=self.landmarks,
                min_face=20,
                license="MIT",
                source="Made for a test.",
            )
        ]


def said(plugin, name):
    (check,) = [check for check in collect_checks(plugin, tiny_registry()) if check.name == name]
    return run_check(check).message.removeprefix("detector 'answering' (plugin 'Answering'): ")


FACE = Face(box=(10, 10, 50, 50), score=0.5)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "expected build to return a detector that can be called, got a NoneType."),
        (lambda picture: None, "expected a list of faces for synthetic face 0 in 512x384 pixels, got NoneType."),
        (lambda picture: iter([FACE]), "got list_iterator. Return a list, empty where there is no face."),
        (lambda picture: [(1, 2, 3, 4)], "expected faces for synthetic face 0 in 512x384 pixels, got tuple. Make each"),
        (lambda picture: [FACE.moved(by=(5000, 0))], "got left 5010, top 10, 50x50. Give boxes as (left, top,"),
        (lambda picture: [FACE.model_copy(update={"box": (0, 0, -3, 4)})], "expected a width and a height above 0"),
    ],
)
def test_an_answer_that_is_no_list_of_faces_is_named(answer, message):
    assert message in said(Answering(answer), "check_faces_are_valid")


def test_a_detector_that_finds_nothing_fails_where_something_is_to_be_found():
    plugin = Answering(lambda picture: [])
    assert "got 0; for example no face" in said(plugin, "check_drawn_faces_are_found")
    assert "as they are and mirrored, got 0" in said(plugin, "check_mirroring_moves_the_box")
    assert said(plugin, "check_plain_pictures_have_no_face") == ""


def test_landmarks_that_were_not_declared_are_named():
    points = ((20, 25), (40, 25), (30, 35), (22, 45), (38, 45))
    plugin = Answering(lambda picture: [FACE.model_copy(update={"landmarks": points})])
    assert "expected landmarks=False to be true" in said(plugin, "check_landmarks_are_as_declared")


def test_what_a_detector_prints_is_named():
    message = said(Answering(lambda picture: print("here") or []), "check_faces_are_valid")
    assert message == "expected the detector to print nothing, got 'here'. Use logging.getLogger(__name__)."


@pytest.mark.parametrize("size", [None, (640, 480)])
def test_portraits_stand_off_the_center_of_a_gray_picture(size):
    drawn = list(portraits(64, size=size))
    assert len(drawn) == N_PORTRAITS
    for portrait in drawn:
        left, top, width, height = portrait.area
        rows, columns = np.nonzero((portrait.pixels != 128).any(axis=2))
        assert left <= columns.min() and columns.max() < left + width
        assert top <= rows.min() and rows.max() < top + height
        assert len(rows) > 64 * 64 / 2
        assert portrait.pixels.shape[1::-1] == (size or (128, 96))
        assert abs(left + width / 2 - portrait.pixels.shape[1] / 2) > 10
    assert len({portrait.pixels.tobytes() for portrait in drawn}) == N_PORTRAITS


def test_the_overlap_of_boxes_is_their_intersection_over_union():
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (0, 5, 10, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (20, 0, 10, 10)) == 0
