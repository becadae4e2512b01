"""Boxes and labels on photographs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emoclass.inference.draw_faces import annotated_faces
from emoclass.values.results import FacePrediction

GRAY = (128, 128, 128)


def face(left, top, width, height, label="happy"):
    scores = {label: 0.8, "other": 0.2}
    return FacePrediction(box=(left, top, width, height), label=label, probability=0.8, scores=scores, detection=0.9)


def labels_of(monkeypatch, size, faces):
    """Return the boxes, the filled rectangles that are labels, and the size of the picture that was drawn."""
    filled, outlined = [], []
    rectangle = ImageDraw.ImageDraw.rectangle

    def record(self, place, fill=None, outline=None, width=1):
        if fill is not None:
            filled.append(tuple(place))
        elif outline == (16, 18, 22):
            outlined.append((tuple(place), width))
        rectangle(self, place, fill=fill, outline=outline, width=width)

    monkeypatch.setattr(ImageDraw.ImageDraw, "rectangle", record)
    drawn = annotated_faces(Image.new("RGB", size, GRAY), faces)
    boxes = [tuple(side + sign * width for side, sign in zip(place, (1, 1, -1, -1), strict=True))
             for place, width in outlined]  # fmt: skip
    return boxes, filled, drawn


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def grid(columns, rows, size, gap=1.6):
    """Return faces in rows, as on a photograph of a group."""
    side = size[0] / columns / gap
    return [
        face((column + 0.2) * size[0] / columns, (row + 0.2) * size[1] / rows, side, side * 1.2)
        for row, column in itertools.product(range(rows), range(columns))
    ]


@pytest.mark.parametrize(
    ("size", "faces"),
    [
        ((1200, 900), [face(400, 200, 300, 400)]),
        ((1200, 900), [face(0, 0, 1200, 400, "contemptuous")]),
        ((640, 480), [face(10, 5, 30, 40), face(600, 440, 38, 40), face(300, 200, 60, 70)]),
        ((1280, 860), grid(6, 5, (1280, 860))),
        ((500, 300), grid(6, 5, (500, 300), gap=2)),
        ((4000, 3000), grid(8, 4, (4000, 3000))),
    ],
)
def test_labels_lie_in_the_picture_on_no_face_and_on_no_other_label(monkeypatch, size, faces):
    boxes, labels, drawn = labels_of(monkeypatch, size, faces)
    assert len(boxes) == len(labels) == len(faces)
    for label in labels:
        assert 0 <= label[0] < label[2] <= drawn.width and 0 <= label[1] < label[3] <= drawn.height
        assert not any(overlap(label, box) for box in boxes)
        assert label[3] - label[1] >= 16, "letters of 13 pixels"
    assert not any(overlap(a, b) for a, b in itertools.combinations(labels, 2))


def test_lines_and_letters_grow_with_the_faces(monkeypatch):
    (_,), (small,), _ = labels_of(monkeypatch, (1600, 1200), [face(700, 500, 60, 80)])
    monkeypatch.undo()
    (_,), (large,), _ = labels_of(monkeypatch, (1600, 1200), [face(400, 300, 600, 700)])
    assert large[3] - large[1] > 2 * (small[3] - small[1])


def test_faces_without_room_are_numbered_and_listed():
    wall = grid(8, 8, (480, 480), gap=1.0)
    drawn = annotated_faces(Image.new("RGB", (480, 480), GRAY), wall)
    assert drawn.height > drawn.width, "a list stands below"


def test_small_pictures_are_enlarged_and_large_ones_stay():
    assert annotated_faces(Image.new("RGB", (300, 200), GRAY), [face(100, 60, 40, 50)]).width == 900
    assert annotated_faces(Image.new("RGB", (3000, 2000), GRAY), [face(100, 600, 400, 500)]).size == (3000, 2000)


def test_boxes_of_a_larger_photograph_are_scaled(monkeypatch):
    picture = Image.new("RGB", (1000, 1000), GRAY)
    drawn = np.asarray(annotated_faces(picture, [face(4000, 4000, 2000, 2000)], scale=0.1)).astype(int)
    rows, columns = np.nonzero(abs(drawn[:, :, 0] - 128) > 30)
    assert 380 < columns.min() < 400 and 600 < rows.max() < 620


def test_a_face_beyond_the_edge_is_no_error():
    drawn = annotated_faces(Image.new("RGB", (900, 600), GRAY), [face(-50, -40, 200, 200), face(850, 550, 200, 200)])
    assert drawn.size == (900, 600)


def test_without_a_face_the_picture_says_so():
    assert annotated_faces(Image.new("RGB", (900, 600), GRAY), []).height > 600
