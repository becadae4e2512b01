"""Cut a face out of a picture as a model wants it: the one crop that training, evaluation and prediction share."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from emoclass.data.images import resized
from emoclass.data.photograph import Photograph
from emoclass.errors import UnreadableImageError
from emoclass.values.faces import Face, Framing

__all__ = ["crop_box"]

DRAFT_FACTOR = 6
"""A face is cut from a picture in which it is at least so many times as large as the model's input, where it can be
had. On eleven faces in files of 12 megapixels, probabilities moved by 0.002 in the median and 0.013 at most against
the whole file; at three times, which is enough for whole pictures, by 0.02, since a crop is resampled twice."""

FLAT = 8
"""Of 256 levels: a crop whose darkest and lightest pixels are closer than this shows nothing."""

SHOWS_NOTHING = "shows no face: all pixels have nearly the same color"
"""Why such a crop is not judged."""

MAX_SIDE = 4096
"""A crop at the face's own resolution has at most this side, in pixels."""


def frame(photograph: Photograph, face: Face, framing: Framing, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Return a face as a model sees it.

    The picture is decoded at the smallest scale at which the crop is still `DRAFT_FACTOR` times the model's input; what
    lies outside the picture repeats its edge.

    Args:
        photograph: The picture.
        face: Where the face is, in pixels of the whole picture.
        framing: How the model wants it.
        image_shape: `(height, width, channels)`, 3 channels for RGB, 1 for gray.

    Returns:
        uint8 `(height, width, channels)`, [0, 255].

    Raises:
        UnreadableImageError: The file is damaged beyond what was decoded before.
    """
    return resized(square(photograph, face, framing, image_shape), image_shape, photograph.path)


def square(photograph: Photograph, face: Face, framing: Framing, image_shape: tuple[int, int, int]) -> Image.Image:
    """Return a face as `frame` does, in RGB or gray as the model takes it, before it is resized.

    Raises:
        UnreadableImageError: The file is damaged beyond what was decoded before.
    """
    side = framing.side * face.box[3]
    height, width, channels = image_shape
    enough = DRAFT_FACTOR * max(height, width) / side
    return _square(photograph, face, framing, enough=enough, mode="RGB" if channels == 3 else "L")


def shows_nothing(pixels: np.ndarray) -> bool:
    """Tell a crop in which nothing can be seen: all black, say, or of one color."""
    return int(pixels.max()) - int(pixels.min()) < FLAT


def crop_face(photograph: Photograph, face: Face, framing: Framing, *, max_side: int = MAX_SIDE) -> Image.Image:
    """Return a face as a square RGB image of the face's own resolution, or of `max_side` where that is smaller.

    Raises:
        UnreadableImageError: The file is damaged beyond what was decoded before.
    """
    side = framing.side * face.box[3]
    crop = _square(photograph, face, framing, enough=min(1.0, max_side / side), mode="RGB")
    if crop.width > max_side:
        return crop.resize((max_side, max_side), Image.Resampling.BILINEAR)
    return crop


def crop_box(data: bytes, box: tuple[float, float, float, float], *, path: str = "image") -> Image.Image:
    """Return a face that a dataset states the box of, for its `read_sample`.

    The crop is a square about the middle of the box, and as large as the box is high: it is the dataset that says where
    a face ends. Outside the picture, its edge is repeated. Without landmarks it is not turned.

    Args:
        data: The encoded picture, as for `emoclass.data.images.read_image`.
        box: `(left, top, width, height)` in pixels of the upright picture.
        path: What the file is called, for the error.

    Returns:
        RGB, at the picture's own resolution.

    Raises:
        UnreadableImageError: The picture cannot be decoded, or nothing of it lies in the box.
    """
    photograph = Photograph(data, path=path)
    check_box(photograph, box)
    return crop_face(photograph, Face(box=box, score=1.0), Framing(side=1.0))


def check_box(photograph: Photograph, box: tuple[float, float, float, float]) -> None:
    """Refuse the box of a face that a dataset states, where nothing of the picture lies in it.

    Raises:
        UnreadableImageError: It is so, or the picture cannot be decoded.
    """
    (left, top, width, height), (columns, rows) = box, photograph.size
    if min(left + width, columns) <= max(left, 0) or min(top + height, rows) <= max(top, 0):
        shown = ",".join(f"{value:g}" for value in box)
        raise UnreadableImageError(
            photograph.path, f"nothing of the picture ({columns}x{rows}) lies in its face box {shown}"
        )


def _square(photograph: Photograph, face: Face, framing: Framing, *, enough: float, mode: str) -> Image.Image:
    """Return the framed square in RGB or gray, from a picture scaled by `enough` or more where it can be had."""
    read = photograph.at_least if mode == "RGB" else photograph.gray_at_least
    image = read(min(1.0, enough) * photograph.longer)
    scale = image.width / photograph.size[0], image.height / photograph.size[1]
    there = face.moved(scale=scale)
    exact = framing.side * there.box[3]
    side = max(1, round(exact))
    x, y = there.center
    tilt = there.tilt if framing.upright else 0.0
    # The bounding box of the turned square, cut out first: only these pixels are touched.
    reach = max(side, exact) / 2 * (abs(math.cos(tilt)) + abs(math.sin(tilt))) + 1
    left, top = math.floor(x - reach), math.floor(y - reach)
    right, bottom = math.ceil(x + reach), math.ceil(y + reach)
    region = _with_edges(image, left, top, right, bottom).convert(mode)
    # From a pixel of the square to one of the region: turned by the tilt about the middle of both.
    # Whole pixels cover the square's exact side, so that it is the same at every scale of decoding.
    cos, sin = (each * exact / side for each in (math.cos(tilt), math.sin(tilt)))
    x, y, half = x - left, y - top, side / 2
    matrix = (cos, -sin, x - cos * half + sin * half, sin, cos, y - sin * half - cos * half)
    return region.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def _with_edges(image: Image.Image, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """Cut a box out of an image; where it reaches beyond, the image's outermost pixels repeat."""
    inside = (max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height))
    if inside == (left, top, right, bottom):
        return image.crop(inside)
    # A box wholly outside still has a nearest row and column of pixels.
    columns = np.clip(np.arange(left, right), 0, image.width - 1)
    rows = np.clip(np.arange(top, bottom), 0, image.height - 1)
    first, last = (int(columns[0]), int(rows[0])), (int(columns[-1]) + 1, int(rows[-1]) + 1)
    pixels = np.asarray(image.crop((*first, *last)))
    return Image.fromarray(pixels[rows - first[1]][:, columns - first[0]])
