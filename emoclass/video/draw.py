"""Draw what is seen into a frame: a box around each face, and who shows what beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emoclass.inference.draw_faces import DARK, LEAST_FONT, Box, grown, is_free
from emoclass.values.colors import color_of
from emoclass.values.video import TrackedPerson

LETTERS = 32
"""Labels are one in so many pixels of the frame's shorter side high, in letters of at least `LEAST_FONT`."""


def annotated_frame(pixels: np.ndarray, persons: Sequence[TrackedPerson]) -> np.ndarray:
    """Return a copy of a frame with a box around each face; above it the person's number and the emotion.

    A bar at the box's foot shows the smoothed probabilities of all emotions, the largest first.

    Shapes: uint8 `(height, width, 3)`, RGB, [0, 255], in and out.
    """
    canvas = Image.fromarray(pixels)  # it shares the pixels until it is drawn on
    draw = ImageDraw.Draw(canvas)
    short = min(canvas.size)
    font, line = max(LEAST_FONT, round(short / LETTERS)), max(2, round(short / 240))
    labels: list[Box] = []
    # The nearest last, and so on top.
    for person in sorted(persons, key=lambda each: each.box[2] * each.box[3]):
        left, top, width, height = person.box
        _frame(draw, (left, top, left + width, top + height), color_of(person.label), line)
        foot = top + height
        _bar(draw, (left - line, foot, left + width + line, foot + 2 * line + 2), person.scores)
    for person in sorted(persons, key=lambda each: -each.box[2] * each.box[3]):
        labels.append(_label(draw, person, canvas.size, font, line, labels))
    return np.asarray(canvas)


def _frame(draw: ImageDraw.ImageDraw, box: Box, color: tuple[int, int, int], line: int) -> None:
    draw.rectangle(grown(box, line + 1), outline=DARK, width=line + 2)
    draw.rectangle(grown(box, line), outline=color, width=line)


def _bar(draw: ImageDraw.ImageDraw, place: Box, scores: Mapping[str, float]) -> None:
    left, top, right, bottom = place
    draw.rectangle(grown(place, 1), fill=DARK)
    for emotion, share in sorted(scores.items(), key=lambda each: -each[1]):
        end = left + share * (right - place[0])
        if round(end) > round(left):
            draw.rectangle((left, top, min(end, right), bottom), fill=color_of(emotion))
        left = end


def _label(
    draw: ImageDraw.ImageDraw, person: TrackedPerson, size: tuple[int, int], pixels: int, line: int, taken: list[Box]
) -> Box:
    """Write who shows what above a box, or inside or below it where there is no room, and return where."""
    words, font = f"{person.person}  {person.label} {person.probability:.0%}", _font(pixels)
    width, height = draw.textlength(words, font=font) + 0.8 * pixels, 1.4 * pixels
    box_left, box_top, _, box_height = person.box
    left = min(max(0.0, box_left - line), max(0.0, size[0] - width - 1))
    inside, below = box_top + line, box_top + box_height + 3 * line + 4
    # Inside a box that is high enough: a label that changes between above and below would catch the eye.
    tops = (box_top - line - 1 - height, *((inside, below) if box_height > 6 * height else (below, inside)))
    places = [(left, top, left + width, top + height) for top in tops]
    place = next((each for each in places if is_free(each, taken, size)), None)
    if place is None:
        top = min(max(0.0, tops[0]), size[1] - height - 1)
        place = (left, top, left + width, top + height)
    draw.rectangle(place, fill=color_of(person.label))
    middle = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
    draw.text(middle, words, font=font, fill=DARK, anchor="mm")
    return place


@cache
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(pixels)
