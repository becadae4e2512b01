"""Draw the faces of a photograph: a box around each, and what was predicted beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

from emoclass.values.colors import color_of
from emoclass.values.faces import no_face
from emoclass.values.results import FacePrediction

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

MIN_LONG_SIDE, MIN_FACE_SIDE, MAX_LONG_SIDE = 900, 64, 2400
"""Pictures are enlarged to the first, or until the middle face has the second, but not beyond the third."""

LEAST_FONT = 13
"""Smaller letters cannot be read on a screen, in pixels."""

DARK, _LIGHT = (16, 18, 22), (245, 245, 245)
"""The colors of outlines, and of letters on a color and on dark."""


def annotated_faces(
    picture: Image.Image, faces: Sequence[FacePrediction], *, scale: float = 1.0, n_left_out: int = 0
) -> Image.Image:
    """Return a picture with a box around each face, and its emotion and probability beside it.

    Labels lie outside all boxes and inside the picture, and no label lies on another. Where there is no room beside a
    face, the label is moved and a line leads to it; where there is none anywhere near, the face has a number, which
    a list below the picture explains. Nothing of the file but its pixels is copied.

    Args:
        picture: RGB, upright, of any size; it stays as it is.
        faces: From left to right.
        scale: Pixels of the picture for one of the boxes' pixels: below 1 for a photograph that was scaled down.
        n_left_out: How many other faces were found and left out.
    """
    factor = _enlarged(picture.size, faces, scale)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    canvas = Image.new("RGB", size)  # a copy would keep EXIF data and comments
    canvas.paste(picture.resize(size, Image.Resampling.BICUBIC) if size != picture.size else picture)
    if not faces:
        return _with_line(canvas, no_face(n_left_out))
    boxes = [_scaled(face.box, factor * scale) for face in faces]
    line = max(2, round(math.sqrt(size[0] * size[1]) / 400))
    draw = ImageDraw.Draw(canvas)
    for face, box in zip(faces, boxes, strict=True):
        thickness = max(2, min(2 * line, round((box[2] - box[0]) / 60)))
        draw.rectangle(grown(box, thickness + 1), outline=DARK, width=thickness + 2)
        draw.rectangle(grown(box, thickness), outline=color_of(face.label), width=thickness)
    side = sorted(box[3] - box[1] for box in boxes)[len(boxes) // 2]
    taken = [grown(box, line + 2) for box in boxes]
    listed: list[tuple[int, FacePrediction]] = []
    # The largest first: they are who the picture is about, and their labels are the largest.
    for index in sorted(range(len(faces)), key=lambda i: boxes[i][0] - boxes[i][2]):
        face, box = faces[index], boxes[index]
        label = _label(face, box, side, taken, size, line)
        if label is None:
            listed.append((index + 1, face))
            label = _numbered(index + 1, box, taken, size, line)
        place, words, font = label
        taken.append(place)
        _lead(draw, box, place, color_of(face.label), line)
        draw.rectangle(place, fill=color_of(face.label))
        middle = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
        draw.multiline_text(middle, words, font=font, fill=DARK, anchor="mm", align="center", spacing=1)
    return _with_list(canvas, sorted(listed, key=lambda each: each[0])) if listed else canvas


def _enlarged(size: tuple[int, int], faces: Sequence[FacePrediction], scale: float) -> float:
    """Return by how much a picture is enlarged: letters need pixels."""
    long = max(size)
    sides = sorted(scale * min(face.box[2:]) for face in faces)
    wanted = max(MIN_LONG_SIDE / long, MIN_FACE_SIDE / sides[len(sides) // 2] if sides else 1.0)
    return max(1.0, min(wanted, MAX_LONG_SIDE / long))


def _scaled(box: Box, factor: float) -> Box:
    left, top, width, height = (value * factor for value in box)
    return left, top, left + width, top + height


def grown(box: Box, by: float) -> Box:
    """Return a box with edges so many pixels farther out."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(pixels)


def _extent(words: str, pixels: int) -> tuple[float, float]:
    """Return the width and height of a label with these words."""
    ruler = ImageDraw.Draw(Image.new("L", (1, 1)))
    lines = words.split("\n")
    width = max(ruler.textlength(line, font=_font(pixels)) for line in lines)
    return width + 0.6 * pixels, (1.25 * len(lines) + 0.15) * pixels


_Label: TypeAlias = "tuple[Box, str, ImageFont.FreeTypeFont | ImageFont.ImageFont]"


def _label(
    face: FacePrediction, box: Box, side: float, taken: Sequence[Box], size: tuple[int, int], gap: float
) -> _Label | None:
    """Return where a face's label goes, its words and its letters; None where there is no room.

    `side` is the height of the picture's middle face: the letters of all labels have one size where there is room.
    """
    percent = f"{face.probability:.0%}"
    most = max(LEAST_FONT, round(math.sqrt(size[0] * size[1]) / 26))
    best = min(most, max(LEAST_FONT, round(side / 4.5)))
    letters = sorted({best, max(LEAST_FONT, round(best * 0.75)), LEAST_FONT}, reverse=True)
    for reach in (False, True):
        for pixels in letters:
            for words in (f"{face.label} {percent}", f"{face.label}\n{percent}"):
                for place in _places(box, _extent(words, pixels), gap, far=reach):
                    if is_free(place, taken, size):
                        return place, words, _font(pixels)
    return None


def _numbered(number: int, box: Box, taken: Sequence[Box], size: tuple[int, int], gap: float) -> _Label:
    """Return where a face's number goes: beside it, or in the corner of its own box that hides the least."""
    words = str(number)
    extent = _extent(words, LEAST_FONT)
    for place in (*_places(box, extent, gap, far=False), *_places(box, extent, gap, far=True)):
        if is_free(place, taken, size):
            return place, words, _font(LEAST_FONT)
    left, top = min(max(0, box[0]), size[0] - extent[0]), min(max(0, box[1]), size[1] - extent[1])
    return (left, top, left + extent[0], top + extent[1]), words, _font(LEAST_FONT)


def _places(box: Box, extent: tuple[float, float], gap: float, *, far: bool) -> Iterator[Box]:
    """Yield places for a label: above, below and beside a box; or around it, farther and farther away."""
    (left, top, right, bottom), (width, height) = box, extent
    gap += 3
    if not far:
        middle = (left + right - width) / 2
        for x in (middle, left, right - width):
            yield from ((x, y, x + width, y + height) for y in (top - gap - height, bottom + gap))
        for y in ((top + bottom - height) / 2, top, bottom - height):
            yield from ((x, y, x + width, y + height) for x in (right + gap, left - gap - width))
        return
    x, y = (left + right) / 2, (top + bottom) / 2
    for ring in range(1, 9):
        across = (right - left + width) / 2 + gap + ring * height * 0.6
        down = (bottom - top + height) / 2 + gap + ring * height * 0.6
        for step in range(24):  # from above, alternately to both sides
            angle = math.pi * (step + 1) // 2 / 12 * (-1) ** step
            center = x + across * math.sin(angle), y - down * math.cos(angle)
            yield (center[0] - width / 2, center[1] - height / 2, center[0] + width / 2, center[1] + height / 2)


def is_free(place: Box, taken: Sequence[Box], size: tuple[int, int]) -> bool:
    """Tell whether a place lies inside a picture of a `(width, height)`, and on nothing that is there already."""
    inside = place[0] >= 0 and place[1] >= 0 and place[2] < size[0] and place[3] < size[1]
    return inside and not any(
        place[0] < other[2] and other[0] < place[2] and place[1] < other[3] and other[1] < place[3] for other in taken
    )


def _lead(draw: ImageDraw.ImageDraw, box: Box, place: Box, color: tuple[int, int, int], width: int) -> None:
    """Draw a line from a box to its label where they do not touch."""
    start = (min(max((place[0] + place[2]) / 2, box[0]), box[2]), min(max((place[1] + place[3]) / 2, box[1]), box[3]))
    end = (min(max(start[0], place[0]), place[2]), min(max(start[1], place[1]), place[3]))
    if math.dist(start, end) > 3 * width + 6:
        draw.line((start, end), fill=DARK, width=width + 2)
        draw.line((start, end), fill=color, width=width)


def _with_line(picture: Image.Image, words: str) -> Image.Image:
    pixels = max(18, round(0.03 * math.sqrt(picture.width * picture.height)))
    canvas = Image.new("RGB", (picture.width, picture.height + 2 * pixels), DARK)
    canvas.paste(picture)
    middle = picture.width / 2, picture.height + pixels
    ImageDraw.Draw(canvas).text(middle, words, font=_font(pixels), fill=_LIGHT, anchor="mm")
    return canvas


def _with_list(picture: Image.Image, listed: Sequence[tuple[int, FacePrediction]]) -> Image.Image:
    """Write below a picture what the numbers in it stand for, in columns."""
    pixels = max(LEAST_FONT + 2, round(picture.width / 60))
    rows = [f"{number}  {face.label} {face.probability:.0%}" for number, face in listed]
    column = max(_extent(row, pixels)[0] for row in rows) + 2.5 * pixels
    columns = max(1, int((picture.width - pixels) // column))
    height = round((math.ceil(len(rows) / columns) * 1.5 + 1) * pixels)
    canvas = Image.new("RGB", (picture.width, picture.height + height), DARK)
    canvas.paste(picture)
    draw = ImageDraw.Draw(canvas)
    for index, (row, (_, face)) in enumerate(zip(rows, listed, strict=True)):
        x = pixels + (index % columns) * column
        y = picture.height + (1.25 + 1.5 * (index // columns)) * pixels
        draw.rectangle((x, y - pixels / 2, x + pixels, y + pixels / 2), fill=color_of(face.label))
        draw.text((x + 1.5 * pixels, y), row, font=_font(pixels), fill=_LIGHT, anchor="lm")
    return canvas
