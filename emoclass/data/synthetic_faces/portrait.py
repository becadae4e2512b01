"""A whole portrait: the layers from back to front, then light, blur and noise."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from emoclass.data.synthetic_faces.backdrop import backdrop
from emoclass.data.synthetic_faces.features import brows, eyes, mouth, nose
from emoclass.data.synthetic_faces.figure import body, glasses, head
from emoclass.data.synthetic_faces.hair import beard, hair_behind, hair_front
from emoclass.data.synthetic_faces.pen import OVERSAMPLE, SIZE, Pen, Point, oval, pick
from emoclass.data.synthetic_faces.person import Face, person

_SOFT = SIZE // 2  # shading is blurred anyway: half the size costs a quarter


def draw_face(emotion: str, rng: np.random.Generator) -> Image.Image:
    """Draw one portrait.

    Args:
        emotion: One of the keys of `EXPRESSIONS`.
        rng: Where all variety comes from; the same state draws the same picture.

    Returns:
        An RGB image of `SIZE` x `SIZE` pixels.
    """
    face = person(emotion, rng)
    center = (0.5 + pick(rng, -0.07, 0.07), 0.49 + pick(rng, -0.05, 0.05))
    pose = (center, pick(rng, 0.31, 0.38), pick(rng, -0.2, 0.2))
    canvas = backdrop(rng)
    pen = Pen(canvas, *pose)
    for layer in (body, hair_behind, head, mouth, nose, eyes, beard, hair_front, brows, glasses):
        layer(pen, face)
    return _finish(canvas.reduce(OVERSAMPLE), _soft_light(face, pose), rng)


def _soft_light(face: Face, pose: tuple[Point, float, float]) -> Image.Image:
    """Blurred shading of the head: a gray map in which 128 leaves a pixel as it is."""
    rng = face.rng
    shade, mask = Image.new("L", (_SOFT, _SOFT), 128), Image.new("L", (_SOFT, _SOFT), 0)
    pen = Pen(shade, *pose)
    away = np.array([pick(rng, 0.08, 0.2) * (1 if rng.random() < 0.5 else -1), pick(rng, -0.02, 0.1)])
    dark, light = int(rng.integers(78, 104)), int(rng.integers(134, 146))
    pen.fill(face.outline(1.2), dark)
    pen.fill(face.outline(0.98) - away, 128)
    pen.fill(face.bend(oval(-away[0], -0.45, 0.4, 0.25)), light)
    for sign in (-1, 1):
        pen.fill(face.bend(oval(sign * face.eye_x, face.eye_y - 0.06, 0.22, 0.13)), 116)
        pen.fill(face.bend(oval(sign * 0.42, 0.24, 0.14, 0.1)), light)
    pen.fill(face.bend(oval(face.yaw * 0.3, 0.2, 0.07, 0.12)), light)
    pen.fill(face.bend(oval(0, face.mouth_y + 0.2, 0.18, 0.05)), 110)
    Pen(mask, *pose).fill(face.outline(1.1), 255)
    shade = shade.filter(ImageFilter.GaussianBlur(_SOFT * 0.03))
    ground = Image.new("L", (_SOFT, _SOFT), 128)
    ground.paste(shade, mask=mask.filter(ImageFilter.GaussianBlur(2)))
    return ground


def _finish(image: Image.Image, soft: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Light the scene from one side, tint it, soften it as a lens would and add a sensor's noise."""
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(pick(rng, 0.3, 0.9)))
    angle, strength = pick(rng, 0, 2 * np.pi), pick(rng, 0.1, 0.34)
    axis = np.linspace(-1, 1, _SOFT)
    slope = strength * (axis[None, :] * np.cos(angle) + axis[:, None] * np.sin(angle))
    dapple = Image.fromarray(rng.integers(112, 145, (7, 7), dtype=np.uint8))
    spots = np.asarray(dapple.resize((_SOFT, _SOFT), Image.Resampling.BICUBIC), np.float64)
    light = pick(rng, 0.86, 1.1) * (1 + slope) * np.asarray(soft, np.float64) * spots / 128
    lit = Image.fromarray(np.clip(np.round(light), 0, 255).astype(np.uint8))
    lit = lit.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    tint = [round(256 * factor) for factor in rng.uniform(0.94, 1.06, 3).tolist()]
    image = image.point([min(255, level * factor >> 8) for factor in tint for level in range(256)])
    # Whole numbers: they round alike everywhere, and a level times a light fits into 16 bits. Light 128 is a
    # factor of one.
    pixels = np.asarray(image, np.uint16) * np.asarray(lit, np.uint16)[..., None] >> 7
    grain = rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    noise = ((grain & 15).astype(np.int16) + (grain >> 4) - 15) * int(rng.integers(2, 14)) >> 4
    return Image.fromarray(np.clip(pixels.astype(np.int16) + noise, 0, 255).astype(np.uint8))
