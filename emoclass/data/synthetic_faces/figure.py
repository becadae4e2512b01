"""The layers that no expression moves: shoulders, head, glasses."""

from __future__ import annotations

import numpy as np

from emoclass.data.synthetic_faces.pen import Pen, both, curve, mix, oval, palette, pick, shade
from emoclass.data.synthetic_faces.person import Face


def body(pen: Pen, face: Face) -> None:
    """Shoulders, neck and collar."""
    rng, wide = face.rng, pick(face.rng, 1.15, 1.6)
    side = np.array([[0.3, 0.6], [0.3, 1.12], [0.55, 1.25], [wide * 0.85, 1.42], [wide, 1.75], [wide + 0.1, 3.6]])
    pen.fill(both(side), face.cloth)
    neck = np.array([[0.33, 0.5], [0.33, 1.15], [0.42, 1.24], [0.0, pick(rng, 1.3, 1.6)]])
    pen.fill(both(neck), shade(face.skin, 0.84))
    if face.style != "scarf":
        for sign in (-1, 1):
            collar = np.array([[0.36, 1.1], [0.46, 1.22], [0.06, neck[-1, 1] + 0.06], [0.0, neck[-1, 1] - 0.04]])
            pen.fill(collar * (sign, 1), shade(face.cloth, 0.8))


def head(pen: Pen, face: Face) -> None:
    """Ears, head, blush and, at times, freckles."""
    if face.style != "scarf":
        for sign in (-1, 1):
            # The ear on the far side disappears behind a turned head.
            x = sign * face.half_width * (1.0 - 0.1 * max(0.0, sign * face.yaw * 3))
            pen.fill(oval(x, 0.05, 0.13, 0.2), shade(face.skin, 0.9))
            pen.fill(oval(x + 0.02 * sign, 0.06, 0.06, 0.12), shade(face.skin, 0.74))
    pen.fill(face.outline(), face.skin)
    blush = (*mix(face.skin, (216, 84, 72), 0.6), int(face.rng.integers(10, 60)))
    for sign in (-1, 1):
        for grow in (1.0, 0.75, 0.5):
            pen.fill(face.bend(oval(sign * 0.4, 0.3, 0.2 * grow, 0.15 * grow)), blush)
    if face.rng.random() < 0.2:
        for x, y in face.rng.uniform((-0.42, 0.08), (0.42, 0.32), (22, 2)):
            pen.fill(face.bend(oval(x, y, 0.014, 0.014, 8)), (*shade(face.skin, 0.62), 150))


def glasses(pen: Pen, face: Face) -> None:
    """Glasses, on about one face in four."""
    rng = face.rng
    if rng.random() > 0.28:
        return
    dark = (34, 30, 34) if rng.random() < 0.6 else shade(palette(rng)(), 0.7)
    power, size = pick(rng, 0.45, 1.0), pick(rng, 0.21, 0.25)
    angle = np.linspace(0, 2 * np.pi, 40)
    # Powers below one square an ellipse off: one formula draws round and rectangular rims.
    rim = np.stack([np.sign(f) * np.abs(f) ** power for f in (np.cos(angle), np.sin(angle))], axis=1) * (
        size,
        size * 0.84,
    )
    for sign in (-1, 1):
        lens = rim + np.array([sign * (face.eye_x + 0.01), face.eye_y + 0.02])
        pen.fill(face.bend(lens), (255, 255, 255, 22))
        pen.stroke(face.bend(lens), 0.032, dark)
        arm = np.array(
            [[sign * (face.eye_x + size), face.eye_y - 0.03], [sign * face.half_width * 1.02, face.eye_y - 0.06]]
        )
        pen.stroke(np.concatenate([face.bend(arm[:1]), arm[1:]]), 0.036, dark)
    gap = face.eye_x + 0.01 - size
    pen.stroke(face.bend(curve((-gap, face.eye_y), (0, face.eye_y - 0.06), (gap, face.eye_y))), 0.034, dark)
