import math

import pytest
from pydantic import ValidationError

from emoclass.values.faces import Face


def tilted(degrees: float) -> Face:
    """A face whose eyes lie 40 pixels apart on a line that is turned clockwise."""
    dx, dy = 20 * math.cos(math.radians(degrees)), 20 * math.sin(math.radians(degrees))
    eyes = ((50 - dx, 50 - dy), (50 + dx, 50 + dy))
    return Face(box=(0, 0, 100, 120), score=0.9, landmarks=(*eyes, (50, 70), (40, 90), (60, 90)))


@pytest.mark.parametrize("degrees", [-170, -30, 0, 30, 90, 170])
def test_the_tilt_is_that_of_the_line_through_the_eyes(degrees):
    assert math.degrees(tilted(degrees).tilt) == pytest.approx(degrees)


def test_without_landmarks_a_face_counts_as_level():
    assert Face(box=(0, 0, 10, 10), score=1).tilt == 0


def test_a_face_moves_with_its_picture():
    face = tilted(0).moved(scale=(2, 0.5), by=(5, -1))
    assert face.box == (5, -1, 200, 60)
    assert face.landmarks[0] == (2 * 30 + 5, 0.5 * 50 - 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"box": (0, 0, 0, 10)}, "expected a width and a height above 0"),
        ({"box": (0, 0, 10, math.nan)}, "expected finite coordinates"),
        ({"score": 1.5}, "less than or equal to 1"),
        ({"landmarks": ((0, 0),) * 4}, "Field required"),
        ({"landmarks": ((0, math.inf),) * 5}, "expected finite coordinates"),
    ],
)
def test_what_is_no_face_is_refused(changes, reason):
    with pytest.raises(ValidationError, match=reason):
        Face(**{"box": (0, 0, 10, 10), "score": 0.5, **changes})
