import io
import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emoclass.data.photograph import Photograph
from emoclass.faces.frame import crop_face, frame
from emoclass.values.faces import Face, Framing

SIDE = 200


def turned_face(degrees: float = 0.0, center: tuple[float, float] = (300, 250)) -> tuple[Image.Image, Face]:
    """A red square with a white right eye and a blue left eye, turned clockwise in a gray picture."""
    image = Image.new("RGB", (600, 500), (128, 128, 128))
    angle, half = math.radians(degrees), SIDE / 2

    def at(x: float, y: float) -> tuple[float, float]:
        """Return a point of the face, from its middle, in the picture."""
        return (
            center[0] + x * math.cos(angle) - y * math.sin(angle),
            center[1] + x * math.sin(angle) + y * math.cos(angle),
        )

    draw = ImageDraw.Draw(image)
    draw.polygon([at(-half, -half), at(half, -half), at(half, half), at(-half, half)], fill="red")
    eyes = at(-half / 2, -half / 2), at(half / 2, -half / 2)
    for (x, y), color in zip(eyes, ("white", "blue"), strict=True):
        draw.ellipse([x - 20, y - 20, x + 20, y + 20], fill=color)
    others = at(0, 0), at(-40, 60), at(40, 60)
    box = (center[0] - half, center[1] - half, float(SIDE), float(SIDE))
    return image, Face(box=box, score=0.9, landmarks=(*eyes, *others))


def photograph(image: Image.Image, form: str | None = None) -> Photograph:
    if form is None:
        return Photograph(image)
    buffer = io.BytesIO()
    image.save(buffer, form, quality=95)
    return Photograph(buffer.getvalue())


def colors_at_the_eyes(pixels: np.ndarray) -> tuple[list[int], list[int]]:
    row, left, right = (round(each * len(pixels)) for each in (0.25, 0.25, 0.75))
    return [int(v) for v in pixels[row, left].round(-2)], [int(v) for v in pixels[row, right].round(-2)]


@pytest.mark.parametrize("form", [None, "JPEG", "PNG"])
@pytest.mark.parametrize("degrees", [-75, -30, 0, 10, 45, 90, 180])
def test_a_turned_face_stands_upright_in_the_crop(degrees, form):
    image, face = turned_face(degrees)
    pixels = frame(photograph(image, form), face, Framing(side=1.0), (48, 48, 3)).astype(float)
    right_eye, left_eye = colors_at_the_eyes(pixels)
    assert np.abs(np.array(right_eye) - [300, 300, 300]).max() <= 100  # white rounds to 300
    assert left_eye[2] >= 200 and left_eye[0] == 0
    assert pixels[44:, 20:28, 0].mean() > 220  # red down to the chin: the square is the face's own


def test_an_upright_square_leaves_the_tilt_alone():
    image, face = turned_face(90)
    pixels = frame(photograph(image), face, Framing(side=1.0, upright=False), (48, 48, 3)).astype(float)
    right_eye, _ = colors_at_the_eyes(pixels[:, ::-1])  # turned by 90 degrees, the right eye is at the right above
    assert right_eye[2] >= 200


@pytest.mark.parametrize("side", [0.5, 1.0, 2.0])
def test_the_side_is_in_heights_of_the_box(side):
    image, face = turned_face()
    pixels = frame(photograph(image), face, Framing(side=side), (100, 100, 3))
    red = (pixels[90 if side < 2 else 60] == [255, 0, 0]).all(axis=-1).mean()
    assert red == pytest.approx(min(1.0, 1 / side), abs=0.03)


def test_gray_crops_have_one_channel():
    image, face = turned_face()
    pixels = frame(photograph(image), face, Framing(side=1.0), (48, 32, 1))
    assert pixels.shape == (48, 32, 1)
    assert pixels[40, 16, 0] == 76  # red as gray


@pytest.mark.parametrize("center", [(0, 0), (599, 499), (300, -40), (-300, 250), (2000, 2000)])
def test_outside_the_picture_its_edge_repeats(center):
    image = Image.new("RGB", (600, 500), (10, 20, 30))
    face = Face(box=(center[0] - 50, center[1] - 50, 100.0, 100.0), score=0.5)
    assert (frame(photograph(image), face, Framing(side=1.0), (48, 48, 3)) == [10, 20, 30]).all()
    assert (np.asarray(crop_face(photograph(image), face, Framing(side=1.0))) == [10, 20, 30]).all()


def test_a_face_in_a_large_jpeg_looks_the_same_as_from_the_whole_file():
    image, face = turned_face(20)
    large = image.resize((4800, 4000), Image.Resampling.BICUBIC)
    there = face.moved(scale=(8, 8))
    found = photograph(large, "JPEG")
    drafted = frame(found, there, Framing(side=1.0), (48, 48, 3)).astype(int)
    whole = frame(Photograph(large), there, Framing(side=1.0), (48, 48, 3)).astype(int)
    assert np.abs(drafted - whole).mean() < 2
    assert max(found.at_least(1).size) < 4800, "at the face's scale, not the whole file"


def test_a_crop_has_the_faces_own_resolution_up_to_a_side():
    image, face = turned_face()
    assert crop_face(photograph(image, "PNG"), face, Framing(side=1.0)).size == (SIDE, SIDE)
    assert crop_face(photograph(image, "JPEG"), face, Framing(side=1.5)).size == (300, 300)
    assert crop_face(photograph(image), face, Framing(side=1.0), max_side=64).size == (64, 64)


def test_a_face_smaller_than_a_pixel_is_no_error():
    image, _ = turned_face()
    assert frame(photograph(image), Face(box=(5, 5, 0.2, 0.2), score=0.5), Framing(side=1.0), (8, 8, 3)).shape == (
        8,
        8,
        3,
    )
